import type {
  BlobInfo,
  ByteRange,
  ContentStore,
  Digest,
  Expectation,
  Ingest,
  StoreUpdate,
  StoreView,
} from '../api/content-store';
import type { Operation } from '../api/operation';
import type { RecordChange } from '../api/records';
import type { Clock } from '../base/clock';
import { SandboxError, throwIfAborted } from '../base/errors';
import { failpoint } from '../base/failpoint';
import { type BlobBackend, type BlobRecord, infoOf } from './blob-backend';
import { blockSize, createBlockVerifier, type VerifyBlocks } from './block-checksums';
import { createPartSealer } from './part-sealer';
import type { SealerThread } from './sealer-thread';
import { beginIngest, commitIngests } from './store-ingest';

/** Bytes handed out at a time by `open`; a multiple of the block size. */
const pieceSize = 4 * blockSize;

/** How often a read starts over because the blob was ingested again underneath it. */
const readAttempts = 3;

/** A content store over a backend: this is where what goes in and comes out is verified. */
export class VerifiedContentStore implements ContentStore {
  readonly #backend: BlobBackend;
  readonly #clock: Clock;
  readonly #thread: SealerThread | undefined;
  #verifier: Promise<VerifyBlocks> | undefined;

  /** `thread` is for large ingests. */
  constructor(backend: BlobBackend, clock: Clock, thread?: SealerThread) {
    this.#backend = backend;
    this.#clock = clock;
    this.#thread = thread;
  }

  async info(digest: Digest): Promise<BlobInfo> {
    return infoOf(await this.#find(digest));
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.#backend.find(digest)) !== undefined;
  }

  async read(digest: Digest, operation: Operation = {}): Promise<Uint8Array<ArrayBuffer>> {
    throwIfAborted(operation.signal);
    const record = await this.#find(digest);
    const bytes = await this.#readVerified(record, { start: 0, end: record.size });
    throwIfAborted(operation.signal);
    return bytes;
  }

  async *open(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array<ArrayBuffer>> {
    const record = await this.#find(digest);
    const { start, end } = range ?? { start: 0, end: record.size };
    if (
      !(Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end && end <= record.size)
    ) {
      throw new SandboxError(
        'InvalidArgument',
        `No such range in blob ${digest}: ${start} to ${end} of ${record.size} bytes`,
      );
    }
    // Pieces end where blocks end, so that no block is read and verified twice.
    for (let from = start; from < end; ) {
      const to = Math.min(end, (Math.floor(from / pieceSize) + 1) * pieceSize);
      yield await this.#readVerified(record, { start: from, end: to });
      from = to;
    }
  }

  async ingest(expect: Expectation): Promise<Ingest> {
    const sealer =
      expect.bulk && this.#thread
        ? await this.#thread.open()
        : await createPartSealer((bytes) => this.#backend.makePart(bytes));
    return beginIngest(this.#backend, this.#clock, expect, sealer);
  }

  commitAll(
    ingests: readonly Ingest[],
    plan: (blobs: readonly BlobInfo[], view: StoreView) => Promise<readonly RecordChange[]>,
  ): Promise<readonly BlobInfo[]> {
    return commitIngests(this.#backend, ingests, plan);
  }

  async update(plan: (view: StoreView) => Promise<StoreUpdate>): Promise<void> {
    await failpoint('store.update');
    await this.#backend.commit([], plan);
    await failpoint('store.updated');
  }

  async list(): Promise<readonly BlobInfo[]> {
    const records = await this.#backend.list();
    return records.map(infoOf);
  }

  delete(digest: Digest): Promise<void> {
    return this.#backend.remove(digest);
  }

  close(): Promise<void> {
    return this.#backend.close();
  }

  async #find(digest: Digest): Promise<BlobRecord> {
    const record = await this.#backend.find(digest);
    if (!record) throw new SandboxError('NotFound', `No such blob: ${digest}`, { details: { digest } });
    return record;
  }

  async #readVerified(record: BlobRecord, range: ByteRange): Promise<Uint8Array<ArrayBuffer>> {
    let current = record;
    for (let attempt = 1; ; attempt += 1) {
      const bytes = await this.#readBlocks(current, range);
      if (bytes) return bytes;
      // A second ingest of the same blob replaces the chunks of the first: look again before calling it damage.
      const latest = await this.#find(record.digest);
      if (latest.content === current.content || attempt === readAttempts) throw damaged(record.digest);
      current = latest;
    }
  }

  async #readBlocks(record: BlobRecord, { start, end }: ByteRange): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const firstBlock = Math.floor(start / blockSize);
    const from = firstBlock * blockSize;
    const to = Math.min(record.size, Math.ceil(end / blockSize) * blockSize);
    const bytes = await this.#backend.read(record, from, to);
    if (!bytes || bytes.length !== to - from) return undefined;
    this.#verifier ??= createBlockVerifier();
    const verify = await this.#verifier;
    if (!verify(bytes, firstBlock, record.checksums)) return undefined;
    return from === start && to === end ? bytes : bytes.slice(start - from, end - from);
  }
}

function damaged(digest: Digest): SandboxError {
  return new SandboxError('DataLoss', `The stored bytes of blob ${digest} are damaged; delete it and fetch it again`, {
    details: { digest },
  });
}
