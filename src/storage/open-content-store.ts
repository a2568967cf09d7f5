import type { ContentStore } from '../api/content-store';
import type { RecordStore } from '../api/records';
import { type Clock, systemClock } from '../base/clock';
import { toSandboxError } from '../base/errors';
import type { SpawnWorker } from '../rpc/worker-handle';
import { Database } from './database';
import { IdbDiskBackend } from './disks/idb-disk-backend';
import { LayeredDiskStore } from './disks/layered-disk-store';
import { MemoryDiskBackend } from './disks/memory-disk-backend';
import { embeddedPart } from './embedded-blob';
import { FolderStore } from './folders/folder-store';
import { IdbFolderBackend } from './folders/idb-folder-backend';
import { MemoryFolderBackend } from './folders/memory-folder-backend';
import { IdbBackend } from './idb-backend';
import { ImageStore } from './images/image-store';
import { openSession, type Session } from './ingest-journal';
import { LayerStore } from './layers/layer-store';
import { MemoryBackend } from './memory-backend';
import { IdbMetadataStore, MemoryMetadataStore, type MetadataStore } from './metadata-store';
import { IdbRecordStore, MemoryRecordStore } from './record-store';
import { SealerThread } from './sealer-thread';
import { VerifiedContentStore } from './verified-content-store';
import { writeToEnd } from './write-transaction';

export interface OpenedStore {
  readonly store: ContentStore;
  readonly metadata: MetadataStore;
  readonly records: RecordStore;
  readonly layers: LayerStore;
  readonly images: ImageStore;
  /** To be disposed of before the store is closed: it writes what guests have not flushed. */
  readonly disks: LayeredDiskStore;
  /** The same. */
  readonly folders: FolderStore;
  /** False in memory mode: everything is gone when the page closes. */
  readonly persistent: boolean;
  /** The Web Lock that this thread holds for as long as the store is open; others can wait for its end. */
  readonly lock?: string | undefined;
  /** Why it is not persistent, for people. */
  readonly reason?: string;
}

export interface OpenStoreOptions {
  readonly databaseName?: string;
  readonly clock?: Clock;
  /** Bytes; tests take small ones. */
  readonly chunkSize?: number;
  /** Starts a thread that serves a {@link SealerService}; without one, everything is hashed in this. */
  readonly spawnSealer?: SpawnWorker;
  /** Absent where the platform has none. */
  readonly locks?: LockManager | undefined;
  /** Nothing is to be kept, for this reason. */
  readonly unsaved?: string;
}

const defaultDatabaseName = 'strata';
const probeKey = 'probe';

/** The store in IndexedDB, or in memory, with the reason, where nothing is to be kept or the browser denies storage. */
export async function openContentStore(options: OpenStoreOptions = {}): Promise<OpenedStore> {
  const { unsaved } = options;
  if (unsaved !== undefined) return { ...createMemoryContentStore(options), reason: unsaved };
  try {
    return await openIdbContentStore(options);
  } catch (error) {
    const reason = `Nothing is saved: ${toSandboxError(error).message}`;
    return { ...createMemoryContentStore(options), persistent: false, reason };
  }
}

/** The store in IndexedDB. `Unavailable` where the browser denies it. */
export async function openIdbContentStore(options: OpenStoreOptions = {}): Promise<OpenedStore> {
  const {
    databaseName = defaultDatabaseName,
    clock = systemClock,
    chunkSize,
    spawnSealer,
    locks = findLocks(),
  } = options;
  const database = new Database(databaseName, clock);
  let session: Session | undefined;
  try {
    await probeBlobs(database);
    session = await openSession(locks);
    const backend = new IdbBackend(database, session, clock, chunkSize === undefined ? {} : { chunkSize });
    await backend.collect();
    const sealers = spawnSealer && new SealerThread(spawnSealer, embeddedPart);
    const store = new VerifiedContentStore(backend, clock, sealers);
    const metadata = new IdbMetadataStore(database);
    const disks = new LayeredDiskStore(new IdbDiskBackend(database), clock);
    const records = new IdbRecordStore(database);
    const parts = { store, records, ...createImageStores(store, records, clock) };
    const folders = new FolderStore(new IdbFolderBackend(database), clock);
    return { ...parts, metadata, disks, folders, persistent: true, lock: session.lock };
  } catch (error) {
    session?.end();
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
  const records = new MemoryRecordStore();
  const backend = new MemoryBackend({
    records,
    ...(chunkSize !== undefined && { chunkSize }),
    ...(limit !== undefined && { limit }),
  });
  const store = new VerifiedContentStore(backend, clock);
  return {
    store,
    metadata: new MemoryMetadataStore(),
    records,
    ...createImageStores(store, records, clock),
    disks: new LayeredDiskStore(new MemoryDiskBackend(limit === undefined ? {} : { limit }), clock),
    folders: new FolderStore(new MemoryFolderBackend(limit === undefined ? {} : { limit }), clock),
    persistent: false,
  };
}

function createImageStores(
  content: ContentStore,
  records: RecordStore,
  clock: Clock,
): Pick<OpenedStore, 'layers' | 'images'> {
  const layers = new LayerStore(content, records);
  return { layers, images: new ImageStore({ content, records, layers, clock }) };
}

/**
 * Some browsers open a database in a private window and refuse to keep a Blob in it, so the first visit
 * tries with one byte. Later visits know, because the probe leaves a note.
 */
async function probeBlobs(database: Database): Promise<void> {
  const metadata = new IdbMetadataStore(database);
  if ((await metadata.get(probeKey)) !== undefined) return;
  await writeToEnd(database, ['chunks'], {}, (transaction) => {
    const chunks = transaction.objectStore('chunks');
    return [chunks.put(new Blob(['x']), [probeKey, 0]), chunks.delete([probeKey, 0])];
  });
  await metadata.put(probeKey, 'Blobs can be stored');
}

function findLocks(): LockManager | undefined {
  return typeof navigator === 'undefined' ? undefined : (navigator.locks as LockManager | undefined);
}
