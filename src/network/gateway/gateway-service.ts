import type { DhcpLease, MacAddress, NetworkSpec } from '../../api/network';
import type { HostModule } from '../../api/tender';
import { type Clock, systemClock } from '../../base/clock';
import { type ErrorRecord, SandboxError, serializeError } from '../../base/errors';
import { readableFromPort, writableToPort } from '../../rpc/byte-stream';
import { type Connection, connect, expose, transfer } from '../../rpc/control';
import type { DhcpEvent } from './dhcp-server';
import type { EgressAnswer, EgressRequest } from './egress-service';
import { Gateway, type GatewayDirectory } from './gateway';
import type { Endpoint, TcpConnection } from './sockets';

/** What the gateways' worker asks of whoever started it. */
export interface GatewayHome {
  listLeases(network: string): Promise<readonly DhcpLease[]>;
  /** `AlreadyExists` when the address has been reserved. */
  putLease(lease: DhcpLease): Promise<void>;
  removeLease(lease: DhcpLease): Promise<void>;
  tell(event: DhcpEvent): Promise<void>;
  report(error: ErrorRecord): Promise<void>;
  /** Asks outside for a guest; the answer's body goes into `body`, the writing end of a byte stream. */
  egress(network: string, request: EgressRequest, body: MessagePort): Promise<Omit<EgressAnswer, 'body'>>;
  /** A station has connected to the Docker Engine API. The ports are the page's ends of its streams. */
  engine(network: string, streams: StreamPorts): Promise<void>;
  /** The gateway of a network is of no use any more. */
  failed(network: string, error: ErrorRecord): Promise<void>;
}

export interface GatewayStart {
  readonly spec: NetworkSpec;
  readonly mac: MacAddress;
  /** The gateway's end of its cable. */
  readonly port: MessagePort;
  readonly directory: GatewayDirectory;
}

/** The page's ends of a connection's streams (rpc/byte-stream.ts) are the other ends of these. */
export interface StreamPorts {
  /** What the station sends goes out here. */
  readonly received: MessagePort;
  /** What the station gets comes in here. */
  readonly sent: MessagePort;
}

/** The gateways of all networks, as an object with calls that cross a MessagePort. Runs in its worker. */
export class GatewayWorkerService {
  readonly #host: HostModule;
  readonly #clock: Clock;
  readonly #gateways = new Map<string, Gateway>();
  /** Those that are being started; a later start or removal makes them void. */
  readonly #starting = new Map<string, GatewayStart>();
  readonly #never = new AbortController().signal;
  #module: WebAssembly.Module | undefined;
  #home: Connection<GatewayHome> | undefined;

  constructor(host: HostModule, clock: Clock = systemClock) {
    this.#host = host;
    this.#clock = clock;
  }

  ping(): void {}

  /** Before anything else. `home` is the port of a {@link GatewayHome}. */
  async open(module: WebAssembly.Module, home: MessagePort): Promise<void> {
    this.#module = module;
    this.#home = connect<GatewayHome>(home);
  }

  /** Starts the gateway of a network, in the place of the one that there is. */
  async start(start: GatewayStart): Promise<void> {
    const { name } = start.spec;
    await this.remove(name);
    const { remote } = this.#require();
    this.#starting.set(name, start);
    const report = (error: unknown): void => void remote.report(serializeError(error)).catch(() => {});
    const gateway = await Gateway.start({
      ...start,
      host: this.#host,
      module: this.#require().module,
      leases: {
        list: () => remote.listLeases(name),
        put: (lease) => remote.putLease(lease),
        remove: (lease) => remote.removeLease(lease),
      },
      clock: this.#clock,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      tell: (event) => void remote.tell(event).catch(() => {}),
      forward: (request) => this.#forward(name, request),
      serveEngine: (connection) => this.#handOver(name, connection),
      connectStation: async (network, to, options) => this.#gateway(network).connect(to, options),
      report,
    });
    if (this.#starting.get(name) !== start) {
      gateway.dispose();
      return;
    }
    this.#starting.delete(name);
    gateway.setDirectory(start.directory);
    gateway.failed((error) => {
      if (this.#gateways.get(name) !== gateway) return;
      this.#gateways.delete(name);
      remote.failed(name, serializeError(error)).catch(() => {});
    });
    this.#gateways.set(name, gateway);
  }

  async setDirectory(network: string, directory: GatewayDirectory): Promise<void> {
    const starting = this.#starting.get(network);
    if (starting) this.#starting.set(network, Object.assign(starting, { directory }));
    this.#gateways.get(network)?.setDirectory(directory);
  }

  /** Gives the gateway another cable. */
  async renew(network: string, port: MessagePort): Promise<void> {
    const gateway = this.#gateways.get(network);
    if (gateway) gateway.renew(port);
    else port.close();
  }

  /** Harmless when there is none. */
  async remove(network: string): Promise<void> {
    this.#starting.delete(network);
    const gateway = this.#gateways.get(network);
    this.#gateways.delete(network);
    gateway?.dispose();
  }

  /** Leases that hold now. */
  async leases(network: string): Promise<readonly DhcpLease[]> {
    return this.#gateway(network).leases;
  }

  /** Resolves once the station has answered; its streams then end or fail as the connection does. */
  async connect(network: string, to: Endpoint, timeoutMs: number, { received, sent }: StreamPorts): Promise<void> {
    try {
      const connection = await this.#gateway(network).connect(to, { timeoutMs });
      join(connection, { received, sent }, this.#never);
    } catch (error) {
      received.close();
      sent.close();
      throw error;
    }
  }

  async #forward(network: string, request: EgressRequest): Promise<EgressAnswer> {
    const { port1, port2 } = new MessageChannel();
    try {
      const head = await this.#require().remote.egress(network, request, transfer(port2, [port2]));
      return { ...head, body: readableFromPort(port1, this.#never) };
    } catch (error) {
      port1.close();
      throw error;
    }
  }

  /** What a station and the page say to each other passes through here. */
  #handOver(network: string, connection: TcpConnection): void {
    const [received, sent] = [new MessageChannel(), new MessageChannel()];
    join(connection, { received: received.port1, sent: sent.port1 }, this.#never);
    const streams = { received: received.port2, sent: sent.port2 };
    this.#require()
      .remote.engine(network, transfer(streams, [streams.received, streams.sent]))
      .catch(() => connection.abort());
  }

  #gateway(network: string): Gateway {
    const gateway = this.#gateways.get(network);
    if (!gateway) throw new SandboxError('Unavailable', `The gateway of the network "${network}" does not run`);
    return gateway;
  }

  #require() {
    if (!this.#module || !this.#home) throw new SandboxError('FailedPrecondition', 'The gateways are not open yet');
    return { module: this.#module, remote: this.#home.remote };
  }
}

/** Each side hears of the other's failure by the streams themselves. */
function join({ readable, writable }: TcpConnection, { received, sent }: StreamPorts, lost: AbortSignal): void {
  readable.pipeTo(writableToPort(received, lost)).catch(() => {});
  readableFromPort(sent, lost)
    .pipeTo(writable)
    .catch(() => {});
}

/** Serves gateways on the port of the thread that started this one. */
export function serveGateways(port: MessagePort, host: HostModule): void {
  expose(new GatewayWorkerService(host), port);
}
