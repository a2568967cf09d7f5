import { type Clock, every } from './base/clock';
import type { ToServiceWorker } from './offline/messages';
import { scriptUrl } from './rpc/spawn-browser';

/** When the worker that keeps the page for later is fetched, milliseconds: after the first prompt. */
const registerMs = 5000;

/** A page may stay open for days. */
const checkMs = 60 * 60 * 1000;

export interface VersionSteps {
  readonly clock: Clock;
  /** A new version is here whole. It begins when all of the page's tabs are closed, or when `begin` is called. */
  readonly ready: (begin: () => void) => void;
  /** Before the page gives way to the new version: what runs is saved. */
  readonly save: () => Promise<void>;
}

/** Keeps the page for when there is no network, and tells of new versions. Nothing is reloaded unasked. */
export function followVersions({ clock, ready, save }: VersionSteps): void {
  const { serviceWorker } = navigator;
  // Not in a frame whose storage is denied, nor on a plain http address.
  if (!serviceWorker || !import.meta.env.PROD) return;
  clock.after(registerMs, () => {
    register(serviceWorker, (waiting) =>
      ready(() => void save().then(() => beginVersion(serviceWorker, waiting))),
    ).then(
      (registration) => every(clock, checkMs, () => void registration.update().catch(() => {})),
      // Denied by the browser: the page works, and needs a network the next time.
      () => {},
    );
  });
}

async function register(
  container: ServiceWorkerContainer,
  installed: (worker: ServiceWorker) => void,
): Promise<ServiceWorkerRegistration> {
  const url = scriptUrl(new URL('service-worker.js', document.baseURI).href);
  const registration = await container.register(url, { updateViaCache: 'none' });
  // The first version has nobody to replace.
  const watch = (worker: ServiceWorker | null): void => {
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && container.controller) installed(worker);
    });
  };
  if (registration.waiting && container.controller) installed(registration.waiting);
  watch(registration.installing);
  registration.addEventListener('updatefound', () => watch(registration.installing));
  return registration;
}

function beginVersion(container: ServiceWorkerContainer, worker: ServiceWorker): void {
  container.addEventListener('controllerchange', () => location.reload(), { once: true });
  worker.postMessage({ kind: 'begin' } satisfies ToServiceWorker);
}
