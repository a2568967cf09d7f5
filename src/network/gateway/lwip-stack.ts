import type { HostedModule, HostedModuleOptions, HostModule } from '../../api/tender';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { Emitter, type Event } from '../../base/events';
import { type Disposable, toDisposable } from '../../base/lifecycle';
import { addressNumber } from '../../formats/ip-address';
import { LwipConnection, unavailable } from './lwip-connection';
import { LwipModule, lwipError, type News, newsFlag, toNetworkOrder } from './lwip-module';
import type { ConnectOptions, Datagram, Endpoint, Sockets, TcpConnection, UdpSocket } from './sockets';

export interface LwipStackOptions {
  readonly host: HostModule;
  /** Compiled from images/unikernels/gateway. */
  readonly module: WebAssembly.Module;
  readonly nic: HostedModuleOptions['nic'];
  /** Of the station: IPv4. */
  readonly address: string;
  readonly prefixLength: number;
  readonly clock: Clock;
}

/** Linux gives up after 127 s; here everybody is near. */
const connectTimeoutMs = 10_000;

/** Frames of the module: MTU and header, as its buffers have them. */
const maxMtu = 1500;

/** Any of our addresses. */
const anyAddress = '0.0.0.0';

/**
 * TCP and UDP on lwIP in a module. How much it keeps is set when the module is built: 288 connections with a window
 * of 46 KB each, 256 ports that are listened to, 8 UDP sockets, 128 datagrams that wait.
 */
export class LwipStack implements Sockets, Disposable {
  readonly #options: LwipStackOptions;
  readonly #hosted: HostedModule;
  readonly #module: LwipModule;
  readonly #connections = new Map<number, LwipConnection>();
  /** By address and port. */
  readonly #listeners = new Map<string, (connection: TcpConnection) => void>();
  readonly #sockets = new Map<number, Emitter<Datagram>>();
  readonly #failed = new Emitter<SandboxError>();
  #over: SandboxError | undefined;

  /** Fires when the module has come to its end. */
  readonly failed: Event<SandboxError> = this.#failed.event;

