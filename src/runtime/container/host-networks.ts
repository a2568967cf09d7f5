import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { type HostGuest, runProgram } from './host-program';

export interface HostNetworksOptions {
  readonly guest: HostGuest;
  /** Of the machine's own NICs, in their order. */
  readonly networks: readonly string[];
  /** NICs behind those that lead nowhere yet. */
  readonly spare: number;
  /** Puts a spare NIC on a network of the lab. */
  readonly plug: (nic: number, network: string) => Promise<Disposable>;
}

interface Joined {
  readonly nic: number;
  readonly cable: Disposable;
}

/** What the guest knows of the networks that it was put on while it ran, over reloads of the page. */
export const networksFile = '/run/strata/networks';

/**
 * `$1` NIC, `$2` bridge, `$3` network. The host has no address there: only containers are on it. Without IPv6 its NIC
 * says nothing of its own either.
 */
const joinScript = `
set -e
[ -e /sys/class/net/$2 ] || /bin/ip link add $2 type bridge forward_delay 0 mcast_snooping 0
for nic in $1 $2; do echo 1 > /proc/sys/net/ipv6/conf/$nic/disable_ipv6; done
/bin/ip link set $1 master $2 up
/bin/ip link set $2 up
echo "$1 $3" >> ${networksFile}
`;

/** `$1` NIC, `$2` bridge, `$3` network. */
const leaveScript = `
/bin/ip link set $1 nomaster down
/bin/ip link del $2
sed -i "/^$1 /d" ${networksFile}
`;

/**
 * The networks of the lab that a host is on, each by a bridge of its own. What it is made with is what it has addresses
 * on; its spare NICs are put on others when a container is to be there.
 */
export class HostNetworks implements Disposable {
  readonly #options: HostNetworksOptions;
  readonly #bridges: Map<string, string>;
  readonly #joined = new Map<string, Joined>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: HostNetworksOptions) {
    this.#options = options;
    this.#bridges = new Map(options.networks.map((network, nic) => [network, bridgeOf(nic)]));
  }

  /** By the networks' names. */
  get bridges(): ReadonlyMap<string, string> {
    return this.#bridges;
  }

  /** Number of the NIC that is on a network. */
  nicOf(network: string): number | undefined {
    const bridge = this.#bridges.get(network);
    return bridge === undefined ? undefined : Number(bridge.slice('br'.length));
  }

  hasRoomFor(networks: readonly string[]): boolean {
    const missing = networks.filter((network) => !this.#bridges.has(network)).length;
    return missing <= this.#options.networks.length + this.#options.spare - this.#bridges.size;
  }

  /** Puts back the cables that the page before has put in, as they were written down. */
  async restore(written: string): Promise<void> {
    for (const line of written.split('\n')) {
      const [, number, network] = /^eth(\d+) (.+)$/.exec(line) ?? [];
      if (number === undefined || network === undefined) continue;
      // A network that has gone meanwhile needs none.
      await this.#plug(Number(number), network).catch(() => undefined);
    }
  }

  /** `FailedPrecondition` when the host has no NIC left for it. */
  join(network: string): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#bridges.has(network)) await this.#join(network);
    });
  }

  /** Frees the NICs of networks that are not there any more. */
  retain(networks: ReadonlySet<string>): Promise<void> {
    return this.#inTurn(async () => {
      for (const [network, { nic, cable }] of [...this.#joined]) {
        if (networks.has(network)) continue;
        cable.dispose();
        this.#joined.delete(network);
        await this.#run(leaveScript, nic, network).finally(() => this.#bridges.delete(network));
      }
    });
  }

  dispose(): void {
    for (const { cable } of this.#joined.values()) cable.dispose();
    this.#joined.clear();
  }

  /** One after the other: what one leaves another may take. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn;
    turn.catch(() => {});
    return turn;
  }

  async #join(network: string): Promise<void> {
    const nic = this.#freeNic();
    if (nic === undefined) {
      const on = [...this.#bridges.keys()].join(', ');
      const message = `The host has no network interface left for the network "${network}"; it is on: ${on}. Make another host on that network`;
      throw new SandboxError('FailedPrecondition', message, { details: { network } });
    }
    await this.#plug(nic, network);
    await this.#run(joinScript, nic, network);
  }

  async #plug(nic: number, network: string): Promise<void> {
    // Taken at once, so that nobody else takes it meanwhile.
    this.#bridges.set(network, bridgeOf(nic));
    try {
      this.#joined.set(network, { nic, cable: await this.#options.plug(nic, network) });
    } catch (error) {
      this.#bridges.delete(network);
      throw error;
    }
  }

  #freeNic(): number | undefined {
    const { networks, spare } = this.#options;
    const taken = new Set(this.#bridges.values());
    const all = Array.from({ length: spare }, (_, index) => networks.length + index);
    return all.find((nic) => !taken.has(bridgeOf(nic)));
  }

  async #run(script: string, nic: number, network: string): Promise<void> {
    const argv = ['/bin/sh', '-c', script, 'host-network', `eth${nic}`, bridgeOf(nic), network];
    await runProgram(this.#options.guest, argv, `The host cannot use the network "${network}"`);
  }
}

function bridgeOf(nic: number): string {
  return `br${nic}`;
}
