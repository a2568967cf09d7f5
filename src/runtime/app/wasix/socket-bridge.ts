import type { AppConnection, AppSockets } from '../../../api/app-network';
import { type SandboxError, toSandboxError } from '../../../base/errors';
import type { Disposable } from '../../../base/lifecycle';

/** Bytes that have come and were not read; the other side is held back beyond that. */
const maxReceived = 256 * 1024;

/** Bytes that were written and have not left; the program is held back beyond that. */
const maxUnsent = 64 * 1024;

/** How long the other side may take to finish after our side has, milliseconds, as Linux has it (tcp_fin_timeout). */
const finishMs = 60_000;

/** Ports for who does not care (RFC 6335, 6). */
const firstEphemeral = 49_152;

/** What the SDK is told of a socket. */
interface SocketDescriptor {
  readonly id: number;
  readonly local: string;
  readonly peer: string;
}

type WakeReason = 'readable' | 'writable' | 'connection' | 'close' | 'error';

/** False: the SDK was not ready to hear it. */
type Wake = (id: number, reason: WakeReason) => boolean | undefined;

/**
 * Sockets of a program of WASIX, as `@wasmer/sdk` 0.16.0 asks for them, on our network: what its bridge for Node is on
 * Node's. Addresses are texts, `10.0.0.2:80`. Calls that fail throw an error whose `code` is one of Node's.
 */
export class SocketBridge {
  /** The SDK tells several apart by that; there is one in a worker. */
  readonly id = 1;
  readonly #sockets: AppSockets | undefined;
  readonly #open = new Map<number, BridgedSocket>();
  readonly #listeners = new Map<number, BridgedListener>();
  #wake: Wake = () => true;
  #lastId = 0;
  #lastEphemeral = firstEphemeral - 1;

  /** Without a network card there is nothing to connect with. */
  constructor(sockets: AppSockets | undefined) {
    this.#sockets = sockets;
  }

  setWakeCallback(wake: Wake): void {
    this.#wake = wake;
  }

  async resolve(host: string): Promise<readonly string[]> {
    if (/^[\d.]+$/.test(host)) return [host];
    if (host === 'localhost') return ['127.0.0.1'];
    const found = await this.#network().resolve(host);
    if (found.length === 0) throw failure('ENOTFOUND', `No such name: ${host}`);
    return found;
  }

  async connectTcp(_local: string, peer: string): Promise<SocketDescriptor> {
    const to = parseEndpoint(peer);
    let connection: AppConnection;
    try {
      connection = await this.#network().connect(to);
    } catch (thrown) {
      throw connectFailure(toSandboxError(thrown));
    }
    this.#lastEphemeral = this.#lastEphemeral === 65_535 ? firstEphemeral : this.#lastEphemeral + 1;
    return this.#add(connection, this.#lastEphemeral);
  }

  listenTcp(address: string): { readonly id: number; readonly local: string } {
    const wanted = parseEndpoint(address).port;
    this.#lastEphemeral += wanted === 0 ? 1 : 0;
    const port = wanted === 0 ? this.#lastEphemeral : wanted;
    const id = this.#nextId();
    const accepted: SocketDescriptor[] = [];
    try {
      const listening = this.#network().listen(port, (connection) => {
        accepted.push(this.#add(connection, port));
        this.#tell(id, 'connection');
      });
      this.#listeners.set(id, { accepted, listening });
    } catch (thrown) {
      const { code, message } = toSandboxError(thrown);
      throw failure(code === 'AlreadyExists' ? 'EADDRINUSE' : 'EADDRNOTAVAIL', message);
    }
    queueMicrotask(() => this.#tell(id, 'writable'));
    return { id, local: `${this.#network().address}:${port}` };
  }

  listenerAccept(id: number): SocketDescriptor | undefined {
    return this.#listeners.get(id)?.accepted.shift();
  }

