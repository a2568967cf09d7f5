import type { StoreNames } from 'idb';
import type { RecordChange, RecordCollection, RecordStore } from '../api/records';
import { SandboxError } from '../base/errors';
import { type Database, recordCollections, type StoreSchema } from './database';
import { type WriteTransaction, writeToEnd } from './write-transaction';

type Entry = Awaited<ReturnType<RecordStore['list']>>[number];

/** Records in IndexedDB. One `apply` is one strict transaction: acknowledged means on the disk. */
export class IdbRecordStore implements RecordStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(collection: RecordCollection): Promise<readonly Entry[]> {
    requireCollection(collection);
    return this.#database.read(collection, readEntries);
  }

  async apply(changes: readonly RecordChange[]): Promise<void> {
    const copies = copyChanges(changes);
    if (copies.length === 0) return;
    const collections = [...new Set(copies.map(({ collection }) => collection))];
    const options = { needed: sizeOfChanges(copies), durability: 'strict' } as const;
    await writeToEnd(this.#database, collections, options, (transaction) => changeRequests(transaction, copies));
  }
}

/** All records of an object store. */
export async function readEntries(store: {
  getAllKeys(): Promise<string[]>;
  getAll(): Promise<unknown[]>;
}): Promise<readonly Entry[]> {
  const [keys, values] = await Promise.all([store.getAllKeys(), store.getAll()]);
  return keys.map((key, index) => ({ key, value: values[index] }));
}

/** The requests that make changes which {@link copyChanges} has checked. */
export function changeRequests<Names extends StoreNames<StoreSchema>>(
  transaction: WriteTransaction<Names | RecordCollection>,
  copies: readonly RecordChange[],
): readonly Promise<unknown>[] {
  return copies.map(({ collection, key, value }) => {
    const store = transaction.objectStore(collection);
    return value === undefined ? store.delete(key) : store.put(value, key);
  });
}

/** Records in this thread's memory, gone with it. */
export class MemoryRecordStore implements RecordStore {
  readonly #collections = new Map(recordCollections.map((name) => [name, new Map<string, unknown>()]));

  async get(collection: RecordCollection, key: string): Promise<unknown> {
    return structuredClone(requireCollection(collection, this.#collections).get(key));
  }

  async list(collection: RecordCollection): Promise<readonly Entry[]> {
    const entries = [...requireCollection(collection, this.#collections)];
    // By UTF-16 code units, which is how IndexedDB sorts its keys.
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.map(([key, value]) => ({ key, value: structuredClone(value) }));
  }

  async apply(changes: readonly RecordChange[]): Promise<void> {
    // Everything that can fail is done before the first record changes.
    this.put(copyChanges(changes));
  }

  /** Takes changes that {@link copyChanges} has checked. */
  put(copies: readonly RecordChange[]): void {
    for (const { collection, key, value } of copies) {
      const records = requireCollection(collection, this.#collections);
      if (value === undefined) records.delete(key);
      else records.set(key, value);
    }
  }
}

const known = new Map(recordCollections.map((name) => [name, name]));

/** What there is under the name of a collection. The name may come from another thread. */
function requireCollection(collection: RecordCollection): RecordCollection;
function requireCollection<T>(collection: RecordCollection, all: ReadonlyMap<RecordCollection, T>): T;
function requireCollection(collection: RecordCollection, all: ReadonlyMap<RecordCollection, unknown> = known): unknown {
  const found = all.get(collection);
  if (found === undefined) throw new SandboxError('InvalidArgument', `No such collection of records: ${collection}`);
  return found;
}

/**
 * The changes with values of our own, checked: after this nothing about them can fail any more. Values go
 * through JSON, so that a record is read back as it was written whatever keeps it.
 */
export function copyChanges(changes: readonly RecordChange[]): readonly RecordChange[] {
  return changes.map(({ collection, key, value }) => {
    requireCollection(collection);
    if (typeof key !== 'string') throw new SandboxError('InvalidArgument', `The key of a record is a text, not ${key}`);
    return value === undefined ? { collection, key } : { collection, key, value: copyJson(collection, key, value) };
  });
}

function copyJson(collection: string, key: string, value: unknown): unknown {
  try {
    const copy: unknown = JSON.parse(JSON.stringify(value));
    return copy;
  } catch (cause) {
    throw new SandboxError('InvalidArgument', `The record ${collection}/${key} is not plain JSON`, { cause });
  }
}

/** Bytes, nearly: for the message when there is no room. */
export function sizeOfChanges(changes: readonly RecordChange[]): number {
  return changes.reduce((sum, { key, value }) => sum + key.length + (JSON.stringify(value)?.length ?? 0), 0);
}
