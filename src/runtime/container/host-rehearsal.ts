import type { Process } from '../../api/instance';
import { addressNumber } from '../../formats/ip-address';
import { addressMac } from '../../formats/mac-address';
import { containerPaths } from './host-paths';
import { type HostGuest, runProgram } from './host-program';
import type { HostRuntime } from './host-runtime';
import { warmUpId } from './host-warm-up';
import type { GuardedPort, PortGuard } from './port-guard';

/** An address of documentation (RFC 5737), on a bridge that is there for a rehearsal alone and leads nowhere. */
export const rehearsedPort: GuardedPort = { bridge: 'br-warm-up', mac: '02:00:00:00:00:01', address: '192.0.2.2' };

/** Whoever wants something of the guest goes first. */
const renice = 'renice -n 19 -p $$';

/** `$1` the bridge; says the addresses that the host has on the others. */
const openScript = `
${renice}
set -e
[ -e /sys/class/net/$1 ] || /bin/ip link add $1 type bridge forward_delay 0 mcast_snooping 0
echo 1 > /proc/sys/net/ipv6/conf/$1/disable_ipv6
/bin/ip link set $1 up
/bin/ip -o -4 addr show scope global
`;

const closeScript = `[ ! -e /sys/class/net/$1 ] || /bin/ip link del $1`;

const launchScript = `${renice}; exec "$@"`;

export interface HostRehearsalOptions {
  readonly guest: HostGuest;
  readonly runtime: Pick<HostRuntime, 'call'>;
  readonly guard: Pick<PortGuard, 'admit' | 'withdraw' | 'has'>;
  /** Starts the container by a program that is run with the launcher's command. */
  readonly launch: (before: readonly string[]) => Promise<Process>;
  /** Ends the container if it runs still, whoever has started it. */
  readonly end: () => Promise<void>;
}

/** A run of the container that warms a host up, from its port to its end. It leaves nothing, however it ends. */
export class HostRehearsal {
  readonly #options: HostRehearsalOptions;

  constructor(options: HostRehearsalOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    try {
      await this.#openNetwork();
      const process = await this.#options.launch(['/bin/sh', '-c', launchScript, warmUpId]);
      process.stdin.close().catch(() => {});
      await Promise.all([new Response(process.stdout).arrayBuffer(), new Response(process.stderr).arrayBuffer()]);
      await process.exited;
    } finally {
      // What stays is taken away before the next, or by the next page.
      await this.clear().catch(() => undefined);
    }
  }

  /** Takes away what there is of a rehearsal, such as one of which a machine was saved in the middle. */
  async clear(): Promise<void> {
    const { guest, runtime, guard, end } = this.#options;
    await end();
    const { home, bundle } = containerPaths(warmUpId);
    await Promise.all([home, bundle].map((path) => runtime.call('remove', { path })));
    if (!guard.has(rehearsedPort)) return;
    const argv = ['/bin/sh', '-c', closeScript, 'warm-up-network', rehearsedPort.bridge];
    await runProgram(guest, argv, 'The network of a rehearsal stays');
    await guard.withdraw(rehearsedPort);
  }

  /** Lets the ports through that come first on the host's own networks, so that its first container does not wait for that. */
  async #openNetwork(): Promise<void> {
    const { guest, guard } = this.#options;
    // First, since by this it is known that there may be a bridge to take away.
    await guard.admit([rehearsedPort]);
    const argv = ['/bin/sh', '-c', openScript, 'warm-up-network', rehearsedPort.bridge];
    await guard.admit(parsePorts(await runProgram(guest, argv, 'There is no network for a rehearsal')));
  }
}

/** A host's own addresses, as if they were containers': the lowest free ones are beside them. */
function parsePorts(said: Uint8Array): readonly GuardedPort[] {
  const lines = new TextDecoder().decode(said).matchAll(/^\d+: (br\d+) +inet ([\d.]+)\//gm);
  return [...lines].map(([, bridge = '', address = '']) => ({
    bridge,
    address,
    mac: addressMac(addressNumber(address)),
  }));
}
