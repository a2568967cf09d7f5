import { BufferPool, recordBytes, SlabReader, SlabWriter } from '../formats/frame-slab';

/** The most that waits at once, over all sources. */
export interface QueueLimits {
  readonly frames: number;
  /** Of records. */
  readonly bytes: number;
}

/** Records that wait together: those of a slab from `start` to `bytes`. */
export interface QueuedSlab {
  readonly buffer: ArrayBuffer;
  readonly start: number;
  readonly bytes: number;
  readonly frames: number;
  /** Bytes of the frames alone. */
  readonly frameBytes: number;
}

/** What a source may send before the next one has its turn, bytes: one large segment, or some forty frames. */
const quantum = 64 * 1024;

/** The smallest buffer of a slab. */
const smallBuffer = 4 * 1024;

/**
 * What waits for one port, kept apart by where it came from. Sources have their turns by deficit round robin
 * (Shreedhar and Varghese, 1995), a slab at a time. When there is no room left, the source that takes the most of
 * what is short gives up its newest records: one that floods fills its own share and not that of others.
 */
export class FairQueue<S> {
  readonly #limits: QueueLimits;
  readonly #pool: BufferPool;
  readonly #flows = new Map<S, Flow<S>>();
  /** Flows that have something to send; the first has its turn. */
  readonly #turns: Flow<S>[] = [];
  #frames = 0;
  #bytes = 0;

  constructor(limits: QueueLimits, pool = new BufferPool()) {
    this.#limits = limits;
    this.#pool = pool;
  }

  get frames(): number {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a whole slab without copying it, which is the queue's from then on. False when there is no room for it. */
  adopt(source: S, slab: Omit<QueuedSlab, 'start'>): boolean {
    const fits = this.#frames + slab.frames <= this.#limits.frames && this.#bytes + slab.bytes <= this.#limits.bytes;
    if (!fits || isWasteful(slab.buffer, slab.bytes)) return false;
    this.#count(this.#flowOf(source).adopt({ ...slab, start: 0 }), 1);
    return true;
  }

  /** Adds a copy of a record. Returns how many frames were dropped for it, itself included. */
  push(source: S, from: Uint8Array, start: number, frameBytes: number): number {
    const size = recordBytes(frameBytes);
    let dropped = 0;
    for (;;) {
      const frames = this.#frames + 1 - this.#limits.frames;
      const bytes = this.#bytes + size - this.#limits.bytes;
      if (frames <= 0 && bytes <= 0) break;
      const victim = this.#largerThan(this.#flows.get(source), size, frames > 0);
      if (!victim) return dropped + 1;
      dropped += this.#cut(victim, frames, bytes);
    }
    this.#count(this.#flowOf(source).append(from, start, frameBytes), 1);
    return dropped;
  }

  /** What has its turn; it stays until `shift`. */
  head(): QueuedSlab | undefined {
    for (let flow = this.#turns[0]; flow; flow = this.#turns[0]) {
      const slab = flow.first();
      if (!slab || slab.bytes - slab.start <= flow.credit) return slab;
      this.#turns.push(...this.#turns.splice(0, 1));
      const next = this.#turns[0] ?? flow;
      next.credit += quantum;
    }
    return undefined;
  }

  /** Takes what `head` gave off the queue. */
  shift(): QueuedSlab | undefined {
    const flow = this.#turns[0];
    const slab = flow?.first();
    if (!flow || !slab) return undefined;
    flow.credit -= slab.bytes - slab.start;
    flow.removeFirst();
    this.#count(slab, -1);
    this.#retire(flow);
    return slab;
  }

  /** Takes only the first record of what `head` gave off the queue. */
  shiftRecord(): void {
    const flow = this.#turns[0];
    const slab = flow?.first();
    if (!flow || !slab) return;
    const frameBytes = new DataView(slab.buffer).getUint32(slab.start, true);
    const record = { start: slab.start, bytes: slab.start + recordBytes(frameBytes), frames: 1, frameBytes };
    flow.credit -= record.bytes - record.start;
    if (flow.removeFirstRecord(record)) this.#pool.give(slab.buffer);
    this.#count(record, -1);
    this.#retire(flow);
  }

  /** Drops everything. Returns how many frames that were. */
  clear(): number {
    const dropped = this.#frames;
    this.#flows.clear();
    this.#turns.length = 0;
    this.#frames = 0;
    this.#bytes = 0;
    return dropped;
  }

  #flowOf(source: S): Flow<S> {
    let flow = this.#flows.get(source);
    if (!flow) {
      flow = new Flow(source, this.#pool);
      this.#flows.set(source, flow);
      this.#turns.push(flow);
    }
    return flow;
  }

  /** The flow with the most of what is short, if that is more than `own` would have with one record more. */
  #largerThan(own: Flow<S> | undefined, size: number, byFrames: boolean): Flow<S> | undefined {
    let most = byFrames ? (own?.frames ?? 0) + 1 : (own?.bytes ?? 0) + size;
    let largest: Flow<S> | undefined;
    for (const flow of this.#turns) {
      const share = byFrames ? flow.frames : flow.bytes;
      if (share <= most) continue;
      most = share;
      largest = flow;
    }
    return largest;
  }

