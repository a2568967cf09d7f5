import type { Disposable } from '../../base/lifecycle';
import type { ConnectOptions, Endpoint, Sockets, TcpConnection } from './sockets';

/** A port of the gateway that leads to a station: of its own network, or of another one. */
export interface PortForward {
  readonly port: number;
  readonly network: string;
  readonly to: Endpoint;
}

export interface PortForwardsOptions {
  readonly sockets: Pick<Sockets, 'listen'>;
  /** Of the gateway. */
  readonly address: string;
  readonly connect: (network: string, to: Endpoint, options: ConnectOptions) => Promise<TcpConnection>;
  /** A port that could not be had. */
  readonly report: (error: unknown) => void;
}

/** At one time, of all ports together: less than half of what a gateway can keep, for both ends may be its own. */
const maxConnections = 128;

interface OpenForward {
  readonly forward: PortForward;
  readonly listener: Disposable;
  /** What ends its connections, those on their way too. */
  readonly connections: Set<AbortController>;
}

/** Ports of a gateway at which stations are reached from a network that they need not be on. */
export class PortForwards implements Disposable {
  readonly #options: PortForwardsOptions;
  readonly #open = new Map<number, OpenForward>();
  #connections = 0;

  constructor(options: PortForwardsOptions) {
    this.#options = options;
  }

  /** Ends all but these, with their connections. */
  keep(forwards: readonly PortForward[]): void {
    const wanted = new Map(forwards.map((each) => [each.port, each]));
    for (const [port, { forward, listener, connections }] of this.#open) {
      if (isSame(forward, wanted.get(port))) continue;
      this.#open.delete(port);
      listener.dispose();
      for (const each of connections) each.abort();
    }
  }

  /** Begins those that are not there yet. One whose port cannot be had is reported, and tried again the next time. */
  open(forwards: readonly PortForward[]): void {
    const { sockets, address, report } = this.#options;
    for (const forward of forwards) {
      if (this.#open.has(forward.port)) continue;
      const connections = new Set<AbortController>();
      const accept = (connection: TcpConnection): void => void this.#relay(connection, forward, connections);
      try {
        this.#open.set(forward.port, { forward, listener: sockets.listen(forward.port, accept, address), connections });
      } catch (error) {
        report(error);
      }
    }
  }

  dispose(): void {
    this.keep([]);
  }

  /** Both sides hear of each other's end as if there were nothing between them; what cannot be reached is a reset. */
  async #relay(outer: TcpConnection, { network, to }: PortForward, among: Set<AbortController>): Promise<void> {
    if (this.#connections >= maxConnections) return outer.abort();
    const ended = new AbortController();
    const { signal } = ended;
    among.add(ended);
    this.#connections += 1;
    try {
      const inner = await this.#options.connect(network, to, { signal });
      await Promise.allSettled([
        outer.readable.pipeTo(inner.writable, { signal }),
        inner.readable.pipeTo(outer.writable, { signal }),
      ]);
    } catch {
      outer.abort();
    } finally {
      among.delete(ended);
      this.#connections -= 1;
    }
  }
}

function isSame(a: PortForward, b: PortForward | undefined): boolean {
  return a.network === b?.network && a.to.address === b.to.address && a.to.port === b.to.port;
}
