import { SandboxError } from '../../base/errors';
import { quotaExceeded } from '../quota';
import type { FolderBackend } from './folder-backend';
import {
  type AnswerRecord,
  bytesOfChange,
  type EntryRecord,
  type FolderChange,
  type FolderHead,
  type FolderName,
  type FolderRecords,
  type NodeRecord,
} from './folder-records';

/** Bytes of files kept at most: beyond that a tab is better told than killed. */
const defaultLimit = 256 * 1024 * 1024;

interface Kept {
  head: FolderHead;
  readonly nodes: Map<number, NodeRecord>;
  readonly entries: Map<number, EntryRecord>;
  readonly answers: Map<string, AnswerRecord>;
  readonly chunks: Map<number, Map<number, Uint8Array<ArrayBuffer>>>;
}

/** Folders in this thread's memory, gone with it. */
export class MemoryFolderBackend implements FolderBackend {
  /** Bytes; may be changed at any time. */
  limit: number;
  /** How often everything was made to last. */
  lastingWrites = 0;
  readonly #folders = new Map<FolderName, Kept>();
  #used = 0;

  constructor({ limit = defaultLimit }: { readonly limit?: number } = {}) {
    this.limit = limit;
  }

  async list(): Promise<ReadonlyMap<FolderName, FolderHead>> {
    return new Map([...this.#folders].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { head }]) => [name, head]));
  }

  async load(folder: FolderName): Promise<FolderRecords> {
    const { head, nodes, entries, answers, chunks } = this.#folder(folder);
    return structuredClone({
      head,
      nodes,
      entries: [...entries.values()].sort((a, b) => a.cookie - b.cookie),
      answers,
      chunks: [...chunks].flatMap(([inode, all]) => [...all.keys()].map((index) => [inode, index] as const)),
    });
  }

  async write(folder: FolderName, change: FolderChange, lasting: boolean): Promise<void> {
    const needed = bytesOfChange(change);
    const available = Math.max(0, this.limit - this.#used);
    if (needed > available) throw quotaExceeded(needed, available);
    const { head, nodes, entries, answers, chunks } = structuredClone(change);
    const kept = this.#folders.get(folder) ?? {
      head,
      nodes: new Map(),
      entries: new Map(),
      answers: new Map(),
      chunks: new Map(),
    };
    // From here on nothing can fail and nothing waits: that is the transaction.
    this.#folders.set(folder, kept);
    kept.head = head;
    putAll(kept.nodes, nodes);
    putAll(kept.entries, entries);
    putAll(kept.answers, answers);
    for (const { inode, index, bytes } of chunks) this.#putChunk(kept, inode, index, bytes);
    if (lasting) this.lastingWrites += 1;
  }

  async read(folder: FolderName, inode: number, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#folder(folder).chunks.get(inode)?.get(index)?.slice();
  }

  async remove(folder: FolderName): Promise<void> {
    const kept = this.#folders.get(folder);
    this.#folders.delete(folder);
    for (const all of kept?.chunks.values() ?? []) for (const { length } of all.values()) this.#used -= length;
  }

  #putChunk({ chunks }: Kept, inode: number, index: number, bytes: Uint8Array<ArrayBuffer> | undefined): void {
    const all = chunks.get(inode) ?? new Map<number, Uint8Array<ArrayBuffer>>();
    this.#used += (bytes?.length ?? 0) - (all.get(index)?.length ?? 0);
    if (bytes) all.set(index, bytes);
    else all.delete(index);
    if (all.size > 0) chunks.set(inode, all);
    else chunks.delete(inode);
  }

  #folder(name: FolderName): Kept {
    const found = this.#folders.get(name);
    if (!found) throw new SandboxError('NotFound', `No such shared folder: ${name}`, { details: { folder: name } });
    return found;
  }
}

function putAll<K, V>(kept: Map<K, V>, changes: ReadonlyMap<K, V | undefined>): void {
  for (const [key, value] of changes) {
    if (value === undefined) kept.delete(key);
    else kept.set(key, value);
  }
}
