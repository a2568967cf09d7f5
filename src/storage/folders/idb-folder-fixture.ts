import { systemClock } from '../../base/clock';
import { Database } from '../database';
import { randomId } from '../random-id';
import type { FolderFixture } from './folder-store.conformance';
import { IdbFolderBackend } from './idb-folder-backend';

/** Folders in a database of their own, in whichever IndexedDB the platform has. For tests. */
export async function openIdbFolderFixture(): Promise<FolderFixture> {
  const name = `test-${randomId()}`;
  const database = new Database(name, systemClock);
  return {
    backend: new IdbFolderBackend(database),
    async dispose() {
      await database.close();
      indexedDB.deleteDatabase(name);
    },
  };
}
