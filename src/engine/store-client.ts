import type { Operation } from '../api/operation';
import type { RecordStore } from '../api/records';
import type { ShareStore } from '../api/share';
import type { FolderService } from '../api/shared-folder';
import { type Remote, transfer } from '../rpc/control';
import type { Artifact } from '../storage/artifact-source';
import type { LoadRequest, StoreService } from '../storage/store-service';
import type { BlobClient } from './blob-client';
import { storePart } from './store-part';
import { runStoreTask } from './store-task';

/** Where artifacts come from, in this thread or another. */
export interface ArtifactLoader {
  resolve(reference: string): Promise<Artifact>;
  /** The verified bytes, the caller's own. */
  load(request: Omit<LoadRequest, 'task'>, operation?: Operation): Promise<ArrayBuffer>;
}

/** The store in its worker, as seen from here: signals and progress cross the boundary. */
export function createStoreClient(remote: Remote<StoreService>): ArtifactLoader {
  return {
    resolve: (reference) => remote.resolve(reference),
    load: (request, operation = {}) =>
      runStoreTask(remote, operation, (task, onProgress) => remote.loadArtifact({ ...request, task }, ...onProgress)),
  };
}

/** The lab's records in the store's worker. */
export function createRecordClient(remote: Remote<StoreService>): RecordStore {
  return {
    list: (collection) => remote.listRecords(collection),
    apply: (changes) => remote.applyRecords(changes),
  };
}

/** The files of shares in the store's worker. */
export function createShareClient(remote: Remote<StoreService>): ShareStore {
  return {
    openLayer: (diffId) => remote.openLayer(diffId),
    folders: storePart<FolderService>(remote, 'folders') as FolderService,
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
