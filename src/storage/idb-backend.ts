import type { IDBPTransaction, StoreNames } from 'idb';
import type { Digest } from '../api/content-store';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import type { BlobBackend, BlobRecord, Chunk } from './blob-backend';
import { chunksOf, type Database, type StoreSchema } from './database';
import { collectAbandoned, type Session } from './ingest-journal';
import { estimateStorage, quotaExceeded } from './quota';

type WriteTransaction<Names extends StoreNames<StoreSchema>> = IDBPTransaction<StoreSchema, Names[], 'readwrite'>;

/**
 * Bytes of a chunk, and of a transaction. Measured in Chromium on 21 MB, median of a whole verified read:
 *
 * | chunk | read, ms | write, ms |
 * |---|---|---|
 * | 1 MiB ArrayBuffer | 550 | 430 |
 * | 1 MiB Blob | 190 | 270 |
 * | 4 MiB Blob | 140 | 250 |
 * | 8 MiB Blob | 115 | 280 |
 * | 16 MiB Blob | 110 | 285 |
 *
 * Chromium keeps any large value as a file of its own, but serializes and compresses an ArrayBuffer first;
 * a Blob is that file, and a part of one can be read. Much larger Blobs have been lost by browsers.
 */
const defaultChunkSize = 8 * 1024 * 1024;

/** Blobs in IndexedDB. */
export class IdbBackend implements BlobBackend {
  readonly chunkSize: number;
  readonly #database: Database;
  readonly #session: Session;
  readonly #clock: Clock;

  constructor(
    database: Database,
    session: Session,
    clock: Clock,
    { chunkSize = defaultChunkSize }: { chunkSize?: number } = {},
  ) {
    this.#database = database;
    this.#session = session;
    this.#clock = clock;
    this.chunkSize = chunkSize;
  }

  /** Removes what ingests that never ended have left behind. Returns how many there were. */
  collect(): Promise<number> {
    return collectAbandoned(this.#database, this.#session, this.#clock);
  }

  find(digest: Digest): Promise<BlobRecord | undefined> {
    return this.#database.use((database) => database.get('blobs', digest));
  }

  list(): Promise<readonly BlobRecord[]> {
    return this.#database.use((database) => database.getAll('blobs'));
  }

  async read(record: BlobRecord, start: number, end: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (start === end) return new Uint8Array();
    const first = Math.floor(start / record.chunkSize);
    const last = Math.ceil(end / record.chunkSize) - 1;
    const range = IDBKeyRange.bound([record.content, first], [record.content, last]);
    const chunks = await this.#database.use((database) => database.getAll('chunks', range));
    // One Blob of all chunks, so that the browser copies once, straight into the result.
    const whole = new Blob(chunks);
    const base = first * record.chunkSize;
    // A Blob whose file has gone or is unreadable rejects: damage like any other.
    const buffer = await whole
      .slice(start - base, end - base)
      .arrayBuffer()
      .catch(() => undefined);
    return buffer && new Uint8Array(buffer);
  }

  async begin(content: string, size: number | undefined): Promise<void> {
    const estimate = await estimateStorage();
    const available = estimate && Math.max(0, estimate.quota - estimate.usage);
    if (size !== undefined && available !== undefined && size > available) throw quotaExceeded(size, available);
    const entry = { content, session: this.#session.id, startedAt: this.#clock.now() };
    await this.#write(['ingests'], {}, (transaction) => [transaction.objectStore('ingests').put(entry, content)]);
  }

  async put(content: string, chunk: Chunk): Promise<void> {
    await this.#write(['ingests', 'chunks'], { needed: chunk.bytes.length }, async (transaction) => {
      await requireEntry(transaction.objectStore('ingests').get(content));
      return [transaction.objectStore('chunks').put(new Blob([chunk.bytes]), [content, chunk.index])];
    });
  }

  async commit(record: BlobRecord, last: Chunk | undefined): Promise<void> {
    const { content, digest } = record;
    const needed = last?.bytes.length ?? 0;
    // Strict: what is committed survives a power cut; the chunks before it go to the disk with it.
    await this.#write(['ingests', 'chunks', 'blobs'], { needed, durability: 'strict' }, async (transaction) => {
      const [ingests, chunks, blobs] = [
        transaction.objectStore('ingests'),
        transaction.objectStore('chunks'),
        transaction.objectStore('blobs'),
      ];
      const earlier = await blobs.get(digest);
      // A commit that is repeated because the connection was lost after it had gone through.
      if (earlier?.content === content) return [];
      await requireEntry(ingests.get(content));
      return [
        ...(last ? [chunks.put(new Blob([last.bytes]), [content, last.index])] : []),
        ...(earlier ? [chunks.delete(chunksOf(earlier.content))] : []),
        blobs.put(record, digest),
        ingests.delete(content),
      ];
    });
  }

  async drop(content: string): Promise<void> {
    await this.#write(['ingests', 'chunks'], {}, async (transaction) => {
      const entry = await transaction.objectStore('ingests').get(content);
      if (!entry) return [];
      return [
        transaction.objectStore('chunks').delete(chunksOf(content)),
        transaction.objectStore('ingests').delete(content),
      ];
    });
  }

  async remove(digest: Digest): Promise<void> {
    await this.#write(['blobs', 'chunks'], {}, async (transaction) => {
      const record = await transaction.objectStore('blobs').get(digest);
      if (!record) return [];
      return [
        transaction.objectStore('blobs').delete(digest),
        transaction.objectStore('chunks').delete(chunksOf(record.content)),
      ];
    });
  }

  async close(): Promise<void> {
    await this.#database.close();
    this.#session.end();
  }

  /** A transaction that is over, in the good sense, when this resolves. `needed` is for the message only. */
  async #write<Names extends StoreNames<StoreSchema>>(
    names: Names[],
    { needed = 0, durability = 'relaxed' }: { needed?: number; durability?: IDBTransactionDurability },
    work: (transaction: WriteTransaction<Names>) => readonly Promise<unknown>[] | Promise<readonly Promise<unknown>[]>,
  ): Promise<void> {
    try {
      await this.#database.use((database) => runToEnd(database.transaction(names, 'readwrite', { durability }), work));
    } catch (error) {
      if (!(error instanceof Error && error.name === 'QuotaExceededError')) throw error;
      const estimate = await estimateStorage();
      throw quotaExceeded(needed, estimate && Math.max(0, estimate.quota - estimate.usage), error);
    }
  }
}

/**
 * The error of a transaction arrives on the transaction: over quota Chromium fails no request at all, it
 * aborts. So the transaction's end is what is awaited, and its error what is told.
 */
async function runToEnd<Names extends StoreNames<StoreSchema>>(
  transaction: WriteTransaction<Names>,
  work: (transaction: WriteTransaction<Names>) => readonly Promise<unknown>[] | Promise<readonly Promise<unknown>[]>,
): Promise<void> {
  const ended = transaction.done.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  let refusal: { readonly error: unknown } | undefined;
  try {
    // Handled here, so that a request failing with its transaction is not an unhandled rejection.
    for (const request of await work(transaction)) request.catch(() => undefined);
  } catch (error) {
    refusal = { error };
    abortQuietly(transaction);
  }
  const failure = await ended;
  if (refusal?.error instanceof SandboxError) throw refusal.error;
  if (failure) throw failure.error ?? refusal?.error;
  if (refusal) throw refusal.error;
}

function abortQuietly(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // It had ended by itself, which is how it came to fail.
  }
}

async function requireEntry(entry: Promise<unknown>): Promise<void> {
  if ((await entry) === undefined) throw new SandboxError('Aborted', 'The ingest was dropped; begin another');
}
