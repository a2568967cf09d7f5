import type { Digest, StoreView } from '../api/content-store';
import type { ImageCollection } from '../api/records';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import {
  type BlobBackend,
  type BlobCommit,
  type BlobRecord,
  type Chunk,
  infoOf,
  type UpdatePlan,
} from './blob-backend';
import { chunksOf, type Database, imageCollections } from './database';
import { embeddedBytes, embeddedPart, joinParts } from './embedded-blob';
import { collectAbandoned, type Session } from './ingest-journal';
import { availableBytes, quotaExceeded } from './quota';
import { changeRequests, copyChanges, readEntries } from './record-store';
import { type WriteTransaction, writeToEnd } from './write-transaction';

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

type BlobStore = 'ingests' | 'chunks' | 'blobs';
const blobStores: BlobStore[] = ['ingests', 'chunks', 'blobs'];

/** A transaction over the stores of blobs, and maybe over more. */
type BlobTransaction = Pick<WriteTransaction<BlobStore>, 'objectStore'>;

/** Blobs in IndexedDB. */
export class IdbBackend implements BlobBackend {
  readonly chunkSize: number;
  readonly partSize: number;
  readonly makePart = embeddedPart;
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
    this.partSize = Math.min(chunkSize, embeddedBytes);
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
    await writeToEnd(this.#database, ['ingests', 'chunks'], { needed: chunk.size }, async (transaction) => {
      await requireEntry(transaction.objectStore('ingests').get(content));
      return [transaction.objectStore('chunks').put(joinParts(chunk.parts), [content, chunk.index])];
    });
  }

  async commit(commits: readonly BlobCommit[], plan?: UpdatePlan): Promise<void> {
    const needed = commits.reduce((sum, { last }) => sum + (last?.size ?? 0), 0);
    // Strict: what is committed survives a power cut; the chunks before it go to the disk with it.
    const options = { needed, durability: 'strict' } as const;
    if (!plan) {
      await writeToEnd(this.#database, blobStores, options, (transaction) => commitBlobs(transaction, commits));
      return;
    }
    await writeToEnd(this.#database, [...blobStores, ...imageCollections], options, async (transaction) => {
      const update = await plan(viewOf(transaction));
      const requests = await commitBlobs(transaction, commits);
      for (const digest of update.remove ?? []) requests.push(...(await removeBlob(transaction, digest)));
      return [...requests, ...changeRequests(transaction, copyChanges(update.changes ?? []))];
    });
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
    await writeToEnd(this.#database, blobStores, {}, (transaction) => removeBlob(transaction, digest));
  }

  async close(): Promise<void> {
    await this.#database.close();
    this.#session.end();
  }
}

async function commitBlobs(transaction: BlobTransaction, commits: readonly BlobCommit[]): Promise<Promise<unknown>[]> {
  const [ingests, chunks, blobs] = [
    transaction.objectStore('ingests'),
    transaction.objectStore('chunks'),
    transaction.objectStore('blobs'),
  ];
  const requests: Promise<unknown>[] = [];
  for (const { record, last } of commits) {
    const { content, digest } = record;
    const earlier = await blobs.get(digest);
    // A commit that is repeated because the connection was lost after it had gone through.
    if (earlier?.content === content) continue;
    await requireEntry(ingests.get(content));
    if (last) requests.push(heard(chunks.put(joinParts(last.parts), [content, last.index])));
    if (earlier) requests.push(heard(chunks.delete(chunksOf(earlier.content))));
    requests.push(heard(blobs.put(record, digest)), heard(ingests.delete(content)));
  }
  return requests;
}

async function removeBlob(transaction: BlobTransaction, digest: Digest): Promise<Promise<unknown>[]> {
  const [chunks, blobs] = [transaction.objectStore('chunks'), transaction.objectStore('blobs')];
  const record = await blobs.get(digest);
  if (!record) return [];
  return [heard(blobs.delete(digest)), heard(chunks.delete(chunksOf(record.content)))];
}

/** A request that fails because another one did is nobody's unhandled rejection. */
function heard<T>(request: Promise<T>): Promise<T> {
  request.catch(() => undefined);
  return request;
}

function viewOf(transaction: WriteTransaction<BlobStore | ImageCollection>): StoreView {
  return {
    list: (collection) => readEntries(transaction.objectStore(collection)),
    get: (collection, key) => transaction.objectStore(collection).get(key),
    blobs: async () => (await transaction.objectStore('blobs').getAll()).map(infoOf),
  };
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
