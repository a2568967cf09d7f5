/**
 * Runs first in every page of a guest, and makes three things work that a service worker cannot: WebSockets,
 * `document.cookie`, and links that call the guest by its own address. What a page does to it harms itself alone.
 */
import { createWebSocket } from './guest-web-socket';
import type { PageToFrame, PageToWorker, WorkerToPage } from './messages';

const script = document.currentScript as HTMLScriptElement | null;
const hosts = new Set(script?.dataset['hosts']?.split(' '));
let cookies = script?.dataset['cookies'] ?? '';
script?.remove();

const { serviceWorker } = navigator;

function tell(message: PageToWorker, ports: MessagePort[] = []): void {
  serviceWorker.controller?.postMessage(message, ports);
}

globalThis.WebSocket = createWebSocket((url, protocols, port) => {
  if (serviceWorker.controller) tell({ kind: 'strata-socket', url, protocols }, [port]);
  else port.close();
});

Object.defineProperty(Document.prototype, 'cookie', {
  configurable: true,
  enumerable: true,
  get: () => cookies,
  set(text: unknown) {
    tell({ kind: 'strata-cookie', url: location.href, text: String(text) });
    cookies = withCookie(cookies, String(text));
  },
});

/** What the lab will make of it, before it has: a script may look at once. */
function withCookie(before: string, text: string): string {
  const [pair = '', ...attributes] = text.split(';').map((each) => each.trim());
  const name = pair.slice(0, pair.indexOf('=') + 1);
  const others = before.split('; ').filter((each) => each !== '' && !each.startsWith(name));
  const ended = attributes.some((each) => /^max-age=(0|-)/i.test(each) || isPast(each));
  return (ended ? others : [...others, pair]).join('; ');
}

function isPast(attribute: string): boolean {
  const [, date] = /^expires=(.+)$/i.exec(attribute) ?? [];
  return date !== undefined && Date.parse(date.replace(/-/g, ' ')) < Date.now();
}

function readCookies(): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<string>) => {
    cookies = data;
    port1.close();
  };
  tell({ kind: 'strata-cookies', url: location.href }, [port2]);
}

serviceWorker.addEventListener('message', (event: MessageEvent<WorkerToPage | undefined>) => {
  if (event.data?.kind !== 'strata-cookies-changed') return;
  event.stopImmediatePropagation();
  readCookies();
});
serviceWorker.startMessages();

/** An address of the guest's own, as the browser can have it. */
function localized(address: string): string {
  const url = new URL(address, document.baseURI);
  if (!/^https?:$/.test(url.protocol) || !hosts.has(url.host)) return address;
  return `${location.origin}${url.pathname}${url.search}${url.hash}`;
}

addEventListener(
  'click',
  (event) => {
    const link = event
      .composedPath()
      .find((each) => each instanceof HTMLAnchorElement || each instanceof HTMLAreaElement);
    if (!link?.href) return;
    link.href = localized(link.href);
    stayHere(link);
  },
  true,
);

addEventListener(
  'submit',
  ({ target, submitter }) => {
    if (target instanceof HTMLFormElement) {
      // A form may have a field of that name.
      const action = target.getAttribute('action');
      if (action !== null) target.setAttribute('action', localized(action));
      stayHere(target);
    }
    const own = submitter?.getAttribute('formaction');
    if (own) submitter?.setAttribute('formaction', localized(own));
  },
  true,
);

/** A pane has no other windows. */
function stayHere(element: Element): void {
  const target = element.getAttribute('target');
  if (target === '_blank' || target === '_new' || target === '_top' || target === '_parent')
    element.removeAttribute('target');
}

function sayWhere(): void {
  if (parent === self) return;
  const path = `${location.pathname}${location.search}${location.hash}`;
  parent.postMessage({ kind: 'strata-at', path, title: document.title } satisfies PageToFrame, '*');
}

for (const type of ['DOMContentLoaded', 'load', 'pageshow', 'popstate', 'hashchange']) addEventListener(type, sayWhere);
for (const method of ['pushState', 'replaceState'] as const) {
  const plain = history[method];
  history[method] = function (this: History, ...args) {
    plain.apply(this, args);
    sayWhere();
  };
}