  /** Throws what keeps the module from being begun. */
  constructor(options: LwipStackOptions) {
    this.#options = options;
    const { host, module, nic, address, prefixLength } = options;
    this.#hosted = host({
      module,
      args: ['gateway', `--ipv4=${address}/${prefixLength}`],
      nic: { ...nic, mtu: Math.min(nic.mtu, maxMtu) },
      afterTurn: () => this.#afterTurn(),
      ended: (error) => this.#end(error),
    });
    this.#module = new LwipModule(this.#hosted);
  }

  bindUdp(port: number): UdpSocket {
    const id = this.#number(this.#call('gateway_udp_bind', port), `UDP port ${port}`);
    const received = new Emitter<Datagram>();
    this.#sockets.set(id, received);
    const socket = toDisposable(() => {
      received.dispose();
      this.#sockets.delete(id);
      if (!this.#over) this.#module.call('gateway_udp_close', id);
    });
    return {
      received: received.event,
      send: (bytes, to, from) => this.#sendDatagram(id, bytes, to, from),
      dispose: () => socket.dispose(),
    };
  }

  listen(port: number, accept: (connection: TcpConnection) => void, address = anyAddress): Disposable {
    const call = this.#call('gateway_listen', toNetworkOrder(address), port);
    const id = this.#number(call, `TCP port ${port}`);
    const key = listenerKey(address, port);
    this.#listeners.set(key, accept);
    return toDisposable(() => {
      this.#listeners.delete(key);
      if (!this.#over) this.#module.call('gateway_unlisten', id);
    });
  }

  async connect(to: Endpoint, { signal, timeoutMs = connectTimeoutMs }: ConnectOptions = {}): Promise<TcpConnection> {
    const name = `${to.address}:${to.port}`;
    checkPort(to.port);
    if (signal?.aborted) throw new SandboxError('Canceled', `Connecting to ${name} was canceled`);
    if (!this.#isNear(to.address)) throw unavailable('unreachable', `${to.address} is not on this network`);
    const id = this.#call('gateway_connect', toNetworkOrder(to.address), to.port);
    const connection = this.#add({ id: this.#number(id, `a connection to ${name}`), ...to }, false);
    const cancel = (): void => connection.fail(new SandboxError('Canceled', `Connecting to ${name} was canceled`));
    const timer = this.#options.clock.after(timeoutMs, () =>
      connection.fail(unavailable('timeout', `${name} did not answer within ${timeoutMs / 1000} s`)),
    );
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      await connection.opened;
      return connection;
    } finally {
      timer.dispose();
      signal?.removeEventListener('abort', cancel);
    }
  }

  sendFrame(frame: Uint8Array): boolean {
    this.#checkAlive();
    this.#module.give(frame);
    return this.#module.call('gateway_send_frame', frame.length) === 0;
  }

  /** Takes another cable: the switch had to be started again. */
  renew(port: MessagePort): void {
    this.#hosted.renew(port);
  }

  get connections(): number {
    return this.#connections.size;
  }

  dispose(): void {
    this.#end(new SandboxError('Canceled', 'The network stack was taken down'));
    this.#failed.dispose();
  }

  #isNear(address: string): boolean {
    const { address: own, prefixLength } = this.#options;
    const mask = 2 ** (32 - prefixLength);
    return Math.floor(addressNumber(address) / mask) === Math.floor(addressNumber(own) / mask);
  }

  #sendDatagram(id: number, bytes: Uint8Array, to: Endpoint, from: string): boolean {
    this.#checkAlive();
    if (bytes.length > 65_507) return false;
    this.#module.give(bytes);
    const [source, destination] = [toNetworkOrder(from), toNetworkOrder(to.address)];
    return this.#module.call('gateway_udp_send', id, source, destination, to.port, bytes.length) === 0;
  }

  #afterTurn(): void {
    for (let news = this.#module.next(); news; news = this.#module.next()) this.#hear(news);
    for (let next = this.#module.readDatagram(); next; next = this.#module.readDatagram()) {
      const { news, bytes } = next;
      const from = { address: news.address, port: news.port };
      this.#sockets.get(news.id)?.fire({ from, to: news.destination, bytes });
    }
  }

  #hear(news: News): void {
    if (news.flags & newsFlag.accepted) {
      const accept =
        this.#listeners.get(listenerKey(news.destination, news.localPort)) ??
        this.#listeners.get(listenerKey(anyAddress, news.localPort));
      const connection = this.#add(news, true);
      connection.hear(news);
      if (accept) accept(connection);
      else connection.abort();
      return;
    }
    const connection = this.#connections.get(news.id);
    if (connection) connection.hear(news);
    else this.#module.call('gateway_abort', news.id);
  }

  #add(news: Pick<News, 'id' | 'address' | 'port'>, open: boolean): LwipConnection {
    const connection = new LwipConnection(this.#module, news, open, () => this.#connections.delete(news.id));
    this.#connections.set(news.id, connection);
    return connection;
  }

  #call(name: Parameters<LwipModule['call']>[0], ...args: number[]): number {
    this.#checkAlive();
    return this.#module.call(name, ...args);
  }

  /** The result of a call that makes something, or why it did not. */
  #number(result: number, what: string): number {
    if (result >= 0) return result;
    if (result === lwipError.inUse) throw new SandboxError('AlreadyExists', `In use already: ${what}`);
    if (result === lwipError.memory) throw new SandboxError('ResourceExhausted', `The gateway has no room for ${what}`);
    throw new SandboxError('InvalidArgument', `The gateway cannot have ${what} (lwIP's error ${result})`);
  }

  #checkAlive(): void {
    if (this.#over) throw this.#over;
  }

  #end(error: SandboxError): void {
    if (this.#over) return;
    this.#over = error;
    for (const connection of [...this.#connections.values()]) connection.lose(error);
    for (const socket of this.#sockets.values()) socket.dispose();
    this.#hosted.dispose();
    this.#failed.fire(error);
  }
}

function listenerKey(address: string, port: number): string {
  return `${address}:${port}`;
}

function checkPort(port: number): void {
  if (Number.isInteger(port) && port > 0 && port < 65_536) return;
  throw new SandboxError('InvalidArgument', `Not a TCP port: ${port}; it is a number from 1 to 65535`);
}
