import type { Operation } from '../api/operation';
import type { RecordStore } from '../api/records';
import { throwIfAborted } from '../base/errors';
import { callback, type Remote, transfer } from '../rpc/control';
import type { Artifact } from '../storage/artifact-source';
import type { LoadRequest, StoreService } from '../storage/store-service';
import type { BlobClient } from './blob-client';

/** Where artifacts come from, in this thread or another. */
export interface ArtifactLoader {
  resolve(reference: string): Promise<Artifact>;
  /** The verified bytes, the caller's own. */
  load(request: Omit<LoadRequest, 'task'>, operation?: Operation): Promise<ArrayBuffer>;
}

/** The store in its worker, as seen from here: signals and progress cross the boundary. */
export function createStoreClient(remote: Remote<StoreService>): ArtifactLoader {
  let lastTask = 0;
  return {
    resolve: (reference) => remote.resolve(reference),
    async load(request, { signal, onProgress } = {}) {
      throwIfAborted(signal);
      lastTask += 1;
      const task = `load-${lastTask}`;
      const cancel = (): void => void remote.cancel(task).catch(() => {});
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        return await remote.loadArtifact({ ...request, task }, ...(onProgress ? [callback(onProgress)] : []));
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    },
  };
}

/** The lab's records in the store's worker. */
export function createRecordClient(remote: Remote<StoreService>): RecordStore {
  return {
    list: (collection) => remote.listRecords(collection),
    apply: (changes) => remote.applyRecords(changes),
  };
}

/** The store's blobs as the engine uses them. */
export function createBlobClient(remote: Remote<StoreService>): BlobClient {
  return {
    put: (bytes, label) => remote.putBlob(transfer(bytes, [bytes]), label === undefined ? {} : { label }),
    read: (digests) => remote.readBlobs(digests),
    missing: (digests) => remote.missingBlobs(digests),
    delete: (digest) => remote.deleteBlob(digest),
    sweep: (label, keep) => remote.sweepBlobs(label, keep),
  };
}
