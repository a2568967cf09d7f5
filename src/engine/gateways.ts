import type { DhcpLease, MacAddress, NetworkSpec } from '../api/network';
import { toHex } from '../base/bytes';
import type { Clock } from '../base/clock';
import { parseError, SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { withTimeout } from '../base/timeout';
import { addressNumber } from '../formats/ip-address';
import type { DhcpEvent } from '../network/gateway/dhcp-server';
import type { EgressAnswer, EgressRequest } from '../network/gateway/egress-service';
import type { GatewayDirectory } from '../network/gateway/gateway';
import { gatewayNetwork, metadataAddress } from '../network/gateway/gateway-network';
import type { GatewayHome, GatewayWorkerService } from '../network/gateway/gateway-service';
import type { Endpoint } from '../network/gateway/sockets';
import type { SwitchClient } from '../network/switch-client';
import { readableFromPort, writableToPort } from '../rpc/byte-stream';
import { expose, type Remote, transfer } from '../rpc/control';

/** A worker that serves gateways; what the supervisor starts fits. */
export interface GatewayWorker {
  readonly remote: Remote<GatewayWorkerService>;
  /** Aborted when the worker is gone. */
  readonly lost: AbortSignal;
  watch(): void;
  terminate(reason: SandboxError): void;
}

/** Where the gateways come from. */
export interface GatewaySource {
  readonly start: () => GatewayWorker;
  /** The module of images/unikernels/gateway, compiled. `NotFound` where the registry has none. */
  readonly loadModule: () => Promise<WebAssembly.Module>;
}

/** What leases are kept in, beside the reservations. */
export interface LeaseBook {
  leasesOf(network: string): readonly DhcpLease[];
  putLease(lease: DhcpLease): Promise<void>;
  removeLease(lease: DhcpLease): Promise<void>;
}

export interface GatewaysOptions extends GatewaySource {
  readonly switch: SwitchClient;
  readonly leases: LeaseBook;
  /** `NotFound` when there is no such network. */
  readonly network: (name: string) => NetworkSpec;
  readonly directory: (network: string) => GatewayDirectory;
  /** Asks outside for a guest. */
  readonly egress: (network: string, request: EgressRequest) => Promise<EgressAnswer>;
  /** Speaks the Docker Engine API with a station of a network. */
  readonly serveEngine: (network: string, connection: PageConnection) => Promise<void>;
  readonly clock: Clock;
}

export type GatewayEvent =
  | { readonly kind: 'running'; readonly network: string }
  /** It does not run; it is tried again. */
  | { readonly kind: 'failed'; readonly network: string; readonly error: SandboxError }
  | DhcpEvent;

/** A TCP connection from the page to a station of a network. */
export interface PageConnection {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
}

interface Entry {
  readonly network: string;
  /** What is done to it, one after the other. */
  work: Promise<void>;
  /** Of that, what puts it on its network. */
  attached: Promise<void>;
  running: boolean;
  /** What it was last told, as text. */
  told: string;
  failures: number;
  retry?: Disposable;
}

/** Loading the worker's script and the module, and starting one gateway: a browser that is busy takes seconds. */
const startMs = 20_000;

/** Before the second try in a row, doubled for each further one, up to the longest. */
const firstPauseMs = 250;
const longestPauseMs = 30_000;

/** How long a station may take to answer, and what the gateway's worker may take beyond, milliseconds. */
const connectMs = 10_000;
const answerMs = 2000;

/** A network's gateway has a MAC of its own, told by its address, so that it is the same after a reload. */
const macPrefix = '02:53';

/**
 * The gateways of the lab's networks, all in one worker. One is started when it is first wanted, and again when its
 * worker has died; after a restart of the switch it gets another cable.
 */
export class Gateways implements Disposable {
  readonly #options: GatewaysOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #events = new Emitter<GatewayEvent>();
  readonly #disposables = new DisposableStore();
  #worker: Promise<GatewayWorker> | undefined;
  #disposed = false;

  readonly events: Event<GatewayEvent> = this.#events.event;

  constructor(options: GatewaysOptions) {
    this.#options = options;
    this.#disposables.add(
      options.switch.portsRenewed((ports) => {
        for (const { id, port } of ports) {
          const entry = [...this.#entries.values()].find(({ network }) => portId(network) === id);
          if (entry) this.#attach(entry, () => this.#renew(entry, port));
        }
      }),
    );
  }

  /** Networks whose gateway answers. */
  get running(): readonly string[] {
    return [...this.#entries.values()].filter((entry) => entry.running).map(({ network }) => network);
  }

  /** Has the gateway of a network run from now on. Nobody has to wait for it; `events` tells what becomes of it. */
  want(network: string): void {
    if (this.#disposed || this.#entries.has(network)) return;
    const [work, attached] = [Promise.resolve(), Promise.resolve()];
    const entry: Entry = { network, work, attached, running: false, told: '', failures: 0 };
    this.#entries.set(network, entry);
    this.#attach(entry, () => this.#start(entry));
  }

  /** Names or addresses may have changed. */
  refresh(): void {
    for (const entry of this.#entries.values()) {
      if (!entry.running) continue;
      this.#queue(entry, async () => {
        const directory = this.#options.directory(entry.network);
        if (!entry.running || JSON.stringify(directory) === entry.told) return;
        entry.told = JSON.stringify(directory);
        await (await this.#worker)?.remote.setDirectory(entry.network, directory);
      });
    }
  }

  /** The network is gone. */
  forget(network: string): void {
    const entry = this.#entries.get(network);
    if (!entry) return;
    this.#entries.delete(network);
    entry.retry?.dispose();
    this.#queue(entry, async () => {
      await this.#options.switch.removePort(portId(network));
      await (await this.#worker)?.remote.remove(network);
    });
  }

  /**
   * Connects the page with a station of a network, from the gateway's address. `Unavailable` when it refuses, does not
   * answer, or there is no gateway; details tell the reason.
   */
  async connect(network: string, to: Endpoint, timeoutMs = connectMs): Promise<PageConnection> {
    this.want(network);
    const { clock } = this.#options;
    // What it is being told of names is nothing to wait for.
    const attached = this.#entries.get(network)?.attached ?? Promise.resolve();
    await withTimeout(clock, startMs, `The gateway of the network "${network}" does not start`, attached);
    const worker = await this.#worker;
    if (!worker) throw new SandboxError('Unavailable', `The gateway of the network "${network}" does not run`);
    const [received, sent] = [new MessageChannel(), new MessageChannel()];
    const ports = { received: received.port1, sent: sent.port1 };
    try {
      const connecting = worker.remote.connect(network, to, timeoutMs, transfer(ports, [ports.received, ports.sent]));
      await withTimeout(clock, timeoutMs + answerMs, 'The gateway does not answer', connecting);
    } catch (error) {
      received.port2.close();
      sent.port2.close();
      throw error;
    }
    return {
      readable: readableFromPort(received.port2, worker.lost),
      writable: writableToPort(sent.port2, worker.lost),
    };
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#disposables.dispose();
    for (const entry of this.#entries.values()) entry.retry?.dispose();
    this.#entries.clear();
    this.#events.dispose();
    const gone = new SandboxError('Canceled', 'The gateways were taken down');
    this.#worker?.then((worker) => worker.terminate(gone)).catch(() => {});
  }

  /** What fails shows at the gateway itself, which is then started again. */
  #queue(entry: Entry, work: () => Promise<void>): void {
    entry.work = entry.work.then(work).catch((error: unknown) => this.#onFailure(entry, toSandboxError(error)));
  }

  #attach(entry: Entry, work: () => Promise<void>): void {
    this.#queue(entry, work);
    entry.attached = entry.work;
  }

  async #start(entry: Entry): Promise<void> {
    if (this.#entries.get(entry.network) !== entry) return;
    const { network } = entry;
    const spec = this.#options.network(network);
    const { address } = gatewayNetwork(spec);
    const mac = gatewayMac(address);
    const worker = await this.#openWorker();
    const { port1, port2 } = new MessageChannel();
    const id = portId(network);
    await this.#options.switch.removePort(id);
    const port = { id, network, label: 'gateway', mtu: spec.mtu, mac, address, moreAddresses: [metadataAddress] };
    await this.#options.switch.addPort({ ...port, dhcpServer: true, offload: false }, port1);
    const directory = this.#options.directory(network);
    const start = { spec, mac, port: port2, directory };
    entry.told = JSON.stringify(directory);
    const message = `The gateway of the network "${network}" did not start within ${startMs / 1000} s`;
    await withTimeout(this.#options.clock, startMs, message, worker.remote.start(transfer(start, [port2])));
    entry.running = true;
    entry.failures = 0;
    this.#events.fire({ kind: 'running', network });
  }

  async #renew(entry: Entry, port: MessagePort): Promise<void> {
    const worker = entry.running ? await this.#worker : undefined;
    if (worker) await worker.remote.renew(entry.network, transfer(port, [port]));
    else port.close();
  }

  #onFailure(entry: Entry, error: SandboxError): void {
    if (this.#disposed || this.#entries.get(entry.network) !== entry) return;
    entry.running = false;
    entry.failures += 1;
    entry.retry?.dispose();
    const pause = entry.failures === 1 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (entry.failures - 2));
    entry.retry = this.#options.clock.after(pause, () => this.#attach(entry, () => this.#start(entry)));
    this.#events.fire({ kind: 'failed', network: entry.network, error });
  }

  #openWorker(): Promise<GatewayWorker> {
    if (this.#worker) return this.#worker;
    const opening = this.#open();
    this.#worker = opening;
    opening.catch(() => {
      if (this.#worker === opening) this.#worker = undefined;
    });
    return opening;
  }

  async #open(): Promise<GatewayWorker> {
    const module = await this.#options.loadModule();
    const worker = this.#options.start();
    worker.lost.addEventListener('abort', () => this.#onLost(worker), { once: true });
    const { port1, port2 } = new MessageChannel();
    expose(this.#home(worker.lost), port1);
    try {
      const message = `The gateways' worker did not start within ${startMs / 1000} s`;
      const opened = worker.remote.open(module, transfer(port2, [port2]));
      await withTimeout(this.#options.clock, startMs, message, opened);
    } catch (error) {
      port1.close();
      worker.terminate(toSandboxError(error));
      throw error;
    }
    worker.lost.addEventListener('abort', () => port1.close(), { once: true });
    worker.watch();
    return worker;
  }

  #onLost(worker: GatewayWorker): void {
    const error = toSandboxError(worker.lost.reason);
    this.#worker = undefined;
    for (const entry of this.#entries.values()) if (entry.running) this.#onFailure(entry, error);
  }

  #home(lost: AbortSignal): GatewayHome {
    const { leases } = this.#options;
    return {
      listLeases: async (network) => leases.leasesOf(network),
      putLease: (lease) => leases.putLease(lease),
      removeLease: (lease) => leases.removeLease(lease),
      tell: async (event) => this.#events.fire(event),
      egress: async (network, request, port) => {
        try {
          const { body, ...head } = await this.#options.egress(network, request);
          // What ends it is told by the streams themselves.
          body.pipeTo(writableToPort(port, new AbortController().signal)).catch(() => {});
          return head;
        } catch (error) {
          port.close();
          throw error;
        }
      },
      engine: (network, { received, sent }) =>
        this.#options.serveEngine(network, {
          readable: readableFromPort(received, lost),
          writable: writableToPort(sent, lost),
        }),
      report: async (error) => console.warn(`A gateway: ${error.message}`),
      failed: async (network, error) => {
        const entry = this.#entries.get(network);
        if (entry) this.#onFailure(entry, parseError(error));
      },
    };
  }
}

function portId(network: string): string {
  return `gateway/${network}`;
}

function gatewayMac(address: string): MacAddress {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, addressNumber(address));
  return `${macPrefix}:${toHex(bytes, ':')}`;
}
