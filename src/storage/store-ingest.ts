import type { BlobInfo, Digest, Expectation, Ingest, StoreView } from '../api/content-store';
import type { RecordChange } from '../api/records';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { failpoint } from '../base/failpoint';
import { createDigester, type Digester } from '../formats/digest';
import { type BlobBackend, type BlobCommit, type Chunk, infoOf } from './blob-backend';
import { type BlockChecksums, createBlockChecksums } from './block-checksums';
import { randomId } from './random-id';

/** What an ingest of unknown size takes of memory at first, bytes. */
const firstBufferSize = 64 * 1024;

/** Starts an ingest. Nothing is seen of it before `commit`; one that fails drops what it had written. */
export async function beginIngest(backend: BlobBackend, clock: Clock, expect: Expectation): Promise<Ingest> {
  const [digester, checksums] = await Promise.all([createDigester(), createBlockChecksums()]);
  const content = randomId();
  await failpoint('ingest.begin');
  await backend.begin(content, expect.size);
  return new StoreIngest(backend, clock, expect, content, digester, checksums);
}

class StoreIngest implements Ingest {
  readonly #backend: BlobBackend;
  readonly #clock: Clock;
  readonly #expect: Expectation;
  readonly #content: string;
  readonly #digester: Digester;
  readonly #checksums: BlockChecksums;
  /** The chunk being filled, used again for the next: fresh memory is what costs most in a long ingest. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #chunks = 0;
  #offset = 0;
  #busy = false;
  #ended = false;

  constructor(
    backend: BlobBackend,
    clock: Clock,
    expect: Expectation,
    content: string,
    digester: Digester,
    checksums: BlockChecksums,
  ) {
    this.#backend = backend;
    this.#clock = clock;
    this.#expect = expect;
    this.#content = content;
    this.#digester = digester;
    this.#checksums = checksums;
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
    this.#buffer = undefined;
    this.#filled = 0;
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.end();
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
    this.#digester.update(bytes);
    this.#checksums.update(bytes);
    this.#offset += bytes.length;
    for (let from = 0; from < bytes.length; ) {
      // A full chunk waits for the next byte, because the last one belongs to the commit.
      if (this.#filled === this.#backend.chunkSize) await this.#flush();
      const buffer = this.#roomyBuffer();
      const taken = Math.min(buffer.length - this.#filled, bytes.length - from);
      buffer.set(bytes.subarray(from, from + taken), this.#filled);
      this.#filled += taken;
      from += taken;
    }
  }

  async #finish(): Promise<BlobCommit> {
    const digest = this.#digester.digest();
    const { digest: expectedDigest = digest, size: expectedSize = this.#offset } = this.#expect;
    if (this.#offset !== expectedSize)
      throw mismatch(this.#expect, `has ${this.#offset} bytes, expected ${expectedSize}`);
    if (digest !== expectedDigest) throw mismatch(this.#expect, `has digest ${digest}`);
    const label = await this.#label(digest);
    const info = { digest, size: this.#offset, committedAt: this.#clock.now(), ...(label !== undefined && { label }) };
    const { chunkSize } = this.#backend;
    const record = { ...info, content: this.#content, chunkSize, checksums: this.#checksums.finish() };
    return { record, last: this.#filled > 0 ? this.#chunk() : undefined };
  }

  /** What is kept for something else is theirs as well: it must not look as if nobody else needed it. */
  async #label(digest: Digest): Promise<string | undefined> {
    const { label } = this.#expect;
    const earlier = label === undefined ? undefined : await this.#backend.find(digest);
    return earlier && earlier.label !== label ? undefined : label;
  }

  /** The chunk being filled, with room in it. A blob that turns out small does not take a whole chunk of memory. */
  #roomyBuffer(): Uint8Array<ArrayBuffer> {
    const { chunkSize } = this.#backend;
    const current = this.#buffer;
    if (!current) {
      this.#buffer = new Uint8Array(Math.min(chunkSize, this.#expect.size ?? firstBufferSize));
    } else if (this.#filled === current.length) {
      this.#buffer = new Uint8Array(Math.min(chunkSize, 2 * current.length));
      this.#buffer.set(current);
    }
    return this.#buffer as Uint8Array<ArrayBuffer>;
  }

  async #flush(): Promise<void> {
    await failpoint('ingest.flush');
    await this.#backend.put(this.#content, this.#chunk());
    // Aborted meanwhile: the backend has dropped the content, so do not go on as if it were there.
    if (this.#ended) throw new SandboxError('Aborted', 'The ingest was aborted');
    this.#chunks += 1;
    this.#filled = 0;
  }

  #chunk(): Chunk {
    return { index: this.#chunks, bytes: (this.#buffer ?? new Uint8Array()).subarray(0, this.#filled) };
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
