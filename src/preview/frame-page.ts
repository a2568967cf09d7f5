import { concatBytes } from '../base/bytes';
import { createFrameFetch } from './frame-fetch';
import type { FrameAnswer, FrameFetcher } from './frame-fetcher';
import type { FrameGo } from './messages';
import { rewriteStyle } from './rewrite-style';

export interface FramePageOptions {
  readonly fetcher: FrameFetcher;
  /** Asks for another page. */
  readonly go: (what: FrameGo) => void;
  /** Tells where the page is. */
  readonly at: (url: URL, title: string) => void;
}

/** How long a page waits for something that belongs to it, milliseconds; it is shown without that then. */
const partMs = 15_000;

/** Attributes that name what an element shows, where a browser would fetch it. */
const sources: readonly (readonly [selector: string, attribute: string])[] = [
  ['img[src]', 'src'],
  ['input[type="image"][src]', 'src'],
  ['video[src], audio[src], source[src], track[src]', 'src'],
  ['video[poster]', 'poster'],
  ['script[src]', 'src'],
];

const adoptable = [...sources.map(([selector]) => selector), 'link[rel~="stylesheet" i][href]'].join(', ');

/** One page of a guest, in a document that cannot fetch anything. */
export class FramePage {
  readonly #options: FramePageOptions;
  /** What relative addresses are of. */
  #base: URL = new URL('about:blank');

  constructor(options: FramePageOptions) {
    this.#options = options;
  }

  async show({ url, method, type, body }: FrameGo): Promise<void> {
    const { fetcher, at } = this.#options;
    const headers = type === undefined ? [] : [['Content-Type', type] as const];
    const answer = await fetcher.ask({ url, method, body, headers, destination: 'iframe' });
    this.#base = new URL(answer.url);
    this.#base.hash = new URL(url).hash;
    const address = this.#base;
    const bytes = await fetcher.read(answer);
    const media = answer.headers.get('content-type') ?? 'text/html';
    if (/^(text\/html|application\/xhtml\+xml)/i.test(media)) await this.#showHtml(decode(bytes, media));
    else showOther(bytes, media);
    at(address, document.title);
    if (address.hash !== '') document.getElementById(decodeURIComponent(address.hash.slice(1)))?.scrollIntoView();
  }

