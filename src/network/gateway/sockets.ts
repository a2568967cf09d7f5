import type { Event } from '../../base/events';
import type { Disposable } from '../../base/lifecycle';

/** A port of a station. */
export interface Endpoint {
  /** IPv4. */
  readonly address: string;
  readonly port: number;
}

export interface Datagram {
  readonly from: Endpoint;
  /** The address it was sent to: one of ours, or a broadcast. */
  readonly to: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface UdpSocket extends Disposable {
  readonly received: Event<Datagram>;
  /** From an address of ours. False when it could not be sent; like any datagram it can be lost. */
  send(bytes: Uint8Array, to: Endpoint, from: string): boolean;
}

/** A TCP connection as two web streams; whoever does not read holds its sender back. */
export interface TcpConnection {
  readonly remote: Endpoint;
  /** Ends when the other side has finished. Canceling it aborts the connection. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Closing it finishes our side alone; aborting it aborts the connection. */
  readonly writable: WritableStream<Uint8Array>;
  /** Resolves when the connection is gone, however it ended. */
  readonly closed: Promise<void>;
  /** Ends it at once; the other side gets a reset. */
  abort(): void;
}

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly timeoutMs?: number;
}

/** TCP and UDP at one station of a network. Errors are `Unavailable`, with a `reason` in their details. */
export interface Sockets {
  /** `AlreadyExists` when the port is in use. */
  bindUdp(port: number): UdpSocket;
  /**
   * Takes connections at a port: of one of our addresses, or of all where no other listener has just that address.
   * `AlreadyExists` when somebody has it, `ResourceExhausted` when there are too many.
   */
  listen(port: number, accept: (connection: TcpConnection) => void, address?: string): Disposable;
  /** `Unavailable` with the reason "refused", "timeout" or "unreachable"; `ResourceExhausted` when there are too many. */
  connect(to: Endpoint, options?: ConnectOptions): Promise<TcpConnection>;
  /** Sends an Ethernet frame as it is. */
  sendFrame(frame: Uint8Array): boolean;
}
