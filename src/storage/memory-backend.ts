import type { Digest, StoreView } from '../api/content-store';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import {
  type BlobBackend,
  type BlobCommit,
  type BlobRecord,
  type Chunk,
  type ChunkPart,
  infoOf,
  type UpdatePlan,
} from './blob-backend';
import { quotaExceeded } from './quota';
import { copyChanges, MemoryRecordStore } from './record-store';

/** Bytes kept at most: beyond that a tab is better told than killed. */
const defaultLimit = 768 * 1024 * 1024;

const partBytes = 256 * 1024;

/** Blobs in this thread's memory, gone with it. */
export class MemoryBackend implements BlobBackend {
  readonly chunkSize: number;
  readonly partSize: number;
  readonly #limit: number;
  readonly #records = new Map<Digest, BlobRecord>();
  readonly #contents = new Map<string, Uint8Array<ArrayBuffer>[]>();
  readonly #open = new Set<string>();
  readonly #written: MemoryRecordStore;
  #used = 0;

  /** `records` are those that change together with blobs. */
  constructor({
    chunkSize = 1024 * 1024,
    limit = defaultLimit,
    records = new MemoryRecordStore(),
  }: { chunkSize?: number; limit?: number; records?: MemoryRecordStore } = {}) {
    this.chunkSize = chunkSize;
    this.partSize = Math.min(chunkSize, partBytes);
    this.#limit = limit;
    this.#written = records;
  }

  makePart(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    return new Uint8Array(bytes);
  }

  /** Chunks held, committed or not. */
  get chunkCount(): number {
    let count = 0;
    for (const chunks of this.#contents.values()) count += chunks.length;
    return count;
  }

  async find(digest: Digest): Promise<BlobRecord | undefined> {
    return this.#records.get(digest);
  }

  async list(): Promise<readonly BlobRecord[]> {
    return [...this.#records.values()];
  }

  async read(record: BlobRecord, start: number, end: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const chunks = this.#contents.get(record.content);
    if (!chunks) return undefined;
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end; ) {
      const within = at % record.chunkSize;
      const part = chunks[Math.floor(at / record.chunkSize)]?.subarray(within, within + end - at);
      if (!part?.length) return undefined;
      bytes.set(part, at - start);
      at += part.length;
    }
    return bytes;
  }

  async begin(content: string, size: number | undefined): Promise<void> {
    this.#requireRoom(size ?? 0);
    this.#open.add(content);
    this.#contents.set(content, []);
  }

  async put(content: string, chunk: Chunk): Promise<void> {
    this.#requireOpen(content);
    this.#requireRoom(chunk.size);
    this.#keep(content, chunk);
  }

  async commit(commits: readonly BlobCommit[], plan?: UpdatePlan): Promise<void> {
    const { remove = [], changes = [] } = (await plan?.(this.#view())) ?? {};
    // Everything that can fail is done before anything changes.
    const copies = copyChanges(changes);
    for (const { record } of commits) this.#requireOpen(record.content);
    this.#requireRoom(commits.reduce((sum, { last }) => sum + (last?.size ?? 0), 0));
    for (const { record, last } of commits) {
      if (last) this.#keep(record.content, last);
      const earlier = this.#records.get(record.digest);
      this.#records.set(record.digest, record);
      this.#open.delete(record.content);
      if (earlier) this.#discard(earlier.content);
    }
    for (const digest of remove) this.#removeNow(digest);
    this.#written.put(copies);
  }

  async drop(content: string): Promise<void> {
    if (this.#open.delete(content)) this.#discard(content);
  }

  async remove(digest: Digest): Promise<void> {
    this.#removeNow(digest);
  }

  async close(): Promise<void> {
    this.#records.clear();
    this.#contents.clear();
    this.#open.clear();
    this.#used = 0;
  }

  #view(): StoreView {
    return {
      list: (collection) => this.#written.list(collection),
      get: (collection, key) => this.#written.get(collection, key),
      blobs: async () => [...this.#records.values()].map(infoOf),
    };
  }

  #keep(content: string, { index, parts, size }: Chunk): void {
    const bytes = parts.map(requireBytes);
    this.#requireOpen(content)[index] = bytes.length === 1 && bytes[0] ? bytes[0] : concatBytes(bytes);
    this.#used += size;
  }

  #removeNow(digest: Digest): void {
    const record = this.#records.get(digest);
    if (!record) return;
    this.#records.delete(digest);
    this.#discard(record.content);
  }

  #requireOpen(content: string): Uint8Array<ArrayBuffer>[] {
    const chunks = this.#open.has(content) ? this.#contents.get(content) : undefined;
    if (!chunks) throw new SandboxError('Aborted', 'The ingest was dropped; begin another');
    return chunks;
  }

  #requireRoom(needed: number): void {
    const available = Math.max(0, this.#limit - this.#used);
    if (needed > available) throw quotaExceeded(needed, available);
  }

  #discard(content: string): void {
    for (const chunk of this.#contents.get(content) ?? []) this.#used -= chunk.length;
    this.#contents.delete(content);
  }
}

/** Our own parts are bytes. */
function requireBytes(part: ChunkPart): Uint8Array<ArrayBuffer> {
  if (part instanceof Blob) throw new SandboxError('InvalidArgument', 'A part of another backend');
  return part;
}
