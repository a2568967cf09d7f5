import type { InodeNumber } from '../../api/file-tree';
import type { FolderBackend } from './folder-backend';
import { type ChunkChange, chunkBytes, type FolderName } from './folder-records';
import type { FolderTree } from './folder-tree';

/** Chunks that are kept in memory although they are written, bytes. */
const cacheBytes = 16 * 1024 * 1024;

/** What a write makes of chunks, and what it leaves the file's size at least. */
type NewChunk = Omit<ChunkChange, 'inode'>;

/**
 * The bytes of a folder's files: those that were changed and are not written yet, some that were used last, and behind
 * them the backend. A chunk is as long as what was ever written to it; behind that there are zeros, and what is behind
 * the file's size is never looked at. Chunks are replaced, never changed, so a change on its way keeps what it has.
 */
export class FolderChunks {
  readonly #backend: FolderBackend;
  readonly #folder: FolderName;
  readonly #tree: FolderTree;
  /** By the keys of {@link keyOf}, in the order of their use. */
  readonly #cache = new Map<string, Uint8Array<ArrayBuffer>>();
  #cached = 0;
  #changed = new Map<string, ChunkChange>();
  /** Given away by `takeChange`, not written yet. */
  #leaving: ReadonlyMap<string, ChunkChange> = new Map();
  #changedBytes = 0;

  constructor(backend: FolderBackend, folder: FolderName, tree: FolderTree) {
    this.#backend = backend;
    this.#folder = folder;
    this.#tree = tree;
  }

  /** Bytes of changes that were not taken yet. */
  get changedBytes(): number {
    return this.#changedBytes;
  }

  async read(inode: InodeNumber, offset: number, length: number): Promise<readonly Uint8Array[]> {
    const { size } = this.#tree.requireFile(inode);
    const end = Math.min(size, offset + length);
    const parts = splitRange(offset, Math.max(0, end - offset));
    const chunks = await Promise.all(parts.map(({ index }) => this.#load(inode, index)));
    return parts.map(({ start, length: wanted }, at) => {
      const found = chunks[at]?.subarray(start, start + wanted) ?? new Uint8Array(0);
      if (found.length === wanted) return found;
      const filled = new Uint8Array(wanted);
      filled.set(found);
      return filled;
    });
  }

  /** What writing there makes of the chunks; `put` does it. */
  async prepareWrite(inode: InodeNumber, offset: number, bytes: Uint8Array): Promise<readonly NewChunk[]> {
    const { size } = this.#tree.requireFile(inode);
    const parts = splitRange(offset, bytes.length);
    return Promise.all(
      parts.map(async ({ index, start, length, from }) => {
        const end = start + length;
        // What is behind the size is none of the file's.
        const valid = Math.max(0, Math.min(chunkBytes, size - index * chunkBytes));
        const covers = start === 0 && end >= valid;
        const before = covers ? undefined : (await this.#load(inode, index))?.subarray(0, valid);
        const next = new Uint8Array(Math.max(end, before?.length ?? 0));
        if (before) next.set(before);
        next.set(bytes.subarray(from, from + length), start);
        return { index, bytes: next };
      }),
    );
  }

  /** What giving the file that size makes of the chunks. */
  async prepareResize(inode: InodeNumber, size: number): Promise<readonly NewChunk[]> {
    const { size: before } = this.#tree.requireFile(inode);
    if (size >= before) return [];
    const [last, rest] = [Math.floor(size / chunkBytes), size % chunkBytes];
    const gone = this.#tree.chunksFrom(inode, rest === 0 ? last : last + 1);
    const cut = rest > 0 ? await this.#load(inode, last) : undefined;
    return [
      ...gone.map((index) => ({ index, bytes: undefined })),
      // So that what is cut off does not come back when the file grows.
      ...(cut && cut.length > rest ? [{ index: last, bytes: cut.slice(0, rest) }] : []),
    ];
  }

  put(changes: readonly ChunkChange[]): void {
    for (const change of changes) {
      const key = keyOf(change.inode, change.index);
      this.#changedBytes += (change.bytes?.length ?? 0) - (this.#changed.get(key)?.bytes?.length ?? 0);
      this.#changed.set(key, change);
      this.#drop(key);
    }
  }

  /** What has changed since the last call; {@link written} tells that it is in the backend. */
  takeChange(): readonly ChunkChange[] {
    this.#leaving = this.#changed;
    this.#changed = new Map();
    this.#changedBytes = 0;
    return [...this.#leaving.values()];
  }

  written(): void {
    for (const [key, { bytes }] of this.#leaving) if (bytes && !this.#changed.has(key)) this.#keep(key, bytes);
    this.#leaving = new Map();
  }

  async #load(inode: InodeNumber, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!this.#tree.hasChunk(inode, index)) return undefined;
    const key = keyOf(inode, index);
    const changed = this.#changed.get(key) ?? this.#leaving.get(key);
    if (changed) return changed.bytes;
    const cached = this.#cache.get(key);
    if (cached) {
      this.#drop(key);
      this.#keep(key, cached);
      return cached;
    }
    const found = await this.#backend.read(this.#folder, inode, index);
    if (found) this.#keep(key, found);
    return found;
  }

  #keep(key: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#drop(key);
    this.#cache.set(key, bytes);
    this.#cached += bytes.length;
    for (const oldest of this.#cache.keys()) {
      if (this.#cached <= cacheBytes) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#cached -= this.#cache.get(key)?.length ?? 0;
    this.#cache.delete(key);
  }
}

function keyOf(inode: InodeNumber, index: number): string {
  return `${inode}:${index}`;
}

interface ChunkPart {
  readonly index: number;
  /** Where it begins in the chunk. */
  readonly start: number;
  readonly length: number;
  /** Where it begins in the range. */
  readonly from: number;
}

/** A range of a file by chunks, ascending. */
function splitRange(offset: number, length: number): readonly ChunkPart[] {
  const parts: ChunkPart[] = [];
  for (let from = 0; from < length; ) {
    const start = (offset + from) % chunkBytes;
    const part = Math.min(chunkBytes - start, length - from);
    parts.push({ index: (offset + from - start) / chunkBytes, start, length: part, from });
    from += part;
  }
  return parts;
}
