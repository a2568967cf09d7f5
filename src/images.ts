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
}

/** A part of the page that comes when it is first wanted. */
export async function openStock(remote: Remote<StoreService>, store: Event<StoreEvent>): Promise<PageStock> {
  const images = new Images({ remote, store, persist: () => navigator.storage.persist() });
  await images.open();
  return { images, registries: new Registries({ remote, store }) };
}

/** The Docker Engine API of the lab. */
export async function openEngineApi({ images, registries }: PageStock, lab: Lab, clock: Clock): Promise<EngineApi> {
  const { createEngineApi } = await import('./engine/http/create-engine-api');
  return createEngineApi({ engine: await lab.containers(), images, registries, clock });
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
