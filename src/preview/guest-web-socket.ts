import type { SocketToLab, SocketToPage } from '../api/preview';

/** Opens the way of a socket to the lab; what comes of it is told on the port. */
export type OpenSocket = (url: string, protocols: readonly string[], port: MessagePort) => void;

const subprotocol = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * The WebSocket that guests' pages get in place of the browser's (WebSockets Living Standard): no service worker sees
 * those, and no browser would find a guest. Without extensions, and not in workers of the page.
 */
export function createWebSocket(open: OpenSocket): typeof WebSocket {
  class GuestWebSocket extends EventTarget {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readonly CONNECTING = 0;
    readonly OPEN = 1;
    readonly CLOSING = 2;
    readonly CLOSED = 3;
    readonly url: string;
    readonly extensions = '';
    binaryType: BinaryType = 'blob';
    readyState = 0;
    protocol = '';
    bufferedAmount = 0;
    readonly #port: MessagePort;
    readonly #handlers = new Map<string, EventListener>();
    /** Sends one thing after the other: what a Blob has is read first. */
    #sending: Promise<void> = Promise.resolve();

    constructor(url: string | URL, protocols: string | readonly string[] = []) {
      super();
      const list = typeof protocols === 'string' ? [protocols] : [...protocols];
      this.url = parseUrl(url);
      if (list.some((each) => !subprotocol.test(each)) || new Set(list).size !== list.length) {
        throw new DOMException(`The subprotocols are wrong: ${list.join(', ')}`, 'SyntaxError');
      }
      const { port1, port2 } = new MessageChannel();
      this.#port = port1;
      port1.onmessage = ({ data }: MessageEvent<SocketToPage>) => this.#hear(data);
      port1.addEventListener('close', () => this.#closed(1006, '', 'The way to the lab was cut off'));
      open(this.url, list, port2);
    }

    send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
      if (this.readyState === 0) throw new DOMException('It is not open yet', 'InvalidStateError');
      const content =
        typeof data === 'string' || data instanceof Blob
          ? data
          : new Blob([data as ArrayBuffer | ArrayBufferView<ArrayBuffer>]);
      this.bufferedAmount += typeof content === 'string' ? new TextEncoder().encode(content).length : content.size;
      if (this.readyState !== 1) return;
      this.#sending = this.#sending.then(async () => {
        const send = typeof content === 'string' ? content : await content.arrayBuffer();
        this.#tell({ send });
      });
    }

    close(code?: number, reason = ''): void {
      if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
        throw new DOMException(`The code is neither 1000 nor 3000 to 4999: ${code}`, 'InvalidAccessError');
      }
      if (new TextEncoder().encode(reason).length > 123) {
        throw new DOMException('The reason is longer than 123 bytes', 'SyntaxError');
      }
      if (this.readyState >= 2) return;
      this.readyState = 2;
      this.#sending = this.#sending.then(() => this.#tell({ close: { reason, ...(code !== undefined && { code }) } }));
    }

    #tell(message: SocketToLab): void {
      this.#port.postMessage(message);
    }

    #hear(data: SocketToPage): void {
      if ('open' in data) {
        if (this.readyState !== 0) return;
        this.readyState = 1;
        this.protocol = data.open.protocol;
        this.dispatchEvent(new Event('open'));
      } else if ('message' in data) {
        const { message } = data;
        const size = typeof message === 'string' ? new TextEncoder().encode(message).length : message.byteLength;
        const shown = typeof message === 'string' || this.binaryType === 'arraybuffer' ? message : new Blob([message]);
        if (this.readyState === 1) {
          const { origin } = new URL(this.url);
          this.dispatchEvent(new MessageEvent('message', { data: shown, origin }));
        }
        this.#tell({ taken: size });
      } else if ('sent' in data) this.bufferedAmount -= data.sent;
      else this.#closed(data.closed.code, data.closed.reason, data.closed.failed);
    }

    #closed(code: number, reason: string, failed?: string): void {
      if (this.readyState === 3) return;
      this.readyState = 3;
      this.#port.close();
      if (failed !== undefined) {
        console.error(`WebSocket ${this.url}: ${failed}`);
        this.dispatchEvent(new Event('error'));
      }
      this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean: failed === undefined }));
    }

    #handler(type: string, handler: unknown): void {
      const before = this.#handlers.get(type);
      if (before) this.removeEventListener(type, before);
      this.#handlers.delete(type);
      if (typeof handler !== 'function') return;
      const listener: EventListener = (event) => handler.call(this, event);
      this.#handlers.set(type, listener);
      this.addEventListener(type, listener);
    }

    set onopen(handler: unknown) {
      this.#handler('open', handler);
    }
    set onmessage(handler: unknown) {
      this.#handler('message', handler);
    }
    set onerror(handler: unknown) {
      this.#handler('error', handler);
    }
    set onclose(handler: unknown) {
      this.#handler('close', handler);
    }
  }
  return GuestWebSocket as unknown as typeof WebSocket;
}

/** Relative addresses are those of the page, and http means ws (WebSockets Living Standard, 3.1). */
function parseUrl(text: string | URL): string {
  const url = new URL(text, document.baseURI);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  if (!/^wss?:$/.test(url.protocol) || url.hash !== '') {
    throw new DOMException(`No address of a WebSocket: ${text}`, 'SyntaxError');
  }
  return url.href;
}