  async #showHtml(markup: string): Promise<void> {
    const page = new DOMParser().parseFromString(markup, 'text/html');
    const base = page.querySelector('base[href]')?.getAttribute('href');
    if (base) this.#base = new URL(base, this.#base);
    // Of no use here, or in the way of what is put in.
    for (const each of page.querySelectorAll(
      'base, meta[http-equiv="content-security-policy" i], link[rel~="icon" i]',
    )) {
      each.remove();
    }
    const refresh = page.querySelector('meta[http-equiv="refresh" i]');
    refresh?.remove();
    await this.#adoptAll(page);
    document.open();
    this.#install();
    document.write(`${page.doctype ? '<!doctype html>' : ''}${page.documentElement.outerHTML}`);
    document.close();
    if (refresh) this.#refresh(refresh.getAttribute('content') ?? '');
  }

  async #adoptAll(root: ParentNode): Promise<void> {
    const styles = [...root.querySelectorAll('style')].map(async (style) => {
      style.textContent = await this.#style(style.textContent, this.#base);
    });
    const styled = [...root.querySelectorAll('[style*="url("]')].map(async (element) => {
      element.setAttribute('style', await this.#style(element.getAttribute('style') ?? '', this.#base));
    });
    const parts = [...root.querySelectorAll(adoptable)].map((element) => this.#adopt(element));
    await Promise.all([...styles, ...styled, ...parts]);
  }

  /** Gives an element what its address means. */
  async #adopt(element: Element): Promise<void> {
    if (element.matches('link')) return this.#adoptAttribute(element, 'href', 'style');
    element.removeAttribute('srcset');
    element.removeAttribute('integrity');
    element.removeAttribute('crossorigin');
    for (const [selector, attribute] of sources) {
      if (element.matches(selector)) {
        await this.#adoptAttribute(element, attribute, element.matches('script') ? 'script' : 'image');
      }
    }
  }

  async #adoptAttribute(element: Element, attribute: string, destination: string): Promise<void> {
    const address = element.getAttribute(attribute) ?? '';
    if (/^(data|blob|about):/i.test(address)) return;
    element.setAttribute(attribute, (await this.#load(address, this.#base, destination)) ?? 'about:blank');
  }

  /** The address of what was fetched; undefined when it could not be. */
  async #load(address: string, base: URL, destination: string): Promise<string | undefined> {
    const { fetcher } = this.#options;
    try {
      const url = new URL(address, base).href;
      const signal = AbortSignal.timeout(partMs);
      const answer = await fetcher.ask({ url, destination, referrer: this.#base.href, signal });
      const bytes = await readInTime(fetcher, answer, signal);
      if (answer.status >= 400) return undefined;
      const type = answer.headers.get('content-type') ?? '';
      const content = destination === 'style' ? await this.#style(decode(bytes, type), new URL(answer.url)) : bytes;
      return URL.createObjectURL(new Blob([content], { type: destination === 'style' ? 'text/css' : type }));
    } catch {
      return undefined;
    }
  }

  #style(text: string, base: URL): Promise<string> {
    return rewriteStyle(text, (address, imported) => this.#load(address, base, imported ? 'style' : 'image'));
  }

  /** What works otherwise while the page stands: opening the document has taken all that was there before. */
  #install(): void {
    addEventListener('click', (event) => this.#click(event));
    addEventListener('submit', (event) => this.#submit(event));
    globalThis.fetch = createFrameFetch(this.#options.fetcher, () => this.#base);
    const observer = new MutationObserver((records) => {
      for (const { addedNodes, target, type } of records) {
        const changed = type === 'attributes' ? [target] : [...addedNodes];
        for (const node of changed) if (node instanceof Element) this.#adoptLater(node);
      }
    });
    observer.observe(document, { subtree: true, childList: true, attributeFilter: ['src', 'href', 'poster'] });
  }

  #adoptLater(root: Element): void {
    const found = root.matches(adoptable) ? [root] : [...root.querySelectorAll(adoptable)];
    for (const element of found) void this.#adopt(element);
  }

  #click(event: MouseEvent): void {
    const link = event
      .composedPath()
      .find((each) => each instanceof HTMLAnchorElement || each instanceof HTMLAreaElement);
    const address = link?.getAttribute('href');
    if (event.defaultPrevented || address === null || address === undefined) return;
    if (/^(javascript|data|blob|mailto|tel):/i.test(address.trim())) return;
    event.preventDefault();
    if (address.startsWith('#')) document.getElementById(address.slice(1))?.scrollIntoView();
    else this.#options.go({ url: new URL(address, this.#base).href, method: 'GET' });
  }

  #submit(event: SubmitEvent): void {
    const { target, submitter } = event;
    if (event.defaultPrevented || !(target instanceof HTMLFormElement)) return;
    event.preventDefault();
    void this.#send(target, submitter);
  }

  async #send(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
    const given = (name: string): string | null => submitter?.getAttribute(`form${name}`) ?? form.getAttribute(name);
    const url = new URL(given('action') ?? '', this.#base);
    const data = new FormData(form, submitter);
    const fields = [...data].map(([name, value]) => [name, typeof value === 'string' ? value : value.name]);
    const encoded = new URLSearchParams(fields as [string, string][]);
    if (given('method')?.toLowerCase() !== 'post') {
      url.search = encoded.toString();
      this.#options.go({ url: url.href, method: 'GET' });
      return;
    }
    const whole = new Response(given('enctype') === 'multipart/form-data' ? data : encoded);
    const type = whole.headers.get('content-type') ?? '';
    this.#options.go({ url: url.href, method: 'POST', type, body: await whole.arrayBuffer() });
  }

  /** `5; url=there`. */
  #refresh(content: string): void {
    const [, seconds, address] = /^\s*([\d.]+)\s*(?:[;,]\s*(?:url\s*=\s*)?['"]?(.*?)['"]?\s*)?$/i.exec(content) ?? [];
    if (seconds === undefined) return;
    const url = new URL(address ?? '', this.#base).href;
    setTimeout(() => this.#options.go({ url, method: 'GET' }), Number(seconds) * 1000);
  }
}

/** A body that stops is given up with its time. */
async function readInTime(
  fetcher: FrameFetcher,
  answer: FrameAnswer,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  return Promise.race([
    fetcher.read(answer),
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  ]);
}

function decode(bytes: Uint8Array, media: string): string {
  const [, named] =
    /charset=["']?([\w.:-]+)/i.exec(media) ?? /<meta[^>]+charset=["']?([\w.:-]+)/i.exec(asAscii(bytes)) ?? [];
  try {
    return new TextDecoder(named ?? 'utf-8').decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

/** The part in which a page says how it is written. */
function asAscii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 1024));
}

/** What is no page: a picture or a text is shown, anything else is said. */
function showOther(bytes: Uint8Array<ArrayBuffer>, media: string): void {
  const [kind = ''] = media.split('/');
  const element = document.createElement(
    kind === 'image' ? 'img' : kind === 'video' || kind === 'audio' ? kind : 'pre',
  );
  if (element instanceof HTMLImageElement || element instanceof HTMLMediaElement) {
    element.src = URL.createObjectURL(new Blob([concatBytes([bytes])], { type: media }));
    if (element instanceof HTMLMediaElement) element.controls = true;
  } else if (/^text\/|json|xml|javascript/i.test(media)) element.textContent = decode(bytes, media);
  else element.textContent = `${media}, ${bytes.length} bytes`;
  document.body.replaceChildren(element);
}
