import type { DiskId } from '../../api/disk';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { BlockTarget } from '../../rpc/block-port';
import type { DiskBackend } from './disk-backend';
import { type Frozen, type Merged, planClose, planFreeze, planWrite } from './disk-plans';
import type { LayerId } from './disk-records';
import { type ExtentPart, extentSize, isZero, splitRange, zeroExtent } from './extent';
import { ExtentCache } from './extent-cache';

type Extent = Uint8Array<ArrayBuffer>;

/** Extents (4 MiB) that may be dirty while as many are being written out: 8 MiB in all. */
const dirtyLimit = (4 * 1024 * 1024) / extentSize;
/** Clean extents kept for reading: 8 MiB. */
const cacheLimit = (8 * 1024 * 1024) / extentSize;
/** How far a disk is read ahead of a guest that goes straight on, at most: 1 MiB. */
const maxAhead = (1024 * 1024) / extentSize;
/** What a guest wrote and did not flush goes to the database after this time. */
const idleWriteOutMs = 1000;

export interface SessionOptions {
  readonly backend: DiskBackend;
  readonly clock: Clock;
  readonly disk: DiskId;
  readonly sizeBytes: number;
  /** The mark in the disk's record under which this session may write. */
  readonly opener: string;
  /** From the bottom; the last is the head. */
  readonly layers: readonly LayerId[];
  /** For each extent of the disk, the number (from 1) of the topmost layer that has it; 0 for a hole. */
  readonly index: Uint16Array;
  /** Resolves when no layers are being merged. */
  readonly settled: () => Promise<void>;
  readonly onClosed: () => void;
}

/**
 * An open disk: a write-back cache over a chain of layers.
 *
 * What is on the disk after a crash is what the guest's writes had made of it at one instant, never earlier
 * than its last completed flush, because
 * 1. a write is applied to the cache at once and as a whole (no await between its extents), so writes have one
 *    order and each instant between two of them is a state of the disk;
 * 2. a transaction writes all that is dirty at one instant and nothing else, so it brings the database from
 *    one such state to a later one, or changes nothing;
 * 3. transactions of a session follow one another, so states come in order;
 * 4. every transaction is strict, so what has been written out needs no flushing later;
 * 5. while an extent is being written out, a write to it makes a copy; a transaction that fails gives its
 *    extents back to the cache, under what is newer. So nothing acknowledged is lost while the session lives.
 */
