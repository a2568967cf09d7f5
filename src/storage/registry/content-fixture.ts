import type { ContentStore } from '../../api/content-store';
import { type Clock, systemClock } from '../../base/clock';
import { ImageStore } from '../images/image-store';
import { createMemoryContentStore } from '../open-content-store';

/** The real store of images, in memory, with a look at what is in it. */
export class ContentFixture extends ImageStore {
  readonly store: ContentStore;

  constructor(
    { store, records, layers } = createMemoryContentStore({ chunkSize: 100_000 }),
    clock: Clock = systemClock,
  ) {
    super({ content: store, records, layers, clock });
    this.store = store;
  }

  async references(): Promise<readonly string[]> {
    return (await this.records()).images.flatMap(({ references }) => references);
  }

  /** Leases that were taken and not released. */
  async leases(): Promise<number> {
    return (await this.records()).leases.length;
  }
}
