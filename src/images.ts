import type { EngineApi } from './api/engine-api';
import type { Clock } from './base/clock';
import type { Event } from './base/events';
import { Images } from './engine/images';
import type { Lab } from './engine/lab';
import { Registries } from './engine/registries';
import type { Remote } from './rpc/control';
import { estimateStorage } from './storage/quota';
import type { StoreService } from './storage/store-service';
import type { StoreEvent } from './storage/store-supervision';
import { ImageShelf } from './ui/images/image-shelf';
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
  const images = new Images({ remote, store, persist: () => navigator.storage.persist() });
  await images.open();
  return { images, registries: new Registries({ remote, store }), remote, store };
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
export function createImageShelf(stock: PageStock, lab: Lab, page: Pick<Store, 'report' | 'announce' | 'launchImage'>) {
  return new ImageShelf({
    ...stock,
    lab,
    report: (title, error) => page.report(title, error),
    announce: (message) => page.announce(message),
    launch: (wish) => page.launchImage(wish),
    quota: async () => (await estimateStorage())?.quota,
  });
}
