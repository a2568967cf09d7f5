import { openDB } from 'idb';
import type { Digest } from '../api/content-store';
import type { SpawnWorker } from '../rpc/worker-handle';
import type { StoreFixture } from './content-store.conformance';
import type { StoreSchema } from './database';
import { openIdbContentStore } from './open-content-store';
import { randomId } from './random-id';

/**
 * A store in a database of its own, in whichever IndexedDB the platform has. For tests. With a thread for sealing, all its
 * ingests are bulk.
 */
export async function openIdbFixture(chunkSize: number, spawnSealer?: SpawnWorker): Promise<StoreFixture> {
  const databaseName = `test-${randomId()}`;
  const { store } = await openIdbContentStore({ databaseName, chunkSize, ...(spawnSealer && { spawnSealer }) });
  const ingest = store.ingest.bind(store);
  if (spawnSealer) store.ingest = (expect) => ingest({ ...expect, bulk: true });
  const back = await openDB<StoreSchema>(databaseName);
  return {
    store,
    chunkSize,
    countChunks: () => back.count('chunks'),
    async flipBit(digest: Digest, byte: number) {
      const record = await back.get('blobs', digest);
      const key: [string, number] = [record?.content ?? '', Math.floor(byte / chunkSize)];
      const chunk = new Uint8Array(await ((await back.get('chunks', key)) ?? new Blob()).arrayBuffer());
      chunk[byte % chunkSize] = (chunk[byte % chunkSize] ?? 0) ^ 0x10;
      await back.put('chunks', new Blob([chunk]), key);
    },
    async dispose() {
      await store.close();
      back.close();
      indexedDB.deleteDatabase(databaseName);
    },
  };
}
