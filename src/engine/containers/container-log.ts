import type { ContainerId } from '../../api/container-host';
import type { LogOptions, OutputChunk } from '../../api/container-streams';
import type { Clock } from '../../base/clock';
import { createDeferred, type Deferred } from '../../base/deferred';
import type { Disposable } from '../../base/lifecycle';
import { entryBytes, type LogEntry } from './log-entry';
import type { LogStore, StoredLog, StoredPiece } from './log-store';
import { outputChunks } from './log-text';

/** What one piece of a log has at least and at most when the log is long enough, bytes. */
const pieceBytes = 256 * 1024;
const longestPiece = 1024 * 1024;
/** So many pieces are made before the record that names them is written. */
const sealsPerWrite = 16;
/** How long an entry may be in memory alone, milliseconds. */
const flushMs = 1000;
/** So much may wait for the store before the container is held back. */
const waitingBytes = 4 * 1024 * 1024;
/** A follower that has read nothing for so long is left behind, milliseconds. */
const stalledMs = 5000;
/** So many pieces stay in memory while somebody reads along. */
const keptPieces = 8;

interface Piece {
  readonly stored: StoredPiece;
  /** Number of its first entry. */
  readonly first: number;
  entries?: readonly LogEntry[];
}

/** Somebody who reads. */
interface Reader {
  readonly follow: boolean;
  /** Number of the entry that it reads next. */
  cursor: number;
  /** When it last asked for more, by the monotonic clock. */
  askedAt: number;
}

export interface ContainerLogOptions {
  readonly container: ContainerId;
  readonly store: LogStore;
  readonly clock: Clock;
  /** What it may take; the oldest go first. */
  readonly limitBytes: number;
  readonly stored?: StoredLog;
}

/**
 * What a container has written, as docker's json-file keeps it: entries with their times, the oldest given up when there are
 * too many. Memory holds what the store does not have yet, and what followers are about to read. A follower loses nothing: the
 * container waits for one that is slow, though not for one that has stopped reading.
 */
export class ContainerLog implements Disposable {
  readonly #options: ContainerLogOptions;
  #pieces: Piece[] = [];
  /** Entries after the pieces, and what they take. */
  #tail: LogEntry[] = [];
  #tailFirst = 0;
  #tailBytes = 0;
  #saved = 0;
  #live = false;
  readonly #readers = new Set<Reader>();
  #timer: Disposable | undefined;
  #writing: Promise<void> | undefined;
  #removed = false;
  #changed: Deferred<void> = createDeferred();
  #progress: Deferred<void> = createDeferred();

  constructor(options: ContainerLogOptions) {
    this.#options = options;
    const { stored, store } = options;
    if (!stored) return;
    let first = 0;
    for (const piece of stored.pieces) {
      this.#pieces.push({ stored: piece, first });
      first += piece.entries;
    }
    this.#tailFirst = first;
    this.#tail = [...store.tailOf(stored)];
    this.#tailBytes = sizeOf(this.#tail);
    this.#saved = this.#end;
  }

