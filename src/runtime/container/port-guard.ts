import { toHex } from '../../base/bytes';
import { SandboxError, toSandboxError } from '../../base/errors';
import { addressNumber, addressText } from '../../formats/ip-address';
import { addressMac } from '../../formats/mac-address';
import { type NftChange, netfilterProtocol, serializeNftBatch } from '../../formats/nftables';
import type { HostRuntime } from './host-runtime';
import { admitPorts, guardPorts, withdrawPorts } from './port-rules';

/** What is behind one port of a bridge: the interface of a container, and whose it is. */
export interface GuardedPort {
  readonly bridge: string;
  readonly mac: string;
  /** IPv4. */
  readonly address: string;
}

/** Every port that is guarded begins so. */
const prefix = 'veth-';

const list = { directory: '/run/strata', name: 'guarded-ports' } as const;

/** What is let through in this guest, over reloads of the page: names, one a line. */
export const guardedPortsFile = `${list.directory}/${list.name}`;

/** Containers' addresses are the lowest free ones: these are let through together. */
const together = 8;

/**
 * Made of all that the port may claim, so that what was once let through under a name is right for as long as the
 * guest runs, and a container that comes again costs nothing. At most 15 characters.
 */
export function portName({ bridge, mac, address }: GuardedPort): string {
  let hash = 0x811c9dc5;
  // FNV-1a.
  for (const byte of new TextEncoder().encode(`${bridge} ${mac} ${address}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return `${prefix}${hash.toString(16).padStart(8, '0')}`;
}

/** Keeps containers of one host from taking each other's addresses, by nftables of the host's kernel. */
export class PortGuard {
  readonly #runtime: Pick<HostRuntime, 'call'>;
  readonly #admitted = new Set<string>();
  /** What is in force has changed since it was written down. */
  #isUnwritten = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(runtime: Pick<HostRuntime, 'call'>) {
    this.#runtime = runtime;
  }

  /** Learns what the page before has let through, as it was written down. */
  restore(written: string): void {
    for (const name of written.split('\n')) if (name !== '') this.#admitted.add(name);
  }

  /** Lets these ports through; before that nothing that comes from them goes anywhere. */
  admit(ports: readonly GuardedPort[]): Promise<void> {
    return this.#inTurn(() => this.#admit(ports));
  }

  has(port: GuardedPort): boolean {
    return this.#admitted.has(portName(port));
  }

  /** Lets a port through no more that was let through by itself. */
  withdraw(port: GuardedPort): Promise<void> {
    return this.#inTurn(() => this.#withdraw(port));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #withdraw(port: GuardedPort): Promise<void> {
    const name = portName(port);
    await this.#change(withdrawPorts([[name, port]]));
    this.#admitted.delete(name);
    await this.#writeDown();
  }

  async #admit(ports: readonly GuardedPort[]): Promise<void> {
    const missing = ports.filter((port) => !this.#admitted.has(portName(port)));
    if (missing.length === 0) {
      if (this.#isUnwritten) await this.#writeDown();
      return;
    }
    const wanted = new Map(missing.flatMap(withNeighbours).map((port) => [portName(port), port]));
    const fresh = [...wanted].filter(([name]) => !this.#admitted.has(name));
    // A guest that lets nobody through has no rules yet, or loses nothing by new ones.
    const rules = this.#admitted.size === 0 ? guardPorts(prefix) : [];
    await this.#change([...rules, ...admitPorts(fresh)]);
    for (const [name] of fresh) this.#admitted.add(name);
    await this.#writeDown();
  }

  /** By the runtime, which is there: to start nft took a guest as long as to start a container. */
  async #change(changes: readonly NftChange[]): Promise<void> {
    const messages = toHex(serializeNftBatch(changes));
    await this.#runtime.call('netlink', { protocol: netfilterProtocol, messages }).catch((error: unknown) => {
      const { code, message } = toSandboxError(error);
      throw new SandboxError(code, `The ports of the host cannot be guarded: ${message}`, { cause: error });
    });
    this.#isUnwritten = true;
  }

  /** Only what is in force, since what is let through a second time is no error. */
  async #writeDown(): Promise<void> {
    const lines = [...this.#admitted].map((name) => `${name}\n`).join('');
    await this.#runtime.call('bundle', { path: list.directory, files: { [list.name]: lines } });
    this.#isUnwritten = false;
  }
}

/** Those beside it that come next, if its MAC is made of its address; one with a MAC of the user's is alone. */
function withNeighbours(port: GuardedPort): readonly GuardedPort[] {
  const own = addressNumber(port.address);
  if (addressMac(own) !== port.mac) return [port];
  return Array.from({ length: together }, (_, index) => {
    const address = own - (own % together) + index;
    return { bridge: port.bridge, mac: addressMac(address), address: addressText(address) };
  });
}
