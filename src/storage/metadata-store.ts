import type { Database } from './database';

/** Small texts by key that are kept beside the blobs: they are found by name, not by digest, and change. */
export interface MetadataStore {
  get(key: string): Promise<string | undefined>;
  put(key: string, value: string): Promise<void>;
}

export class MemoryMetadataStore implements MetadataStore {
  readonly #values = new Map<string, string>();

  async get(key: string): Promise<string | undefined> {
    return this.#values.get(key);
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
    return this.#database.use((database) => database.get('metadata', key));
  }

  async put(key: string, value: string): Promise<void> {
    // idb's short form resolves when the transaction is done, not when the request is.
    await this.#database.use((database) => database.put('metadata', value, key));
  }
}
