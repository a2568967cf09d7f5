/**
 * The service worker of a preview origin: whatever its pages ask goes to the lab's page by a MessagePort, and nothing
 * goes anywhere else.
 */
import type { PreviewAnswer, PreviewApi, PreviewHeaders } from '../api/preview';
import { systemClock } from '../base/clock';
import { createDeferred, type Deferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { withTimeout } from '../base/timeout';
import { readableFromPort } from '../rpc/byte-stream';
import { type Connection, connect, type Remote, transfer } from '../rpc/control';
import { requestBodyPort } from '../rpc/request-body';
import { gonePage } from './gone-page';
import { bridgePath, type PageToWorker, reservedFolder, type WorkerToPage, workerPath } from './messages';

/** What is used of the types that TypeScript's library has for service workers alone. */
interface Lasting {
  waitUntil(until: Promise<unknown>): void;
}
interface FetchEvent extends Event, Lasting {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface WorkerClient {
  readonly url: string;
  postMessage(message: WorkerToPage): void;
}
interface Scope extends EventTarget {
  readonly clients: {
    matchAll(options: { includeUncontrolled: boolean; type: 'window' }): Promise<readonly WorkerClient[]>;
    claim(): Promise<void>;
  };
  skipWaiting(): Promise<void>;
}
const scope = self as unknown as Scope;

/** How long the app's page may take to give a port again, milliseconds. */
const portMs = 5000;

/** The lab's own times end a request much earlier; this is for a page that is there and does not answer. */
const answerMs = 90_000;

/** Where the end of a port is not told, it is looked for the app's page before each request. */
const closeIsTold = 'onclose' in MessagePort.prototype;

interface Line extends Connection<PreviewApi> {
  readonly ended: AbortController;
}

let line: Line | undefined;
const waiting = new Set<Deferred<void>>();

async function bridges(): Promise<readonly WorkerClient[]> {
  const all = await scope.clients.matchAll({ includeUncontrolled: true, type: 'window' });
  return all.filter(({ url }) => new URL(url).pathname === bridgePath);
}

function take(port: MessagePort): void {
  hangUp('The preview was opened anew');
  const taken: Line = { ...connect<PreviewApi>(port), ended: new AbortController() };
  port.addEventListener('close', () => {
    if (line === taken) hangUp('The page of the lab was closed');
  });
  line = taken;
  for (const each of waiting) each.resolve();
}

function hangUp(why: string): void {
  const reason = new SandboxError('Unavailable', why);
  line?.ended.abort(reason);
  line?.close(reason);
  line = undefined;
}

/** The line to the lab; asked for again when the browser has ended this worker in the meantime. */
async function lab(): Promise<Line> {
  if (line && (closeIsTold || (await bridges()).length > 0)) return line;
  const turn = createDeferred<void>();
  waiting.add(turn);
  try {
    const there = await bridges();
    if (there.length === 0) throw new SandboxError('Unavailable', 'The page of the lab is not open');
    for (const bridge of there) bridge.postMessage({ kind: 'strata-port-wanted' });
    await withTimeout(systemClock, portMs, 'The page of the lab does not answer', turn.promise);
  } finally {
    waiting.delete(turn);
  }
  if (!line) throw new SandboxError('Unavailable', 'The page of the lab is not open');
  return line;
}

async function answer(request: Request): Promise<Response> {
  try {
    const { remote, ended } = await lab();
    return await ask(request, remote, ended.signal);
  } catch {
    return gonePage(request.mode === 'navigate');
  }
}

async function ask(request: Request, remote: Remote<PreviewApi>, lost: AbortSignal): Promise<Response> {
  const channel = new MessageChannel();
  const stream = readableFromPort(channel.port1, lost);
  request.signal.addEventListener('abort', () => void stream.cancel().catch(() => {}));
  const body = await requestBodyPort(request);
  const { method, url, destination, referrer } = request;
  const headers: PreviewHeaders = [...request.headers];
  const asked = { method, url, headers, destination, referrer, answer: channel.port2, ...(body && { body }) };
  const answering = remote.request(transfer(asked, [channel.port2, ...(body ? [body] : [])]));
  const head = await withTimeout(systemClock, answerMs, 'The lab does not answer', answering);
  if (head.cookiesChanged) void tellPages();
  if (!head.hasBody) channel.port1.close();
  return toResponse(head, head.hasBody ? stream : null);
}

function toResponse({ status, reason, headers }: PreviewAnswer, body: ReadableStream | null): Response {
  const own = new Headers();
  for (const [name, value] of headers) own.append(name, value);
  return new Response(body, { status, statusText: reason, headers: own });
}

async function tellPages(): Promise<void> {
  const all = await scope.clients.matchAll({ includeUncontrolled: false, type: 'window' });
  for (const client of all) client.postMessage({ kind: 'strata-cookies-changed' });
}

async function hear(data: PageToWorker, [port]: readonly MessagePort[], source: WorkerClient): Promise<void> {
  if (data.kind === 'strata-port') {
    if (!port || new URL(source.url).pathname !== bridgePath) return;
    take(port);
    source.postMessage({ kind: 'strata-port-taken' });
    return;
  }
  const { remote } = await lab();
  if (data.kind === 'strata-cookie') await remote.setCookie(data.url, data.text);
  if (data.kind === 'strata-cookies') port?.postMessage(await remote.cookies(data.url));
  if (data.kind === 'strata-socket' && port) {
    await remote.openSocket(data.url, [...data.protocols], transfer(port, [port]));
  }
}

scope.addEventListener('install', () => void scope.skipWaiting());
scope.addEventListener('activate', (event) => (event as Event & Lasting).waitUntil(scope.clients.claim()));
scope.addEventListener('message', (event) => {
  const { data, ports, source } = event as MessageEvent<PageToWorker>;
  (event as Event & Lasting).waitUntil(
    hear(data, ports, source as unknown as WorkerClient).catch(() => {
      // A page that waits for a socket is told by the end of its port.
      for (const port of ports) port.close();
    }),
  );
});
scope.addEventListener('fetch', (event) => {
  const { request, respondWith } = event as FetchEvent;
  const { origin, pathname, protocol } = new URL(request.url);
  const ours = origin === location.origin && (pathname.startsWith(reservedFolder) || pathname === workerPath);
  if (ours || !protocol.startsWith('http')) return;
  respondWith.call(event, answer(request));
});
