/**
 * The app's foot on a preview origin: a page that is never seen. It registers the service worker and hands it the
 * port that the app's page gives, again whenever the browser has ended the worker.
 */
import { type AppConfig, type AppToBridge, type BridgeToApp, type WorkerToPage, workerPath } from './messages';

const nonce = location.hash.slice(1);
/** Whom ports are taken from and asked of, once it is known. */
let app: string | undefined;

function tell(state: BridgeToApp['state'], message?: string): void {
  if (app === undefined) return;
  const told: BridgeToApp = { kind: 'strata-preview', nonce, state, ...(message !== undefined && { message }) };
  parent.postMessage(told, app);
}

async function allowed(origin: string): Promise<boolean> {
  const response = await fetch('app.json', { cache: 'no-cache' });
  const { origins } = (await response.json()) as AppConfig;
  return origins.includes(origin);
}

/** The worker that is, or is about to be, in charge. */
async function worker(): Promise<ServiceWorker> {
  const registration = await navigator.serviceWorker.register(workerPath, { scope: '/', updateViaCache: 'none' });
  const found = registration.installing ?? registration.waiting ?? registration.active;
  if (!found) throw new Error('The service worker did not come to be');
  if (found.state !== 'activated') {
    await new Promise<void>((resolve, reject) => {
      found.addEventListener('statechange', () => {
        if (found.state === 'activated') resolve();
        if (found.state === 'redundant') reject(new Error('The service worker could not be installed'));
      });
    });
  }
  return found;
}

async function take(port: MessagePort): Promise<void> {
  (await worker()).postMessage({ kind: 'strata-port' }, [port]);
}

addEventListener('message', ({ source, origin, data, ports: [port] }: MessageEvent<Partial<AppToBridge> | null>) => {
  if (source !== parent || parent === self || data?.kind !== 'strata-preview-port' || data.nonce !== nonce || !port)
    return;
  allowed(origin)
    .then((known) => {
      app = origin;
      if (known) return take(port);
      throw new Error(`app.json of this origin does not name ${origin}`);
    })
    .catch((error: unknown) => tell('failed', error instanceof Error ? error.message : String(error)));
});

navigator.serviceWorker?.addEventListener('message', ({ data }: MessageEvent<WorkerToPage>) => {
  if (data.kind === 'strata-port-taken') tell('ready');
  if (data.kind === 'strata-port-wanted') tell('wanted');
});
