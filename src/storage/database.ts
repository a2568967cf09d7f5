import { type DBSchema, type IDBPDatabase, type IDBPObjectStore, openDB, type StoreNames } from 'idb';
import type { RecordCollection } from '../api/records';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { withTimeout } from '../base/timeout';
import type { BlobRecord } from './blob-backend';

/** An ingest in flight: which contents may have chunks without a record, and whose they are. */
export interface IngestEntry {
  readonly content: string;
  /** The connection that writes it; its Web Lock says whether it still lives. */
  readonly session: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/**
 * Invariant: every key in `chunks` begins with a content that `blobs` or `ingests` names. Each transaction
 * that writes keeps it, so a tab that dies at any moment leaves nothing that the next open does not find.
 */
export interface StoreSchema extends DBSchema, Record<RecordCollection, { key: string; value: unknown }> {
  blobs: { key: string; value: BlobRecord };
  /** Blobs, not ArrayBuffers: see idb-backend.ts. */
  chunks: { key: [content: string, index: number]; value: Blob };
  ingests: { key: string; value: IngestEntry };
  metadata: { key: string; value: string };
  /** Blocks of disks, see disks/. */
  extents: { key: [layer: string, index: number]; value: Blob | ArrayBuffer };
  diskLayers: { key: string; value: unknown };
  /** Shared folders, see folders/. */
  folders: { key: [folder: string, part: string, id: number | string]; value: unknown };
  folderChunks: { key: [folder: string, inode: number, index: number]; value: Blob | ArrayBuffer };
}

/** The lab's records: an object store for each collection. */
const firstCollections = ['instances', 'networks', 'reservations', 'snapshots', 'disks'] as const;

export const imageCollections = ['images', 'imageLeases', 'layers'] as const;

const containerCollections = ['containers', 'containerLogs', 'containerVolumes', 'containerNetworks'] as const;

export const recordCollections: readonly RecordCollection[] = [
  ...firstCollections,
  'leases',
  'layouts',
  ...imageCollections,
  ...containerCollections,
];

/** All chunks of a content. */
export function chunksOf(content: string): IDBKeyRange {
  return IDBKeyRange.bound([content, 0], [content, Number.MAX_SAFE_INTEGER]);
}

export type StoreDatabase = IDBPDatabase<StoreSchema>;

export const schemaVersion = 7;

/** What each version of the schema added. Nothing is ever taken away without moving what was in it. */
const additions: readonly (readonly StoreNames<StoreSchema>[])[] = [
  ['blobs', 'chunks', 'ingests', 'metadata'],
  [...firstCollections, 'extents', 'diskLayers'],
  ['leases'],
  [...imageCollections],
  [...containerCollections],
  ['folders', 'folderChunks'],
  ['layouts'],
];

/** An older tab is asked to let go (`versionchange`) and does so at once; this is for one that hangs. */
const blockedTimeoutMs = 5000;

/** The one connection to the database; opened again when it was lost. */
export class Database {
  readonly #name: string;
  readonly #clock: Clock;
  #connection: Promise<StoreDatabase> | undefined;
  #closed = false;

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
  }

  /**
   * Runs `work` on the connection, and once more on a new one when the first was closed underneath it (by the
   * browser, or because another tab upgraded the database) or a transaction was aborted, which undid it.
   * `work` must be safe to repeat. Errors: `Unavailable` when there is no connection to be had or both times
   * failed, `ResourceExhausted` when there is no room, `Internal` for what else the browser says.
   */
  async use<T>(work: (database: StoreDatabase) => Promise<T>): Promise<T> {
    const database = await this.#connect();
    try {
      return await work(database);
    } catch (error) {
      if (!isTransient(error)) throw typed(error);
      this.#forget();
      database.close();
    }
    const reopened = await this.#connect();
    try {
      return await work(reopened);
    } catch (error) {
      if (!isTransient(error)) throw typed(error);
      throw new SandboxError('Unavailable', 'The browser closed the storage twice in a row; reload the page', {
        cause: error,
      });
    }
  }

  /** Reads one object store at one instant. Errors as of {@link use}. */
  read<Name extends StoreNames<StoreSchema>, T>(
    name: Name,
    work: (store: IDBPObjectStore<StoreSchema, [Name], Name, 'readonly'>) => Promise<T>,
  ): Promise<T> {
    return this.use((database) => {
      const transaction = database.transaction(name);
      // Its end says nothing that the requests do not say, but unheard it would be an unhandled rejection.
      transaction.done.catch(() => undefined);
      return work(transaction.store);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = this.#connection;
    this.#forget();
    // A connection that never opened has nothing to close.
    const database = await connection?.catch(() => undefined);
    database?.close();
  }

  #connect(): Promise<StoreDatabase> {
    if (this.#closed) return Promise.reject(new SandboxError('Unavailable', 'The store is closed'));
    if (!this.#connection) {
      const connection = this.#open();
      this.#connection = connection;
      connection.catch(() => this.#forget(connection));
    }
    return this.#connection;
  }

  #open(): Promise<StoreDatabase> {
    const opening = this.#request().catch((error: unknown) => {
      if (this.#closed || !isTransient(error)) throw error;
      return this.#request();
    });
    const message = 'Another tab holds the storage; close other tabs of this page and reload';
    const opened = withTimeout(this.#clock, blockedTimeoutMs, message, opening.catch(rethrowOpening));
    // A connection that comes after its time is nobody's: close it, or it would block others in turn.
    opened.catch(() => opening.then((late) => late.close()).catch(() => undefined));
    return opened;
  }

  // Async, because where storage is denied the mere access to `indexedDB` throws.
  async #request(): Promise<StoreDatabase> {
    return openDB<StoreSchema>(this.#name, schemaVersion, {
      upgrade(database, oldVersion, _newVersion, transaction) {
        // Its failure is the opening's.
        transaction.done.catch(() => undefined);
        for (const name of additions.slice(oldVersion).flat()) database.createObjectStore(name);
      },
      // Another tab wants to upgrade: let go at once. What is under way finishes; what comes next reopens.
      blocking: (_current, _blocked, event) => {
        this.#forget();
        (event.target as IDBDatabase).close();
      },
      terminated: () => this.#forget(),
    });
  }

  #forget(connection = this.#connection): void {
    if (this.#connection === connection) this.#connection = undefined;
  }
}

function rethrowOpening(cause: unknown): never {
  const newer = cause instanceof Error && cause.name === 'VersionError';
  const message = newer
    ? 'The stored data belong to a newer version of this page; reload it'
    : 'The browser refuses storage to this page';
  throw new SandboxError('Unavailable', message, { cause });
}

/**
 * `InvalidStateError`: the connection is closed. `UnknownError`: Safari's lost connection to its storage
 * process, or an error of the disk. `AbortError`: the browser ended a transaction, and with it undid it.
 */
const transientNames: readonly string[] = ['InvalidStateError', 'UnknownError', 'AbortError'];

function isTransient(error: unknown): boolean {
  return error instanceof DOMException && transientNames.includes(error.name);
}

/** What the browser says, with a code. */
function typed(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  if (error.name === 'QuotaExceededError') {
    return new SandboxError('ResourceExhausted', 'The browser has no room left for this page; free disk space', {
      cause: error,
    });
  }
  return new SandboxError('Internal', `The browser's storage failed: ${error.message || error.name}`, { cause: error });
}