export class DiskSession implements BlockTarget {
  readonly #options: SessionOptions;
  /** Ids by number less 1. Two numbers may be one layer, after a merge. */
  readonly #layers: LayerId[];
  readonly #index: Uint16Array;
  #dirty = new Map<number, Extent>();
  #writing: ReadonlyMap<number, Extent> = new Map();
  readonly #cache = new ExtentCache(cacheLimit);
  readonly #loading = new Map<number, Promise<Extent>>();
  /** The last extent of the read before, and how many were read ahead of it. */
  #lastRead = -2;
  #ahead = 0;
  /** The last of the transactions that follow one another; never rejects. */
  #tail: Promise<void> = Promise.resolve();
  /** A write-out that has not begun: who asks for one meanwhile shares it. */
  #queued: Promise<void> | undefined;
  #idle: Disposable | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#layers = [...options.layers];
    this.#index = options.index;
  }

  /** No request is taken any more; what was written may be on its way still. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  async read(offset: number, length: number): Promise<Extent> {
    this.#requireOpen();
    this.#requireRange(offset, length);
    const result = new Uint8Array(length);
    const parts = splitRange(offset, length);
    const filled = parts.map(async ({ index, start, length, from }) => {
      const extent = this.#peek(index) ?? (await this.#load(index));
      result.set(extent.subarray(start, start + length), from);
    });
    this.#readAhead(parts);
    await Promise.all(filled);
    return result;
  }

  async write(offset: number, bytes: Extent): Promise<void> {
    this.#requireOpen();
    this.#requireRange(offset, bytes.length);
    const parts = splitRange(offset, bytes.length);
    for (;;) {
      const absent = parts.filter(({ index, length }) => length < extentSize && !this.#peek(index));
      const fresh = parts.filter(({ index }) => !this.#dirty.has(index));
      if (absent.length > 0) await Promise.all(absent.map(({ index }) => this.#load(index)));
      else if (fresh.length > 0 && this.#dirty.size + fresh.length > dirtyLimit) await this.#writeOut();
      else break;
      this.#requireOpen();
    }
    for (const { index, start, length, from } of parts) {
      this.#toWrite(index, length).set(bytes.subarray(from, from + length), start);
    }
    this.#idle ??= this.#options.clock.after(idleWriteOutMs, () => {
      this.#idle = undefined;
      // What fails stays dirty, and the next flush tells the guest.
      this.#writeOut().catch(() => undefined);
    });
  }

  async flush(): Promise<void> {
    this.#requireOpen();
    await this.#writeOut();
  }

  async extents(): Promise<Uint32Array<ArrayBuffer>> {
    this.#requireOpen();
    const used = new Set<number>([...this.#dirty.keys(), ...this.#writing.keys()]);
    for (const [index, layer] of this.#index.entries()) if (layer !== 0) used.add(index);
    return Uint32Array.from(used).sort();
  }

  /** Flushes, and lets the disk go even when that fails. The first call's outcome is that of all. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Makes all that was acknowledged a generation, in one transaction with it. */
  freeze(newHead: LayerId): Promise<number> {
    this.#requireOpen();
    return this.#next(async () => {
      const { backend, disk, opener } = this.#options;
      let frozen: Frozen | undefined;
      await this.#transact(async (extents, needed) => {
        frozen = await backend.change((records) => planFreeze(records, disk, newHead, { opener, extents }), needed);
      });
      if (!frozen) throw new SandboxError('Internal', 'A freeze ended without a generation');
      this.#layers.push(frozen.head);
      return frozen.generation;
    });
  }

  /** Two layers, of which this disk may have one or both, are one now. */
  replaceLayer({ gone, kept }: Merged): void {
    for (const [number, id] of this.#layers.entries()) if (id === gone) this.#layers[number] = kept;
  }

  async #close(): Promise<void> {
    const { backend, disk, opener, onClosed } = this.#options;
    this.#idle?.dispose();
    try {
      await this.#writeOut();
    } finally {
      // Without this the mark stays, which harms nobody: the next to open puts its own there.
      await backend.change((records) => planClose(records, disk, opener)).catch(() => undefined);
      onClosed();
    }
  }

  /** What the extent reads as, if that is known here. */
  #peek(index: number): Extent | undefined {
    const found = this.#dirty.get(index) ?? this.#writing.get(index) ?? this.#cache.get(index);
    return found ?? (this.#index[index] === 0 ? zeroExtent : undefined);
  }

  /** A transaction for each extent takes longer than its bytes: a guest that goes straight on finds the next ones on their way. */
  #readAhead(parts: readonly ExtentPart[]): void {
    const [first, last] = [parts[0]?.index, parts.at(-1)?.index];
    if (first === undefined || last === undefined) return;
    const goesOn = first === this.#lastRead || first === this.#lastRead + 1;
    this.#lastRead = last;
    this.#ahead = goesOn ? Math.min(maxAhead, Math.max(1, this.#ahead * 2)) : 0;
    const end = Math.min(last + this.#ahead, this.#index.length - 1);
    for (let index = last + 1; index <= end; index += 1) {
      // Nobody may be waiting for it; who reads it is told.
      if (!this.#peek(index)) this.#load(index).catch(() => {});
    }
  }

  #load(index: number): Promise<Extent> {
    const known = this.#loading.get(index);
    if (known) return known;
    const loading = this.#fetch(index)
      .then((extent) => {
        // Not if the extent was written meanwhile: this would then be what it was before.
        if (this.#loading.get(index) === loading) this.#cache.set(index, extent);
        return extent;
      })
      .finally(() => {
        if (this.#loading.get(index) === loading) this.#loading.delete(index);
      });
    this.#loading.set(index, loading);
    return loading;
  }

  async #fetch(index: number): Promise<Extent> {
    const { backend, disk, settled } = this.#options;
    const layerOf = (): LayerId => this.#layers[(this.#index[index] ?? 0) - 1] ?? '';
    let layer = layerOf();
    let extent = await backend.read(layer, index);
    if (!extent) {
      // It may have moved to another layer under our hands.
      await settled();
      layer = layerOf();
      extent = await backend.read(layer, index);
    }
    if (extent?.length === 0) return zeroExtent;
    if (extent?.length === extentSize) return extent;
    throw new SandboxError('DataLoss', `The disk ${disk} has lost what was stored at byte ${index * extentSize}`, {
      details: { disk, offset: index * extentSize },
    });
  }

  /** The extent's dirty copy, made where there is none; its present content must be known if `length` is a part. */
  #toWrite(index: number, length: number): Extent {
    const dirty = this.#dirty.get(index);
    if (dirty) return dirty;
    const base = length < extentSize ? this.#peek(index) : undefined;
    const copy = base ? base.slice() : new Uint8Array(extentSize);
    this.#dirty.set(index, copy);
    this.#cache.delete(index);
    this.#loading.delete(index);
    return copy;
  }

  /** Resolves when what is dirty now is durable. */
  #writeOut(): Promise<void> {
    this.#queued ??= this.#next(async () => {
      this.#queued = undefined;
      if (this.#dirty.size === 0) return;
      const { backend, disk, opener } = this.#options;
      await this.#transact((extents, needed) =>
        backend.change((records) => planWrite(records, disk, opener, extents), needed),
      );
    });
    return this.#queued;
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(work);
    this.#tail = run.then(
      () => undefined,
      () => undefined,
    );
    return run;
  }

  /** Takes all that is dirty at this instant through `store`; gives it back when that fails. */
  async #transact(store: (extents: ReadonlyMap<number, Extent>, needed: number) => Promise<void>): Promise<void> {
    const taken = this.#dirty;
    this.#dirty = new Map();
    this.#writing = taken;
    this.#idle?.dispose();
    this.#idle = undefined;
    const extents = this.#toStore(taken);
    let needed = 0;
    for (const extent of extents.values()) needed += extent.length;
    try {
      await store(extents, needed);
    } catch (error) {
      for (const [index, extent] of taken) if (!this.#dirty.has(index)) this.#dirty.set(index, extent);
      throw error;
    } finally {
      this.#writing = new Map();
    }
    for (const index of extents.keys()) this.#index[index] = this.#layers.length;
    for (const [index, extent] of taken) this.#cache.set(index, extent);
  }

  /** Zeros are not stored where there is nothing under them, and as a mark where there is. */
  #toStore(taken: ReadonlyMap<number, Extent>): ReadonlyMap<number, Extent> {
    const extents = new Map<number, Extent>();
    for (const [index, extent] of taken) {
      if (!isZero(extent)) extents.set(index, extent);
      else if (this.#index[index] !== 0) extents.set(index, new Uint8Array());
    }
    return extents;
  }

  #requireOpen(): void {
    if (this.#closing) throw new SandboxError('Unavailable', `The disk ${this.#options.disk} is closed`);
  }

  #requireRange(offset: number, length: number): void {
    const { sizeBytes } = this.#options;
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
    if (whole && offset + length <= sizeBytes) return;
    throw new SandboxError('InvalidArgument', `Beyond the end of a disk of ${sizeBytes} bytes: ${length} at ${offset}`);
  }
}
