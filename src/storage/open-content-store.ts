import type { ContentStore } from '../api/content-store';
import { type Clock, systemClock } from '../base/clock';
import { toSandboxError } from '../base/errors';
import { Database } from './database';
import { IdbBackend } from './idb-backend';
import { openSession } from './ingest-journal';
import { MemoryBackend } from './memory-backend';
import { IdbMetadataStore, MemoryMetadataStore, type MetadataStore } from './metadata-store';
import { VerifiedContentStore } from './verified-content-store';

export interface OpenedStore {
  readonly store: ContentStore;
  readonly metadata: MetadataStore;
  /** False in memory mode: everything is gone when the page closes. */
  readonly persistent: boolean;
  /** Why it is not persistent, for people. */
  readonly reason?: string;
}

export interface OpenStoreOptions {
  readonly databaseName?: string;
  readonly clock?: Clock;
  /** Bytes; tests take small ones. */
  readonly chunkSize?: number;
  /** Absent where the platform has none. */
  readonly locks?: LockManager | undefined;
}

const defaultDatabaseName = 'strata';
const probeKey = 'probe';

/** The store in IndexedDB, or in memory, with the reason, where the browser denies storage. */
export async function openContentStore(options: OpenStoreOptions = {}): Promise<OpenedStore> {
  try {
    return await openIdbContentStore(options);
  } catch (error) {
    const reason = `Nothing is saved: ${toSandboxError(error).message}`;
    return { ...createMemoryContentStore(options), persistent: false, reason };
  }
}

/** The store in IndexedDB. `Unavailable` where the browser denies it. */
export async function openIdbContentStore(options: OpenStoreOptions = {}): Promise<OpenedStore> {
  const { databaseName = defaultDatabaseName, clock = systemClock, chunkSize, locks = findLocks() } = options;
  const database = new Database(databaseName, clock);
  try {
    await probeBlobs(database);
    const session = await openSession(locks);
    const backend = new IdbBackend(database, session, clock, chunkSize === undefined ? {} : { chunkSize });
    await backend.collect();
    const store = new VerifiedContentStore(backend, clock);
    return { store, metadata: new IdbMetadataStore(database), persistent: true };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The store in this thread's memory. */
export function createMemoryContentStore({
  clock = systemClock,
  chunkSize,
  limit,
}: OpenStoreOptions & { readonly limit?: number } = {}): OpenedStore {
  const backend = new MemoryBackend({
    ...(chunkSize !== undefined && { chunkSize }),
    ...(limit !== undefined && { limit }),
  });
  return { store: new VerifiedContentStore(backend, clock), metadata: new MemoryMetadataStore(), persistent: false };
}

/**
 * Some browsers open a database in a private window and refuse to keep a Blob in it, so the first visit
 * tries with one byte. Later visits know, because the probe leaves a note.
 */
async function probeBlobs(database: Database): Promise<void> {
  const metadata = new IdbMetadataStore(database);
  if ((await metadata.get(probeKey)) !== undefined) return;
  await database.use(async (connection) => {
    const transaction = connection.transaction('chunks', 'readwrite');
    const requests = [transaction.store.put(new Blob(['x']), [probeKey, 0]), transaction.store.delete([probeKey, 0])];
    await Promise.all([...requests, transaction.done]);
  });
  await metadata.put(probeKey, 'Blobs can be stored');
}

function findLocks(): LockManager | undefined {
  return typeof navigator === 'undefined' ? undefined : (navigator.locks as LockManager | undefined);
}
