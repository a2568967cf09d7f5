import type { EngineApi } from './api/engine-api';
import type { Operation } from './api/operation';
import type { Clock } from './base/clock';
import type { Event } from './base/events';
import { gatewayReference } from './engine/gateway-module';
import { Images } from './engine/images';
import type { Lab } from './engine/lab';
import { artifactsOf } from './engine/machine-images';
import { OfflineArtifacts } from './engine/offline-artifacts';
import { Registries } from './engine/registries';
import { keepStorage } from './keep-storage';
import type { Remote } from './rpc/control';
import { estimateStorage } from './storage/quota';
import type { StoreService } from './storage/store-service';
import type { StoreEvent } from './storage/store-supervision';
import { standardFlavor } from './ui/flavors';
import { ImageShelf } from './ui/images/image-shelf';
import { OfflineShelf } from './ui/images/offline-shelf';
import type { Store } from './ui/store';

/** The images of the page's store, and the registries they come from. */
export interface PageStock {
  readonly images: Images;
  readonly registries: Registries;
  readonly remote: Remote<StoreService>;
  readonly store: Event<StoreEvent>;
}

/** A part of the page that comes when it is first wanted. */
export async function openStock(remote: Remote<StoreService>, store: Event<StoreEvent>): Promise<PageStock> {
  const images = new Images({ remote, store, persist: keepStorage });
  await images.open();
  return { images, registries: new Registries({ remote, store, tell: (event) => images.tell(event) }), remote, store };
}

/** Frees what came of versions of the registry's artifacts that it does not have any more. */
export async function sweepArtifacts(remote: Remote<StoreService>): Promise<void> {
  await new OfflineArtifacts({ remote, persist: keepStorage }).sweep();
}

/** Stores what a first machine starts from, and its network, so that it can be started without one. */
export async function keepFirstMachine(remote: Remote<StoreService>): Promise<void> {
  const { memoryMiB, devices, containerHost } = standardFlavor.draft;
  const wanted = [...artifactsOf({ memoryMiB, devices, containerHost }), gatewayReference];
  // Whether the browser is to keep it is asked when there is something of somebody's own.
  await new OfflineArtifacts({ remote, persist: async () => false }).keep(wanted);
}

/** Brings an image that is not here; what the registry says is a phase of the operation. */
export function pullFrom({ registries }: PageStock): (image: string, operation: Operation) => Promise<void> {
  return async (image, { signal, onProgress }) => {
    await registries.pull(image, {
      ...(signal && { signal }),
      onEvent: (event) => event.kind === 'message' && onProgress?.({ phase: event.text }),
    });
  };
}

/** The Docker Engine API of the lab. */
export async function openEngineApi(stock: PageStock, lab: Lab, clock: Clock): Promise<EngineApi> {
  const [{ createEngineApi }, { createLabBuilder }] = await Promise.all([
    import('./engine/http/create-engine-api'),
    import('./engine/builds/lab-builder'),
  ]);
  const engine = await lab.containers();
  const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
  const builder = createLabBuilder({ ...stock, lab, engine, clock, randomBytes, fetch: (...asked) => fetch(...asked) });
  return createEngineApi({ engine, ...stock, builder, clock });
}

/** What shows them. */
export function createImageShelf(stock: PageStock, lab: Lab, page: Pick<Store, 'report' | 'announce' | 'launches'>) {
  const told = {
    report: (title: string, error: unknown) => page.report(title, error),
    announce: (message: string) => page.announce(message),
  };
  const artifacts = new OfflineArtifacts({ remote: stock.remote, persist: keepStorage });
  return new ImageShelf({
    ...stock,
    ...told,
    lab,
    launch: (wish) => page.launches.image(wish),
    quota: async () => (await estimateStorage())?.quota,
    offline: new OfflineShelf({ ...stock, ...told, lab, artifacts }),
  });
}
