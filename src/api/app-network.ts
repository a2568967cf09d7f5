import type { Disposable } from '../base/lifecycle';
import type { NicAttachment } from './network';

/** An app's network card, and the TCP/IP stack that is put on it: the module of the networks' gateways. */
export interface AppNic extends Pick<NicAttachment, 'mac' | 'mtu' | 'port' | 'address' | 'prefixLength' | 'gateway'> {
  readonly stack: WebAssembly.Module;
}

/** A TCP connection as two web streams; whoever does not read holds its sender back. */
export interface AppConnection {
  /** Of the other side: IPv4. */
  readonly remote: { readonly address: string; readonly port: number };
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
  abort(): void;
}

/** TCP and names at an app's own address. Errors are `SandboxError`s; `Unavailable` has a `reason` in its details. */
export interface AppSockets extends Disposable {
  readonly address: string;
  connect(to: { readonly address: string; readonly port: number }): Promise<AppConnection>;
  /** `AlreadyExists` when the port is in use. */
  listen(port: number, accept: (connection: AppConnection) => void): Disposable;
  /** IPv4 addresses of a name, by the network's gateway; none when there is no such name. */
  resolve(name: string): Promise<readonly string[]>;
  /** Takes another cable: the switch had to be started again. */
  renew(port: MessagePort): void;
}

/** Puts a stack on a network card. */
export type OpenAppNetwork = (nic: AppNic) => Promise<AppSockets>;
