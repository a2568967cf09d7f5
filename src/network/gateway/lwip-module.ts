import type { HostedModule } from '../../api/tender';
import { SandboxError } from '../../base/errors';
import { parseIpAddress, serializeIpAddress } from '../../formats/ip-address';

/** Bits of {@link News.flags}; images/unikernels/gateway/gateway.h. */
export const newsFlag = { accepted: 1, connected: 2, readable: 4, writable: 8, ended: 16, closed: 32 } as const;

/** Of lwIP (lwip/err.h): those that tell something about the other side or our limits. */
export const lwipError = {
  memory: -1,
  timeout: -3,
  route: -4,
  inUse: -8,
  aborted: -13,
  reset: -14,
  closed: -15,
} as const;

/** What has happened to a connection, or where a datagram came from. */
export interface News {
  readonly id: number;
  readonly flags: number;
  readonly error: number;
  readonly localPort: number;
  readonly address: string;
  readonly port: number;
  /** Of ours: where a datagram went, or where a connection was accepted. */
  readonly destination: string;
}

/** What goes through the module's buffer at once. */
export const bufferBytes = 65_536;

/** Exports of the gateway's module, and what they take. */
type Calls = Readonly<Record<(typeof callNames)[number], (...args: number[]) => number>>;

const callNames = [
  'gateway_buffer',
  'gateway_news',
  'gateway_send_frame',
  'gateway_listen',
  'gateway_unlisten',
  'gateway_connect',
  'gateway_send',
  'gateway_read',
  'gateway_took',
  'gateway_finish',
  'gateway_close',
  'gateway_abort',
  'gateway_next',
  'gateway_udp_bind',
  'gateway_udp_close',
  'gateway_udp_send',
  'gateway_udp_read',
  'gateway_udp_dropped',
] as const;

/** The calls of images/unikernels/gateway, with bytes and addresses as they are here. */
export class LwipModule {
  readonly #hosted: HostedModule;
  readonly #calls: Calls;
  readonly #buffer: number;
  readonly #news: number;

  /** `InvalidArgument` when the module is another one. */
  constructor(hosted: HostedModule) {
    const missing = callNames.filter((name) => typeof hosted.exports[name] !== 'function');
    if (missing.length > 0) {
      throw new SandboxError('InvalidArgument', `Not the gateway's module: it has no ${missing.join(', ')}`);
    }
    this.#hosted = hosted;
    this.#calls = hosted.exports as unknown as Calls;
    this.#buffer = this.#calls.gateway_buffer() >>> 0;
    this.#news = this.#calls.gateway_news() >>> 0;
  }

  /** Calls that the module makes something of: it gets a turn afterwards. */
  call(name: (typeof callNames)[number], ...args: number[]): number {
    return this.#hosted.call(() => this.#calls[name](...args));
  }

  /** Puts bytes where the next call looks for them. At most {@link bufferBytes}. */
  give(bytes: Uint8Array): void {
    new Uint8Array(this.#hosted.memory.buffer, this.#buffer, bufferBytes).set(bytes);
  }

  /** The next news of a connection; undefined when there are none. */
  next(): News | undefined {
    return this.#calls.gateway_next() === 0 ? undefined : this.#readNews();
  }

  /** What came on a connection since it was last asked. */
  read(id: number): Uint8Array<ArrayBuffer> {
    return this.#take(this.#calls.gateway_read(id));
  }

  readDatagram(): { readonly news: News; readonly bytes: Uint8Array<ArrayBuffer> } | undefined {
    const size = this.#calls.gateway_udp_read();
    return size < 0 ? undefined : { news: this.#readNews(), bytes: this.#take(size) };
  }

  /** Datagrams that came faster than they were read. */
  get droppedDatagrams(): number {
    return this.#calls.gateway_udp_dropped();
  }

  #take(size: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(new Uint8Array(this.#hosted.memory.buffer, this.#buffer, size));
  }

  #readNews(): News {
    const view = new DataView(this.#hosted.memory.buffer, this.#news, 28);
    return {
      id: view.getUint32(0, true),
      flags: view.getUint32(4, true),
      error: view.getInt32(8, true),
      localPort: view.getUint32(12, true),
      address: fromNetworkOrder(view.getUint32(16, true)),
      port: view.getUint32(20, true),
      destination: fromNetworkOrder(view.getUint32(24, true)),
    };
  }
}

/** An address as lwIP keeps it. `InvalidArgument` for what is none. */
export function toNetworkOrder(address: string): number {
  const bytes = parseIpAddress(address);
  if (bytes.length !== 4) throw new SandboxError('InvalidArgument', `Not an IPv4 address: ${address}`);
  return new DataView(bytes.buffer).getUint32(0, true);
}

function fromNetworkOrder(address: number): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, address, true);
  return serializeIpAddress(bytes);
}
