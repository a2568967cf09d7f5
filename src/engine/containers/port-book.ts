import { SandboxError } from '../../base/errors';
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

/** Which number leads to which container. An address does not tell them apart: there is one way in. */
export class PortBook {
  readonly #owners = new Map<string, string>();
  readonly #bound = new Map<string, readonly BoundPort[]>();
  #next: number = ephemeral.first;

  /**
   * All or none. `FailedPrecondition` in docker's words for a number that is taken, `ResourceExhausted` when there are
   * {@link maxPublished}.
   */
  bind(container: string, wishes: readonly WishedPort[]): readonly BoundPort[] {
    const made: BoundPort[] = [];
    try {
      for (const wish of wishes) {
        if (wish.protocol === 'tcp') this.#requireRoom(wish);
        const hostPort = wish.host ? this.#inRange(wish, wish.host) : this.#ephemeral(wish.protocol);
        this.#owners.set(keyOf(wish.protocol, hostPort), container);
        made.push({ port: wish.port, protocol: wish.protocol, hostIp: wish.hostIp, hostPort });
      }
    } catch (error) {
      for (const { protocol, hostPort } of made) this.#owners.delete(keyOf(protocol, hostPort));
      throw error;
    }
    this.#bound.set(container, made);
    return made;
  }

  release(container: string): void {
    for (const { protocol, hostPort } of this.of(container)) this.#owners.delete(keyOf(protocol, hostPort));
    this.#bound.delete(container);
  }

  of(container: string): readonly BoundPort[] {
    return this.#bound.get(container) ?? [];
  }

  all(): ReadonlyMap<string, readonly BoundPort[]> {
    return this.#bound;
  }

  #requireRoom({ port }: WishedPort): void {
    if ([...this.#owners.keys()].filter((key) => key.startsWith('tcp/')).length < maxPublished) return;
    const message = `${maxPublished} ports of TCP are published, the most there can be: port ${port} has to do without, or others`;
    throw new SandboxError('ResourceExhausted', message);
  }

  #inRange(
    { hostIp, protocol }: WishedPort,
    { first, last }: { readonly first: number; readonly last: number },
  ): number {
    for (let port = first; port <= last; port += 1) if (!this.#owners.has(keyOf(protocol, port))) return port;
    throw portTaken(hostIp, first);
  }

  #ephemeral(protocol: PortProtocol): number {
    const count = ephemeral.last - ephemeral.first + 1;
    for (let turn = 0; turn < count; turn += 1) {
      const port = this.#next;
      this.#next = port === ephemeral.last ? ephemeral.first : port + 1;
      if (!this.#owners.has(keyOf(protocol, port))) return port;
    }
    throw new SandboxError('ResourceExhausted', 'all ports are allocated');
  }
}

function keyOf(protocol: PortProtocol, port: number): string {
  return `${protocol}/${port}`;
}
