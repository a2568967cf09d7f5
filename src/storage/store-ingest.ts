import type { BlobInfo, Digest, Expectation, Ingest, StoreView } from '../api/content-store';
import type { RecordChange } from '../api/records';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { failpoint } from '../base/failpoint';
import { type BlobBackend, type BlobCommit, type Chunk, type ChunkPart, infoOf } from './blob-backend';
import type { PartSealer } from './part-sealer';
import { randomId } from './random-id';

/** Parts that are filled or sealed at the same time; more than two, because a thread may have to wait for its turn. */
const partsUnderWay = 4;

/**
 * Bytes of a chunk of a bulk ingest at most. Smaller ones are slower to read whole, which nobody does with a layer; but
 * layers that come together fill their chunks together, and what is written at the end is what everybody waits for.
 */
const bulkChunkSize = 4 * 1024 * 1024;

/**
 * Starts an ingest, which disposes of the sealer. Nothing is seen of it before `commit`; one that fails drops what it had
 * written.
 */
export async function beginIngest(
  backend: BlobBackend,
  clock: Clock,
  expect: Expectation,
  sealer: PartSealer,
): Promise<Ingest> {
  const content = randomId();
  try {
    await failpoint('ingest.begin');
    await backend.begin(content, expect.size);
  } catch (error) {
    sealer.dispose();
    throw error;
  }
  return new StoreIngest(backend, clock, expect, content, sealer);
}

class StoreIngest implements Ingest {
  readonly #backend: BlobBackend;
  readonly #clock: Clock;
  readonly #expect: Expectation;
  readonly #content: string;
  readonly #sealer: PartSealer;
  readonly #chunkSize: number;
  /** The part being filled. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  /** Memory of parts that are sealed, used again: fresh memory is what costs most in a long ingest. */
  readonly #spare: ArrayBuffer[] = [];
  /** Parts that are being sealed, oldest first. */
  #sealing: Promise<unknown>[] = [];
  /** The chunk being filled, less the part being filled. */
  #parts: Promise<ChunkPart>[] = [];
  #partBytes = 0;
  #chunks = 0;
  /** The chunk before it, which is written while this one fills. */
  #writing: Promise<void> | undefined;
  #offset = 0;
  #busy = false;
  #ended = false;

  constructor(backend: BlobBackend, clock: Clock, expect: Expectation, content: string, sealer: PartSealer) {
    this.#backend = backend;
    this.#clock = clock;
    this.#expect = expect;
    this.#content = content;
    this.#sealer = sealer;
    this.#chunkSize = expect.bulk ? Math.min(bulkChunkSize, backend.chunkSize) : backend.chunkSize;
  }

  get offset(): number {
    return this.#offset;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#exclusively(() => this.#take(bytes));
  }

