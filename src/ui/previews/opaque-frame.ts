import type { Disposable } from '../../base/lifecycle';
import type { AppToFrame, FrameGo } from '../../preview/messages';
import { readWhere } from './preview-address';

export interface OpaqueFrameOptions {
  /** The address that the guest's pages believe to be at. */
  readonly origin: string;
  /** Serves the preview on a port, until it is ended. */
  readonly serve: (port: MessagePort) => Disposable;
  /** Where the frame is put. */
  readonly place: Element;
  readonly title: string;
  /** Called with the path that is shown now. */
  readonly went: (path: string) => void;
}

/** Without `allow-same-origin`: whatever runs in it is of no origin, though its file is one of ours. */
const sandbox = 'allow-scripts allow-forms';

/** Bodies of forms that a frame may hand over, in bytes. */
const maxBodyBytes = 32 * 1024 * 1024;

/**
 * A published port in a frame without an origin, which gets what it shows by a MessagePort. For each page of the guest
 * the frame is loaded anew, so that nothing of the one before is left in it.
 */
export class OpaqueFrame implements Disposable {
  readonly #options: OpaqueFrameOptions;
  readonly #frame = document.createElement('iframe');
  readonly #address = new URL('preview-frame.html', document.baseURI).href;
  #wanted: FrameGo | undefined;
  #served: Disposable | undefined;

  constructor(options: OpaqueFrameOptions) {
    this.#options = options;
    window.addEventListener('message', this.#hear);
    this.#frame.title = options.title;
    this.#frame.setAttribute('sandbox', sandbox);
  }

  go(path: string): void {
    this.#show({ url: `${this.#options.origin}${path}`, method: 'GET' });
  }

  dispose(): void {
    window.removeEventListener('message', this.#hear);
    this.#served?.dispose();
    this.#frame.remove();
  }

  /** Loads the frame's own page anew, which then asks what to show. It leaves nothing in the browser's history. */
  #show(what: FrameGo): void {
    this.#wanted = what;
    if (this.#frame.isConnected) {
      this.#frame.contentWindow?.location.replace(this.#address);
      return;
    }
    this.#frame.src = this.#address;
    this.#options.place.replaceChildren(this.#frame);
  }

  #give(what: FrameGo): void {
    this.#served?.dispose();
    const { port1, port2 } = new MessageChannel();
    this.#served = this.#options.serve(port1);
    // It has no origin that could be named; what it gets is what it may have.
    const message: AppToFrame = { kind: 'strata-frame', ...what };
    this.#frame.contentWindow?.postMessage(message, '*', [port2]);
  }

  readonly #hear = ({ source, origin, data }: MessageEvent<unknown>): void => {
    if (source !== this.#frame.contentWindow || origin !== 'null') return;
    const where = readWhere(data);
    if (where) this.#options.went(where.path);
    const go = readGo(data);
    if (go) this.#show(go);
    if (this.#wanted && isReady(data)) this.#give(this.#wanted);
  };
}

function isReady(data: unknown): boolean {
  return typeof data === 'object' && data !== null && (data as { kind?: unknown }).kind === 'strata-ready';
}

function readGo(data: unknown): FrameGo | undefined {
  // Where it may lead is the lab's to say.
  const { kind, url, method, type, body } = (typeof data === 'object' && data !== null ? data : {}) as Record<
    string,
    unknown
  >;
  if (kind !== 'strata-go' || typeof url !== 'string' || !URL.canParse(url)) return undefined;
  if (method !== 'POST') return { url, method: 'GET' };
  if (typeof type !== 'string' || !(body instanceof ArrayBuffer) || body.byteLength > maxBodyBytes) return undefined;
  return { url, method, type, body };
}