  /** Drops the newest of a flow: so many frames and bytes, or the whole of its last slab when that has fewer. */
  #cut(flow: Flow<S>, frames: number, bytes: number): number {
    const cut = flow.cut(frames, bytes);
    this.#count(cut, -1);
    this.#retire(flow);
    return cut.frames;
  }

  #count({ start, bytes, frames }: Omit<QueuedSlab, 'buffer' | 'frameBytes'>, sign: 1 | -1): void {
    this.#frames += sign * frames;
    this.#bytes += sign * (bytes - start);
  }

  #retire(flow: Flow<S>): void {
    if (flow.frames > 0) return;
    this.#flows.delete(flow.source);
    this.#turns.splice(this.#turns.indexOf(flow), 1);
  }
}

/** What one source has waiting: slabs, and one at the end that records are still copied into. */
class Flow<S> {
  readonly source: S;
  readonly #pool: BufferPool;
  readonly #slabs: QueuedSlab[] = [];
  readonly #open: SlabWriter;
  #openFrameBytes = 0;
  /** Bytes that it may still send in this turn. */
  credit = quantum;
  frames = 0;
  bytes = 0;

  constructor(source: S, pool: BufferPool) {
    this.source = source;
    this.#pool = pool;
    this.#open = new SlabWriter(pool);
  }

  adopt(slab: QueuedSlab): QueuedSlab {
    this.#close();
    this.#slabs.push(slab);
    this.#count(slab, 1);
    return slab;
  }

  append(from: Uint8Array, start: number, frameBytes: number): Omit<QueuedSlab, 'buffer'> {
    if (!this.#open.fits(frameBytes)) this.#close();
    this.#open.copy(from, start, frameBytes);
    this.#openFrameBytes += frameBytes;
    const record = { start: 0, bytes: recordBytes(frameBytes), frames: 1, frameBytes };
    this.#count(record, 1);
    return record;
  }

  first(): QueuedSlab | undefined {
    if (this.#slabs.length === 0) this.#close();
    return this.#slabs[0];
  }

  removeFirst(): void {
    const slab = this.#slabs.shift();
    if (slab) this.#count(slab, -1);
  }

  /** True when it was the last of its slab. */
  removeFirstRecord(record: Omit<QueuedSlab, 'buffer'>): boolean {
    const slab = this.#slabs.shift();
    if (!slab) return false;
    this.#count(record, -1);
    if (slab.frames === 1) return true;
    const frameBytes = slab.frameBytes - record.frameBytes;
    this.#slabs.unshift({ ...slab, start: record.bytes, frames: slab.frames - 1, frameBytes });
    return false;
  }

  /** Drops the newest records of the last slab: so many frames and bytes, or all. Returns what was dropped. */
  cut(frames: number, bytes: number): Omit<QueuedSlab, 'buffer'> {
    this.#close();
    const slab = this.#slabs.pop();
    if (!slab) return { start: 0, bytes: 0, frames: 0, frameBytes: 0 };
    const kept = findCut(slab, frames, bytes);
    const dropped = {
      start: kept.bytes,
      bytes: slab.bytes,
      frames: slab.frames - kept.frames,
      frameBytes: slab.frameBytes - kept.frameBytes,
    };
    this.#count(dropped, -1);
    if (kept.frames === 0) this.#pool.give(slab.buffer);
    else this.#slabs.push(this.#compact(kept));
    return dropped;
  }

  /** A slab that holds a large buffer for a few frames gives it up. */
  #compact(slab: QueuedSlab): QueuedSlab {
    const large = slab.buffer.byteLength > smallBuffer;
    if (!large || !isWasteful(slab.buffer, slab.bytes - slab.start)) return slab;
    const writer = new SlabWriter(this.#pool);
    const reader = new SlabReader(slab, slab.start);
    while (reader.next()) writer.copy(reader.bytes, reader.start, reader.length);
    this.#pool.give(slab.buffer);
    return { ...slab, ...writer.take(), start: 0 };
  }

  #close(): void {
    const { frames } = this.#open;
    if (frames === 0) return;
    this.#slabs.push({ ...this.#open.take(), start: 0, frames, frameBytes: this.#openFrameBytes });
    this.#openFrameBytes = 0;
  }

  #count({ start, bytes, frames }: Omit<QueuedSlab, 'buffer'>, sign: 1 | -1): void {
    this.frames += sign * frames;
    this.bytes += sign * (bytes - start);
  }
}

/** Whether copying what is in use is better than holding the buffer: memory stays within a few times the limits. */
function isWasteful(buffer: ArrayBuffer, bytes: number): boolean {
  return buffer.byteLength > smallBuffer ? bytes * 4 < buffer.byteLength : bytes * 16 < buffer.byteLength;
}

/** The slab without its last records, as few as hold so many frames and bytes; without any when all are fewer. */
function findCut(slab: QueuedSlab, frames: number, bytes: number): QueuedSlab {
  const reader = new SlabReader(slab, slab.start);
  let kept = { ...slab, bytes: slab.start, frames: 0, frameBytes: 0 };
  while (reader.next()) {
    const next = { frames: kept.frames + 1, bytes: reader.end, frameBytes: kept.frameBytes + reader.length };
    if (slab.frames - next.frames < frames || slab.bytes - next.bytes < bytes) break;
    kept = { ...kept, ...next };
  }
  return kept;
}
