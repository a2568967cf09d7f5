import type { Digest } from '../api/content-store';
import { SandboxError } from '../base/errors';
import type { BlobBackend, BlobRecord, Chunk } from './blob-backend';
import { quotaExceeded } from './quota';

/** Bytes kept at most: beyond that a tab is better told than killed. */
const defaultLimit = 768 * 1024 * 1024;

/** Blobs in this thread's memory, gone with it. */
export class MemoryBackend implements BlobBackend {
  readonly chunkSize: number;
  readonly #limit: number;
  readonly #records = new Map<Digest, BlobRecord>();
  readonly #contents = new Map<string, Uint8Array<ArrayBuffer>[]>();
  readonly #open = new Set<string>();
  #used = 0;

  constructor({ chunkSize = 1024 * 1024, limit = defaultLimit }: { chunkSize?: number; limit?: number } = {}) {
    this.chunkSize = chunkSize;
    this.#limit = limit;
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
    const chunks = this.#requireOpen(content);
    this.#requireRoom(chunk.bytes.length);
    chunks[chunk.index] = chunk.bytes.slice();
    this.#used += chunk.bytes.length;
  }

  async commit(record: BlobRecord, last: Chunk | undefined): Promise<void> {
    this.#requireOpen(record.content);
    if (last) await this.put(record.content, last);
    const earlier = this.#records.get(record.digest);
    this.#records.set(record.digest, record);
    this.#open.delete(record.content);
    if (earlier) this.#discard(earlier.content);
  }

  async drop(content: string): Promise<void> {
    if (this.#open.delete(content)) this.#discard(content);
  }

  async remove(digest: Digest): Promise<void> {
    const record = this.#records.get(digest);
    if (!record) return;
    this.#records.delete(digest);
    this.#discard(record.content);
  }

  async close(): Promise<void> {
    this.#records.clear();
    this.#contents.clear();
    this.#open.clear();
    this.#used = 0;
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
