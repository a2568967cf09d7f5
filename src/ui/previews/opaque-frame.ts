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

/** As the policy of the file has it. Without `allow-same-origin`: what runs in it is of no origin, though the file is ours. */
const sandbox = 'allow-scripts allow-forms';

/** Bodies of forms that a frame may hand over, in bytes. */
const maxBodyBytes = 32 * 1024 * 1024;

/**
 * A published port in a frame without an origin, which gets what it shows by a MessagePort. Each page of the guest has a frame
 * of its own, in which nothing of the one before is left.
 *
 * A frame that has the attribute `sandbox` is nothing that a service worker is asked for, so without a network its file would
 * not come. It begins without, and the file's policy takes the origin away (`framePolicy`). The attribute follows before the
 * frame is given anything: it holds for what a frame is led to later, so that a guest who leads it to one of our files is in
 * no origin there either. Addresses that need no network (`srcdoc`, `blob:`) have the policy of the page around them, under
 * which no guest's script runs; a `srcdoc` within our file would do, but has no address, which routers in guests' scripts need.
 */
export class OpaqueFrame implements Disposable {
  readonly #options: OpaqueFrameOptions;
  readonly #address = new URL('preview-frame.html', document.baseURI).href;
  #frame: HTMLIFrameElement | undefined;
  #wanted: FrameGo | undefined;
  #served: Disposable | undefined;

  constructor(options: OpaqueFrameOptions) {
    this.#options = options;
    window.addEventListener('message', this.#hear);
  }

  go(path: string): void {
    this.#show({ url: `${this.#options.origin}${path}`, method: 'GET' });
  }

  dispose(): void {
    window.removeEventListener('message', this.#hear);
    this.#served?.dispose();
    this.#frame?.remove();
  }

  /** Loads the frame's own page, which then asks what to show. It leaves nothing in the browser's history. */
  #show(what: FrameGo): void {
    this.#wanted = what;
    const frame = this.#put();
    frame.addEventListener('load', () => {
      // It has the page's origin: the host sends no policy, and no service worker adds it. There is a network, then.
      if (frame === this.#frame && frame.contentDocument) this.#put(sandbox);
    });
  }

  #put(held?: string): HTMLIFrameElement {
    const { place, title } = this.#options;
    const frame = document.createElement('iframe');
    frame.title = title;
    if (held !== undefined) frame.setAttribute('sandbox', held);
    frame.src = this.#address;
    const root = place.getRootNode() as Document | ShadowRoot;
    const focused = this.#frame !== undefined && root.activeElement === this.#frame;
    this.#frame = frame;
    place.replaceChildren(frame);
    // Who follows a link by the keyboard is still in the page afterwards.
    if (focused) frame.focus();
    return frame;
  }

  #give(frame: HTMLIFrameElement, what: FrameGo): void {
    frame.setAttribute('sandbox', sandbox);
    this.#served?.dispose();
    const { port1, port2 } = new MessageChannel();
    this.#served = this.#options.serve(port1);
    // It has no origin that could be named; what it gets is what it may have.
    const message: AppToFrame = { kind: 'strata-frame', ...what };
    frame.contentWindow?.postMessage(message, '*', [port2]);
  }

  readonly #hear = ({ source, origin, data }: MessageEvent<unknown>): void => {
    const frame = this.#frame;
    // One that has an origin, for whatever reason, gets nothing.
    if (!frame || source !== frame.contentWindow || origin !== 'null') return;
    const where = readWhere(data);
    if (where) this.#options.went(where.path);
    const go = readGo(data);
    if (go) this.#show(go);
    if (this.#wanted && isReady(data)) this.#give(frame, this.#wanted);
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
