import type { RecordStore } from '../api/records';
import { createMemoryContentStore } from '../storage/open-content-store';
import { StoreService } from '../storage/store-service';
import type { BlobClient } from './blob-client';
import type { SnapshotStores } from './snapshot-archive';

/** The stores of a lab, in memory. For tests. */
export interface Stores extends SnapshotStores {
  readonly records: RecordStore;
  readonly blobCount: () => Promise<number>;
}

export async function createStores({ limit }: { limit?: number } = {}): Promise<Stores> {
  const opened = createMemoryContentStore(limit === undefined ? {} : { limit });
  const service = new StoreService({ open: async () => opened });
  await service.open('http://localhost/');
  const blobs: BlobClient = {
    put: (bytes, label) => service.putBlob(bytes, label === undefined ? {} : { label }),
    read: (digests) => service.readBlobs(digests),
    missing: (digests) => service.missingBlobs(digests),
    delete: (digest) => service.deleteBlob(digest),
    sweep: (label, keep) => service.sweepBlobs(label, keep),
  };
  const { disks, records, store } = opened;
  return { blobs, disks, records, blobCount: async () => (await store.list()).length };
}
