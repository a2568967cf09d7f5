import { SandboxError } from '../../base/errors';
import type { HostPorts } from './host-ports';
import { type PortProtocol, portTaken, type WishedPort } from './port-spec';

/** A port of a container with the number by which it is reached. */
export interface BoundPort {
  readonly port: number;
  readonly protocol: PortProtocol;
  readonly hostIp: string;
  readonly hostPort: number;
}

/** Where numbers are taken from when nobody says which: Linux's ephemeral ports, as docker does. */
const ephemeral = { first: 32_768, last: 60_999 } as const;

/** Ports of TCP at one time: a gateway can listen at 256, and has some of its own. */
export const maxPublished = 240;

/** How many numbers are tried on the machine beneath before its word is taken for all, as moby does (libnetwork, portmapper). */
const maxAttempts = 10;

/** Which number leads to which container. An address does not tell them apart: there is one way in. */
export class PortBook {
  readonly #hostPorts: HostPorts | undefined;
  readonly #owners = new Map<string, string>();
  readonly #bound = new Map<string, readonly BoundPort[]>();
  #next: number = ephemeral.first;

  /** @param hostPorts of the machine beneath, where there is one whose ports they are */
  constructor(hostPorts?: HostPorts) {
    this.#hostPorts = hostPorts;
  }

  /**
   * All or none. `FailedPrecondition` in docker's words for a number that is taken, here or on the machine beneath,
   * `ResourceExhausted` when there are {@link maxPublished}.
   */
  async bind(container: string, wishes: readonly WishedPort[]): Promise<readonly BoundPort[]> {
    const made: BoundPort[] = [];
    try {
      for (const wish of wishes) {
        if (wish.protocol === 'tcp') this.#requireRoom(wish);
        const hostPort = await this.#take(container, wish);
        made.push({ port: wish.port, protocol: wish.protocol, hostIp: wish.hostIp, hostPort });
      }
    } catch (error) {
      for (const each of made) this.#give(each);
      throw error;
    }
    this.#bound.set(container, made);
    return made;
  }

  release(container: string): void {
    for (const each of this.of(container)) this.#give(each);
    this.#bound.delete(container);
  }

  of(container: string): readonly BoundPort[] {
    return this.#bound.get(container) ?? [];
  }

  all(): ReadonlyMap<string, readonly BoundPort[]> {
    return this.#bound;
  }

  /** A number that nobody has, neither here nor beneath. */
  async #take(container: string, wish: WishedPort): Promise<number> {
    const { protocol, hostIp, host } = wish;
    let attempts = 0;
    let refusal: unknown = host
      ? portTaken(hostIp, host.first)
      : new SandboxError('ResourceExhausted', 'all ports are allocated');
    for (const hostPort of host ? inRange(host) : this.#ephemeral()) {
      const key = keyOf(protocol, hostPort);
      if (this.#owners.has(key)) continue;
      this.#owners.set(key, container);
      try {
        if (protocol === 'tcp') await this.#hostPorts?.open(hostPort);
        return hostPort;
      } catch (error) {
        this.#owners.delete(key);
        refusal = error;
        attempts += 1;
        if (attempts === maxAttempts) break;
      }
    }
    throw refusal;
  }

  #give({ protocol, hostPort }: Pick<BoundPort, 'protocol' | 'hostPort'>): void {
    this.#owners.delete(keyOf(protocol, hostPort));
    if (protocol === 'tcp') this.#hostPorts?.close(hostPort);
  }

  #requireRoom({ port }: WishedPort): void {
    if ([...this.#owners.keys()].filter((key) => key.startsWith('tcp/')).length < maxPublished) return;
    const message = `${maxPublished} ports of TCP are published, the most there can be: port ${port} has to do without, or others`;
    throw new SandboxError('ResourceExhausted', message);
  }

  /** Each once, from where the last one was taken. */
  *#ephemeral(): Generator<number> {
    const count = ephemeral.last - ephemeral.first + 1;
    for (let turn = 0; turn < count; turn += 1) {
      const port = this.#next;
      this.#next = port === ephemeral.last ? ephemeral.first : port + 1;
      yield port;
    }
  }
}

function* inRange({ first, last }: { readonly first: number; readonly last: number }): Generator<number> {
  for (let port = first; port <= last; port += 1) yield port;
}

function keyOf(protocol: PortProtocol, port: number): string {
  return `${protocol}/${port}`;
}
