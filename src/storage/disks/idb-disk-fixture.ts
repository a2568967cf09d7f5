import { systemClock } from '../../base/clock';
import { Database } from '../database';
import { randomId } from '../random-id';
import type { DiskFixture } from './disk-store.conformance';
import { IdbDiskBackend } from './idb-disk-backend';

/** Disks in a database of their own, in whichever IndexedDB the platform has. For tests. */
export async function openIdbDiskFixture(): Promise<DiskFixture> {
  const name = `test-${randomId()}`;
  const database = new Database(name, systemClock);
  return {
    backend: new IdbDiskBackend(database),
    async dispose() {
      await database.close();
      indexedDB.deleteDatabase(name);
    },
  };
}
