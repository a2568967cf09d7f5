import type { Digest } from '../api/content-store';
import type { RegistryOffer } from '../api/offline';
import type { Operation } from '../api/operation';
import type { Remote } from '../rpc/control';
import type { KeptArtifacts } from '../storage/kept-artifacts';
import type { StoreService } from '../storage/store-service';
import { storePart } from './store-part';
import { runStoreTask } from './store-task';

export interface OfflineArtifactsOptions {
  readonly remote: Remote<StoreService>;
  /** Asks the browser to keep what this page stores; only a page can. */
  readonly persist: () => Promise<boolean>;
}

/** What the page's registry has, and what of it is kept, as a page uses it. See `storage/kept-artifacts.ts`. */
export class OfflineArtifacts {
  readonly #options: OfflineArtifactsOptions;
  readonly #service: Remote<KeptArtifacts>;

  constructor(options: OfflineArtifactsOptions) {
    this.#options = options;
    this.#service = storePart<KeptArtifacts>(options.remote, 'artifacts');
  }

  offers(): Promise<readonly RegistryOffer[]> {
    return this.#service.offers();
  }

  async keep(references: readonly string[], operation: Operation = {}): Promise<void> {
    await runStoreTask(this.#options.remote, operation, (task, onProgress) =>
      this.#service.keep(task, references, ...onProgress),
    );
    // Whatever the browser says: it is kept for now.
    await this.#options.persist();
  }

  remove(references: readonly string[], needed: readonly Digest[]): Promise<void> {
    return this.#service.remove(references, needed);
  }

  /** What came of versions that the registry does not have any more, and that nothing here needs. */
  sweep(): Promise<void> {
    return this.#service.sweep();
  }
}