  async commit(): Promise<BlobInfo> {
    const [info] = await commitIngests(this.#backend, [this]);
    return info as BlobInfo;
  }

  /** What is to be committed, checked. Nothing more is taken. */
  prepare(): Promise<BlobCommit> {
    return this.#exclusively(() => this.#finish());
  }

  /** It was committed. */
  end(): void {
    this.#ended = true;
    this.#sealer.dispose();
    this.#buffer = undefined;
    this.#filled = 0;
    this.#spare.length = 0;
    this.#sealing = [];
    this.#parts = [];
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.end();
    // What is under way would come after the end. How it went is of no interest any more.
    await this.#writing?.catch(() => undefined);
    await this.#backend.drop(this.#content);
  }

  /** One call at a time, and after a failure nothing is left behind. */
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended) throw new SandboxError('FailedPrecondition', 'This ingest has ended; begin another');
    if (this.#busy)
      throw new SandboxError('FailedPrecondition', 'This ingest is busy; await one write before the next');
    this.#busy = true;
    try {
      return await work();
    } catch (error) {
      // Aborted meanwhile: what was under way fails by what the abort took away from it, such as the sealer.
      if (this.#ended) throw aborted(error);
      // The reason of the failure is what the caller must see, not that cleaning up failed as well:
      // what is left then is found by the journal at the next open.
      await this.abort().catch(() => undefined);
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  async #take(bytes: Uint8Array): Promise<void> {
    const { size } = this.#expect;
    if (size !== undefined && this.#offset + bytes.length > size) {
      throw mismatch(this.#expect, `has more than the ${size} bytes announced`);
    }
    this.#offset += bytes.length;
    for (let from = 0; from < bytes.length; ) {
      const { partSize } = this.#backend;
      const chunkSize = this.#chunkSize;
      // A full chunk waits for the next byte, because the last one belongs to the commit.
      if (this.#partBytes + this.#filled === chunkSize) await this.#flush();
      this.#buffer ??= await this.#freeBuffer(Math.min(partSize, size ?? partSize));
      const room = Math.min(this.#buffer.length - this.#filled, chunkSize - this.#partBytes - this.#filled);
      const taken = Math.min(room, bytes.length - from);
      this.#buffer.set(bytes.subarray(from, from + taken), this.#filled);
      this.#filled += taken;
      from += taken;
      if (this.#filled === this.#buffer.length) this.#endPart();
    }
  }

  async #finish(): Promise<BlobCommit> {
    const { size: expectedSize = this.#offset } = this.#expect;
    if (this.#offset !== expectedSize)
      throw mismatch(this.#expect, `has ${this.#offset} bytes, expected ${expectedSize}`);
    this.#endPart();
    const { digest, checksums } = await this.#sealer.finish();
    const { digest: expectedDigest = digest } = this.#expect;
    if (digest !== expectedDigest) throw mismatch(this.#expect, `has digest ${digest}`);
    const label = await this.#label(digest);
    const info = { digest, size: this.#offset, committedAt: this.#clock.now(), ...(label !== undefined && { label }) };
    await this.#settle();
    const record = { ...info, content: this.#content, chunkSize: this.#chunkSize, checksums };
    return { record, last: this.#partBytes > 0 ? await this.#chunk() : undefined };
  }

  /** What is kept for something else is theirs as well: it must not look as if nobody else needed it. */
  async #label(digest: Digest): Promise<string | undefined> {
    const { label } = this.#expect;
    const earlier = label === undefined ? undefined : await this.#backend.find(digest);
    return earlier && earlier.label !== label ? undefined : label;
  }

  /** Begins to write the chunk, once the one before has been. */
  async #flush(): Promise<void> {
    await failpoint('ingest.flush');
    await this.#settle();
    this.#writing = this.#chunk().then((chunk) => this.#backend.put(this.#content, chunk));
    // A failure is heard where it is waited for.
    this.#writing.catch(() => undefined);
    this.#chunks += 1;
    this.#parts = [];
    this.#partBytes = 0;
  }

  async #settle(): Promise<void> {
    await this.#writing;
    // Aborted meanwhile: the backend has dropped the content, so do not go on as if it were there.
    if (this.#ended) throw aborted();
  }

  #endPart(): void {
    if (!this.#buffer || this.#filled === 0) return;
    const sealing = this.#sealer.seal(this.#buffer.subarray(0, this.#filled)).then(({ part, buffer }) => {
      this.#spare.push(buffer);
      return part;
    });
    // A failure is heard where the part is waited for.
    sealing.catch(() => undefined);
    this.#sealing.push(sealing);
    this.#parts.push(sealing);
    this.#partBytes += this.#filled;
    this.#buffer = undefined;
    this.#filled = 0;
  }

  /** Waits while as many parts as may be are under way. */
  async #freeBuffer(size: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#sealing.length >= partsUnderWay) await this.#sealing.shift();
    if (this.#ended) throw aborted();
    const spare = this.#spare.pop();
    return new Uint8Array(spare ?? new ArrayBuffer(size));
  }

  async #chunk(): Promise<Chunk> {
    this.#endPart();
    const [index, size] = [this.#chunks, this.#partBytes];
    return { index, parts: await Promise.all(this.#parts), size };
  }
}

/** See {@link ContentStore.commitAll}. When it fails, nothing of any of them is left. */
export async function commitIngests(
  backend: BlobBackend,
  ingests: readonly Ingest[],
  plan?: (blobs: readonly BlobInfo[], view: StoreView) => Promise<readonly RecordChange[]>,
): Promise<readonly BlobInfo[]> {
  try {
    const own = ingests.map(requireOwn);
    const commits: BlobCommit[] = [];
    for (const ingest of own) commits.push(await ingest.prepare());
    const infos = commits.map(({ record }) => infoOf(record));
    await failpoint('ingest.commit');
    await backend.commit(commits, plan && (async (view) => ({ changes: await plan(infos, view) })));
    for (const ingest of own) ingest.end();
    await failpoint('ingest.committed');
    return infos;
  } catch (error) {
    for (const ingest of ingests) await ingest.abort().catch(() => undefined);
    throw error;
  }
}

function aborted(cause?: unknown): SandboxError {
  return new SandboxError('Aborted', 'The ingest was aborted', { cause });
}

function requireOwn(ingest: Ingest): StoreIngest {
  if (ingest instanceof StoreIngest) return ingest;
  throw new SandboxError('InvalidArgument', 'This ingest is of another store');
}

function mismatch(expect: Expectation, what: string): SandboxError {
  const name: Digest | 'ingested' = expect.digest ?? 'ingested';
  return new SandboxError('DataLoss', `Blob ${name} ${what}`, {
    details: {
      ...(expect.digest && { digest: expect.digest }),
      ...(expect.size !== undefined && { size: expect.size }),
    },
  });
}
