import type { Digest } from '../api/content-store';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import type { BlobBackend, BlobRecord, Chunk } from './blob-backend';
import { chunksOf, type Database } from './database';
import { embeddedBlob } from './embedded-blob';
import { collectAbandoned, type Session } from './ingest-journal';
import { availableBytes, quotaExceeded } from './quota';
import { writeToEnd } from './write-transaction';

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
    return this.#database.read('blobs', (blobs) => blobs.get(digest));
  }

  list(): Promise<readonly BlobRecord[]> {
    return this.#database.read('blobs', (blobs) => blobs.getAll());
  }

  async read(record: BlobRecord, start: number, end: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (start === end) return new Uint8Array();
    const first = Math.floor(start / record.chunkSize);
    const last = Math.ceil(end / record.chunkSize) - 1;
    const range = IDBKeyRange.bound([record.content, first], [record.content, last]);
    const chunks = await this.#database.read('chunks', (store) => store.getAll(range)).catch(whenUnreadable);
    if (!chunks) return undefined;
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
    const available = await availableBytes();
    if (size !== undefined && available !== undefined && size > available) throw quotaExceeded(size, available);
    const entry = { content, session: this.#session.id, startedAt: this.#clock.now() };
    await writeToEnd(this.#database, ['ingests'], {}, (transaction) => [
      transaction.objectStore('ingests').put(entry, content),
    ]);
  }

  async put(content: string, chunk: Chunk): Promise<void> {
    await writeToEnd(this.#database, ['ingests', 'chunks'], { needed: chunk.bytes.length }, async (transaction) => {
      await requireEntry(transaction.objectStore('ingests').get(content));
      return [transaction.objectStore('chunks').put(embeddedBlob(chunk.bytes), [content, chunk.index])];
    });
  }

  async commit(record: BlobRecord, last: Chunk | undefined): Promise<void> {
    const { content, digest } = record;
    const needed = last?.bytes.length ?? 0;
    // Strict: what is committed survives a power cut; the chunks before it go to the disk with it.
    await writeToEnd(
      this.#database,
      ['ingests', 'chunks', 'blobs'],
      { needed, durability: 'strict' },
      async (transaction) => {
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
          ...(last ? [chunks.put(embeddedBlob(last.bytes), [content, last.index])] : []),
          ...(earlier ? [chunks.delete(chunksOf(earlier.content))] : []),
          blobs.put(record, digest),
          ingests.delete(content),
        ];
      },
    );
  }

  async drop(content: string): Promise<void> {
    await writeToEnd(this.#database, ['ingests', 'chunks'], {}, async (transaction) => {
      const entry = await transaction.objectStore('ingests').get(content);
      if (!entry) return [];
      return [
        transaction.objectStore('chunks').delete(chunksOf(content)),
        transaction.objectStore('ingests').delete(content),
      ];
    });
  }

  async remove(digest: Digest): Promise<void> {
    await writeToEnd(this.#database, ['blobs', 'chunks'], {}, async (transaction) => {
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
}

/** Chromium's `DataError` and Firefox's `NotReadableError`: the file of a large value has gone or is damaged. */
function whenUnreadable(error: unknown): undefined {
  const cause = error instanceof SandboxError ? error.cause : undefined;
  if (cause instanceof DOMException && ['DataError', 'NotReadableError'].includes(cause.name)) return undefined;
  throw error;
}

async function requireEntry(entry: Promise<unknown>): Promise<void> {
  if ((await entry) === undefined) throw new SandboxError('Aborted', 'The ingest was dropped; begin another');
}
