import { EmbeddedLab, LabError } from './embedded-lab';
import { pageMemory } from './page-memory';
import { type Connect, type Hello, protocolVersion } from './protocol';

export interface EmbedOptions {
  /** Where Strata is: the folder of its `embed.html`. Where this module came from, when absent. */
  readonly base?: string | URL;
  /** A scenario's text; one machine when absent. Not with a lesson. */
  readonly scenario?: string;
  /** What is shown. */
  readonly view?: LabViewName;
  /** A lesson in the place of a scenario, by the name of its folder. */
  readonly lesson?: string;
  /** Starts by itself, without a click. */
  readonly autorun?: boolean;
  /** What the frame is called for those who do not see it. */
  readonly title?: string;
  /** Ends the attempt. */
  readonly signal?: AbortSignal;
}

/** Or another view of Strata's page, by its name in the page's addresses. */
export type LabViewName = 'terminal' | 'topology' | 'lesson' | 'overview' | (string & Record<never, never>);

/** How long the frame may take to be there, milliseconds. */
const helloMs = 30_000;

/** How long one may be silent that has loaded: a lab speaks before that, and an error page of the browser never. */
const silentMs = 3000;

/**
 * Puts a lab into an element of the page and connects with it. Rejects with a {@link LabError}: `Unavailable` when it does not
 * come, `FailedPrecondition` when it speaks another version, `Canceled` when `signal` ends the attempt; `InvalidArgument` or
 * `NotFound` when there is no such scenario, lesson or view.
 */
export async function embedLab(parent: Element, options: EmbedOptions = {}): Promise<EmbeddedLab> {
  const frame = document.createElement('iframe');
  const nonce = crypto.randomUUID();
  const address = embedAddress(options, nonce);
  frame.src = address.href;
  frame.title = options.title ?? 'Strata';
  frame.allow = 'cross-origin-isolated; clipboard-write';
  frame.style.cssText = 'width:100%;height:100%;border:0;display:block';
  const connected = connectNonce(frame, address.origin, nonce, options.signal);
  parent.append(frame);
  let lab: EmbeddedLab | undefined;
  try {
    lab = await connected;
    await (options.scenario === undefined ? lab.settled() : lab.offer(options.scenario));
    // How it goes is told by its phase, as after a click.
    if (options.autorun) lab.run().catch(() => {});
    return lab;
  } catch (error) {
    lab?.close();
    frame.remove();
    throw error;
  }
}

/**
 * Connects with a lab in a frame that the page has made itself: its address is that of `embed.html` with `#nonce=` and a word
 * that cannot be guessed. To be called before the frame has loaded. Errors: as of {@link embedLab}.
 */
export function connect(frame: HTMLIFrameElement, signal?: AbortSignal): Promise<EmbeddedLab> {
  const address = new URL(frame.src);
  const nonce = new URLSearchParams(address.hash.slice(1)).get('nonce');
  if (!nonce) return Promise.reject(new LabError('InvalidArgument', 'The address of the frame has no #nonce='));
  return connectNonce(frame, address.origin, nonce, signal);
}

function embedAddress({ base, view, lesson, scenario }: EmbedOptions, nonce: string): URL {
  const address = new URL('embed.html', base ?? new URL('../', import.meta.url));
  const words = new URLSearchParams({
    nonce,
    origin: location.origin,
    ...(view !== undefined && { view }),
    ...(lesson !== undefined && { lesson }),
    // Until then there is no button, which would run something else.
    ...(scenario !== undefined && { offers: '1' }),
  });
  address.hash = words.toString();
  return address;
}

function connectNonce(
  frame: HTMLIFrameElement,
  origin: string,
  nonce: string,
  signal: AbortSignal | undefined,
): Promise<EmbeddedLab> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      clearTimeout(silence);
      frame.removeEventListener('load', loaded);
      removeEventListener('message', hear);
      signal?.removeEventListener('abort', cancel);
    };
    const fail = (code: string, message: string): void => {
      end();
      reject(new LabError(code, message));
    };
    const cancel = (): void => fail('Canceled', 'The attempt was ended');
    const absent = (): void => fail('Unavailable', notThere(frame.src));
    const timer = setTimeout(absent, helloMs);
    let silence: ReturnType<typeof setTimeout> | undefined;
    const loaded = (): void => {
      silence ??= setTimeout(absent, silentMs);
    };
    const hear = ({ source, origin: from, data }: MessageEvent<Partial<Hello> | undefined>): void => {
      // A sandboxed frame has no origin of its own; that it is this frame is known by its window.
      if (source !== frame.contentWindow || (from !== origin && from !== 'null') || data?.strata !== 'hello') return;
      if (data.version !== protocolVersion) {
        fail(
          'FailedPrecondition',
          `The lab speaks version ${data.version} of the protocol, this page ${protocolVersion}: take the module from where the lab is`,
        );
        return;
      }
      end();
      const { port1, port2 } = new MessageChannel();
      const lab = new EmbeddedLab(port1, pageMemory);
      frame.contentWindow?.postMessage(
        { strata: 'connect', version: protocolVersion, nonce } satisfies Connect,
        from === 'null' ? '*' : origin,
        [port2],
      );
      resolve(lab);
    };
    frame.addEventListener('load', loaded);
    addEventListener('message', hear);
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
  });
}

/** What there is to look at when no lab comes from an address. */
export function notThere(address: string): string {
  const [page] = address.split('#');
  return `No lab came from ${page}: is "base" right, is it served, and may this page embed it (frame-ancestors, X-Frame-Options)?`;
}