  /** Entries that were ever written. */
  get #end(): number {
    return this.#tailFirst + this.#tail.length;
  }

  /** From now on somebody may follow it. */
  open(): void {
    this.#live = true;
  }

  /** Followers end when they have read all. */
  close(): void {
    this.#live = false;
    this.#wake();
  }

  /** Resolves when more may be written: at once, unless the store does not come along. */
  async append(stream: LogEntry['stream'], lines: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
    if (lines.length === 0 || this.#removed) return;
    const time = this.#options.clock.now();
    for (const bytes of lines) {
      const entry = { stream, time, bytes };
      this.#tail.push(entry);
      this.#tailBytes += entryBytes(entry);
    }
    this.#wake();
    this.#schedule();
    while (this.#tailBytes > waitingBytes && this.#writing) await this.#writing;
    while (this.#totalBytes() > this.#options.limitBytes + waitingBytes && !this.#removed) {
      const oldest = this.#pieces[0];
      if (oldest && this.#needed(oldest)) await this.#readersProgress();
      else await this.#beginWriting();
    }
  }

  /** Entries as the API sends them, with a text in front of each. Canceling the stream ends it. */
  read(options: LogOptions, before = ''): ReadableStream<OutputChunk> {
    const { clock } = this.#options;
    const { tail, follow = false } = options;
    const cursor = tail === undefined ? 0 : Math.max(0, this.#end - tail);
    const reader: Reader = { follow, cursor, askedAt: clock.monotonic() };
    const ended = createDeferred<void>();
    this.#readers.add(reader);
    const leave = (): void => {
      this.#readers.delete(reader);
      this.#progressed();
      ended.resolve();
    };
    return new ReadableStream<OutputChunk>(
      {
        pull: async (controller) => {
          reader.askedAt = clock.monotonic();
          while (this.#readers.has(reader)) {
            const entries = await this.#entriesFrom(reader.cursor);
            if (!this.#readers.has(reader)) return;
            reader.cursor = entries.next;
            this.#progressed();
            const { chunks, over } = outputChunks(entries.found, options, before);
            for (const chunk of chunks) controller.enqueue(chunk);
            if (over || (reader.cursor === this.#end && !(follow && this.#live))) {
              leave();
              controller.close();
              return;
            }
            if (chunks.length > 0) return;
            if (reader.cursor === this.#end) await Promise.race([this.#changed.promise, ended.promise]);
            reader.askedAt = clock.monotonic();
          }
        },
        cancel: leave,
      },
      { highWaterMark: 0 },
    );
  }

  /** Settles when the store has all that was written so far. */
  async flush(): Promise<void> {
    this.#timer?.dispose();
    this.#timer = undefined;
    while (this.#writing) await this.#writing;
    if (this.#saved < this.#end && !this.#removed) await this.#beginWriting();
  }

  async remove(): Promise<void> {
    this.#removed = true;
    this.dispose();
    await this.#writing;
    await this.#options.store.remove(
      this.#options.container,
      this.#pieces.map(({ stored }) => stored),
    );
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.close();
  }

  /** What comes at and after a number, as far as one piece goes. */
  async #entriesFrom(cursor: number): Promise<{ readonly found: readonly LogEntry[]; readonly next: number }> {
    const piece = this.#pieces.find(({ stored, first }) => cursor < first + stored.entries);
    if (!piece) {
      // What was given up meanwhile is passed over.
      const from = Math.max(cursor, this.#tailFirst);
      const found = this.#tail.slice(from - this.#tailFirst, from - this.#tailFirst + 4096);
      return { found, next: from + found.length };
    }
    const entries = piece.entries ?? (await this.#options.store.readPiece(piece.stored));
    return { found: entries.slice(Math.max(0, cursor - piece.first)), next: piece.first + piece.stored.entries };
  }

  #schedule(): void {
    if (this.#writing) return;
    if (this.#tailBytes >= this.#pieceBytes) void this.#beginWriting();
    else this.#timer ??= this.#options.clock.after(flushMs, () => void this.#beginWriting());
  }

  get #pieceBytes(): number {
    return Math.min(pieceBytes, this.#options.limitBytes / 2);
  }

  #beginWriting(): Promise<void> {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#saved < this.#end && !this.#removed) this.#schedule();
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { store, container } = this.#options;
    try {
      const dropped: StoredPiece[] = [];
      for (let turn = 0; turn < sealsPerWrite && this.#tailBytes >= this.#pieceBytes && !this.#removed; turn += 1) {
        await this.#seal();
        dropped.push(...this.#rotate());
      }
      dropped.push(...this.#rotate());
      // When more comes than is sealed, the tail is about to be a piece, and too long to be written twice.
      const tail = this.#tailBytes < this.#pieceBytes ? this.#tail : [];
      const saved = this.#tailFirst + tail.length;
      await store.write(
        container,
        this.#pieces.map(({ stored }) => stored),
        tail,
      );
      this.#saved = saved;
      await store.dropPieces(dropped);
    } catch {
      // The store has no room, or is away. The container goes on; what cannot wait any longer is given up.
      this.#giveUp();
    }
  }

  /** Makes the oldest of the tail a piece. They stay readable while they are written. */
  async #seal(): Promise<void> {
    let count = 0;
    let bytes = 0;
    const longest = Math.min(longestPiece, this.#options.limitBytes / 2);
    for (const entry of this.#tail) {
      if (count > 0 && bytes + entryBytes(entry) > longest) break;
      bytes += entryBytes(entry);
      count += 1;
    }
    const entries = this.#tail.slice(0, count);
    const stored = await this.#options.store.putPiece(this.#options.container, entries);
    this.#pieces.push({ stored, first: this.#tailFirst, ...(this.#readers.size > 0 && { entries }) });
    this.#tail = this.#tail.slice(count);
    this.#tailFirst += count;
    this.#tailBytes -= bytes;
    for (const old of this.#pieces.slice(0, -keptPieces)) delete old.entries;
    if (this.#readers.size === 0) for (const piece of this.#pieces) delete piece.entries;
  }

  /** The oldest pieces that are too much. */
  #rotate(): readonly StoredPiece[] {
    let total = this.#totalBytes();
    const dropped: StoredPiece[] = [];
    while (total > this.#options.limitBytes) {
      const [oldest] = this.#pieces;
      if (!oldest || this.#needed(oldest)) break;
      this.#pieces.shift();
      total -= oldest.stored.bytes;
      dropped.push(oldest.stored);
    }
    return dropped;
  }

  #totalBytes(): number {
    return this.#tailBytes + this.#pieces.reduce((sum, { stored }) => sum + stored.bytes, 0);
  }

  /** Whether somebody who follows is not past it yet. */
  #needed({ first, stored }: Piece): boolean {
    const since = this.#options.clock.monotonic() - stalledMs;
    return [...this.#readers].some(
      ({ follow, cursor, askedAt }) => follow && cursor < first + stored.entries && askedAt > since,
    );
  }

  /** Until a reader has read something, or may be taken to have stopped. */
  async #readersProgress(): Promise<void> {
    const timer = this.#options.clock.after(stalledMs, () => this.#progressed());
    await this.#progress.promise;
    timer.dispose();
  }

  #progressed(): void {
    this.#progress.resolve();
    this.#progress = createDeferred();
  }

  #giveUp(): void {
    while (this.#tailBytes > pieceBytes) {
      const gone = this.#tail.splice(0, Math.ceil(this.#tail.length / 2));
      this.#tailFirst += gone.length;
      this.#tailBytes -= sizeOf(gone);
    }
    this.#saved = this.#end;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = createDeferred();
  }
}

function sizeOf(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
}