  listenerReadable(id: number): boolean {
    return (this.#listeners.get(id)?.accepted.length ?? 0) > 0;
  }

  listenerRefresh(id: number): void {
    queueMicrotask(() => {
      if (this.listenerReadable(id)) this.#tell(id, 'connection');
    });
  }

  listenerClose(id: number): void {
    const listener = this.#listeners.get(id);
    this.#listeners.delete(id);
    listener?.listening.dispose();
    for (const { id: socket } of listener?.accepted ?? []) this.socketClose(socket);
  }

  /** Null at the end; undefined while there is nothing. */
  socketRead(id: number, most: number): Uint8Array | null | undefined {
    const socket = this.#open.get(id);
    return socket ? socket.read(most) : null;
  }

  socketWrite(id: number, bytes: Uint8Array): number {
    const socket = this.#open.get(id);
    if (!socket) throw failure('ENOTCONN', 'The socket is closed');
    return socket.write(new Uint8Array(bytes));
  }

  socketFlush(id: number): boolean {
    return this.#open.get(id)?.writable ?? true;
  }

  socketClose(id: number): void {
    this.#open.get(id)?.close();
    this.#open.delete(id);
  }

  /** Bytes to be read; 0 at the end, -1 while there are none. */
  socketReadable(id: number): number {
    const socket = this.#open.get(id);
    if (!socket) return 0;
    return socket.received > 0 ? socket.received : socket.ended ? 0 : -1;
  }

  /** Bytes that can be written; 0 when it is closed, -1 while there is no room. */
  socketWritable(id: number): number {
    const socket = this.#open.get(id);
    if (!socket || socket.failed) return 0;
    return socket.writable ? maxUnsent : -1;
  }

  socketSetNoDelay(): void {}

  socketSetKeepAlive(): void {}

  socketRefresh(id: number): void {
    queueMicrotask(() => {
      const socket = this.#open.get(id);
      if (!socket) return;
      if (socket.received > 0) this.#tell(id, 'readable');
      if (socket.ended) this.#tell(id, 'close');
      if (socket.writable) this.#tell(id, 'writable');
    });
  }

  close(): void {
    for (const id of [...this.#listeners.keys()]) this.listenerClose(id);
    for (const id of [...this.#open.keys()]) this.socketClose(id);
  }

  #network(): AppSockets {
    if (!this.#sockets) throw failure('EADDRNOTAVAIL', 'The app has no network card');
    return this.#sockets;
  }

  #add(connection: AppConnection, localPort: number): SocketDescriptor {
    const id = this.#nextId();
    const { address, port } = connection.remote;
    this.#open.set(id, new BridgedSocket(connection, (reason) => this.#open.has(id) && this.#tell(id, reason)));
    queueMicrotask(() => this.#tell(id, 'writable'));
    return { id, local: `${this.#network().address}:${localPort}`, peer: `${address}:${port}` };
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Again a little later, as long as the SDK was not ready to hear it. */
  #tell(id: number, reason: WakeReason): void {
    const isThere = this.#open.has(id) || this.#listeners.has(id);
    if (isThere && this.#wake(id, reason) === false) setTimeout(() => this.#tell(id, reason), 0);
  }
}

interface BridgedListener {
  readonly accepted: SocketDescriptor[];
  readonly listening: Disposable;
}

/** One connection: what has come and waits to be read, and what was written and waits to leave. */
class BridgedSocket {
  readonly #connection: AppConnection;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #tell: (reason: WakeReason) => void;
  readonly #chunks: Uint8Array[] = [];
  received = 0;
  ended = false;
  failed = false;
  #unsent = 0;
  #wakeReceiver: () => void = () => {};

  constructor(connection: AppConnection, tell: (reason: WakeReason) => void) {
    this.#connection = connection;
    this.#tell = tell;
    this.#writer = connection.writable.getWriter();
    this.#writer.closed.catch(() => {});
    void this.#receive();
  }

  get writable(): boolean {
    return !this.failed && this.#unsent < maxUnsent;
  }

  read(most: number): Uint8Array | null | undefined {
    const chunk = this.#chunks[0];
    if (!chunk) return this.ended ? null : undefined;
    const given = chunk.subarray(0, most);
    if (given.length < chunk.length) this.#chunks[0] = chunk.subarray(given.length);
    else this.#chunks.shift();
    this.received -= given.length;
    this.#wakeReceiver();
    return given.slice();
  }

  write(bytes: Uint8Array): number {
    if (this.failed) throw failure('EPIPE', 'The other side has closed the connection');
    this.#unsent += bytes.length;
    const sent = (): void => {
      const waited = !this.writable;
      this.#unsent -= bytes.length;
      if (waited && this.writable) this.#tell('writable');
    };
    this.#writer.write(bytes).then(sent, () => this.#fail());
    return bytes.length;
  }

  close(): void {
    this.#wakeReceiver();
    // What was written still leaves; then our side is finished. The other side's is of no interest any more.
    this.#writer.close().catch(() => {});
    if (!this.ended) setTimeout(() => this.#connection.abort(), finishMs);
    this.ended = true;
  }

  async #receive(): Promise<void> {
    const reader = this.#connection.readable.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        // Closed by the program: read on, so that the connection can come to its end.
        if (this.ended) continue;
        this.#chunks.push(value);
        this.received += value.length;
        this.#tell('readable');
        while (this.received > maxReceived && !this.ended) {
          await new Promise<void>((resolve) => {
            this.#wakeReceiver = resolve;
          });
        }
      }
      this.ended = true;
      this.#tell('close');
    } catch {
      this.#fail();
    }
  }

  #fail(): void {
    this.ended = true;
    this.failed = true;
    this.#tell('close');
  }
}

/** An error that the SDK knows by its code, which it looks for in the text. */
function failure(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}

function connectFailure({ details, message }: SandboxError): Error {
  const { reason } = details;
  const code = reason === 'timeout' || reason === 'unreachable' ? 'ETIMEDOUT' : 'ECONNREFUSED';
  return failure(code, message);
}

function parseEndpoint(text: string): { readonly address: string; readonly port: number } {
  const at = text.lastIndexOf(':');
  return { address: text.slice(0, at), port: Number(text.slice(at + 1)) };
}
