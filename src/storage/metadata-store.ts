import type { Database } from './database';
import { type WriteOptions, writeToEnd } from './write-transaction';

export type MetadataOptions = Pick<WriteOptions, 'durability'>;

/** Small texts by key that are kept beside the blobs: they are found by name, not by digest, and change. */
export interface MetadataStore {
  get(key: string): Promise<string | undefined>;
  /** Those whose keys begin so. */
  list(prefix: string): Promise<readonly string[]>;
  /** `strict` survives a power cut; `relaxed` unless said. */
  put(key: string, value: string, options?: MetadataOptions): Promise<void>;
}

export class MemoryMetadataStore implements MetadataStore {
  readonly #values = new Map<string, string>();

  async get(key: string): Promise<string | undefined> {
    return this.#values.get(key);
  }

  async list(prefix: string): Promise<readonly string[]> {
    return [...this.#values].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value);
  }

  async put(key: string, value: string): Promise<void> {
    this.#values.set(key, value);
  }
}

export class IdbMetadataStore implements MetadataStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(key: string): Promise<string | undefined> {
    return this.#database.read('metadata', (metadata) => metadata.get(key));
  }

  list(prefix: string): Promise<readonly string[]> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    return this.#database.read('metadata', (metadata) => metadata.getAll(range));
  }

  async put(key: string, value: string, options: MetadataOptions = {}): Promise<void> {
    await writeToEnd(this.#database, ['metadata'], { ...options, needed: value.length }, (transaction) => [
      transaction.objectStore('metadata').put(value, key),
    ]);
  }
}
