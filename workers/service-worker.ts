import { fileHeaders } from '../scripts/headers.mjs';
import { systemClock } from '../src/base/clock';
import { type EnginePage, EnginePath } from '../src/offline/engine-path';
import type { ToServiceWorker } from '../src/offline/messages';
import { ShellCache, type ShellFile } from '../src/offline/shell-cache';

/** What is used of the types that TypeScript's library has for service workers alone. */
interface LastingEvent extends Event {
  waitUntil(until: Promise<unknown>): void;
}
interface FetchEvent extends LastingEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Events {
  install: LastingEvent;
  activate: LastingEvent;
  fetch: FetchEvent;
  message: MessageEvent<ToServiceWorker | undefined>;
}
declare const self: {
  /** Filled in by the build. */
  readonly __WB_MANIFEST: readonly ShellFile[];
  readonly registration: { readonly scope: string };
  readonly clients: {
    matchAll(options: { readonly type: 'window' }): Promise<readonly EnginePage[]>;
    claim(): Promise<void>;
  };
  skipWaiting(): Promise<void>;
  addEventListener<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void;
};

/** A host that cannot set headers cannot say either which registries may be asked. */
const anyRegistry = { connect: ['https:', 'wss:'] };

const shell = new ShellCache({
  files: self.__WB_MANIFEST,
  settings: ['preview.json'],
  scope: self.registration.scope,
  caches,
  fetch: (request) => fetch(request),
  headers: (path) => fileHeaders(`/${path}`, anyRegistry),
});

const engine = new EnginePath({
  scope: self.registration.scope,
  pages: () => self.clients.matchAll({ type: 'window' }),
  clock: systemClock,
});

self.addEventListener('install', (event) => event.waitUntil(shell.install()));

// A version begins when no page of the one before is open, or when its only page asks for it.
// The page that brought the first one has it at once: it may lose its network before it is ever loaded again.
self.addEventListener('activate', (event) => event.waitUntil(shell.removeOthers().then(() => self.clients.claim())));

self.addEventListener('fetch', (event) => {
  const answer = engine.answer(event.request) ?? shell.answer(event.request);
  if (answer) event.respondWith(answer);
});

self.addEventListener('message', ({ data }) => {
  if (data?.kind === 'begin') void self.skipWaiting();
});
