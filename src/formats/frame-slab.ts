import { SandboxError } from '../base/errors';

/**
 * A slab: many Ethernet frames in one ArrayBuffer, so that one message between threads carries them all.
 *
 * One record per frame, little-endian, at multiples of four bytes:
 *
 *     u32  length of the frame in bytes
 *     12   struct virtio_net_hdr_v1 (virtio 1.2, 5.1.6): the checksum and segmentation left to do
 *     ...  the frame, without its check sequence
 *     0-3  padding
 *
 * Header and frame stand together as they do in a virtio queue, so a device copies a chain in one piece.
 */
export interface FrameSlab {
  readonly buffer: ArrayBuffer;
  /** Bytes that are in use, from the start of the buffer. */
  readonly bytes: number;
}

/** Bytes of struct virtio_net_hdr_v1. */
export const virtioHeaderBytes = 12;

/** Bytes of a record before its frame. */
export const recordHeaderBytes = 4 + virtioHeaderBytes;

/** The longest IP packet there is (RFC 791, 3.1), with an Ethernet header and two VLAN tags. */
export const maxFrameBytes = 65_535 + 14 + 8;

/** Bits of `flags` in the virtio header (virtio 1.2, 5.1.6). */
export const virtioFlag = { needsChecksum: 1, dataValid: 2 } as const;

/** Values of `gso_type` in the virtio header; `ecn` is a bit beside the type. */
export const gsoType = { none: 0, tcp4: 1, tcp6: 4, ecn: 0x80 } as const;

/** Where fields of the virtio header are, from its start; the numbers are u8, u8 and u16. */
export const virtioField = {
  flags: 0,
  gsoType: 1,
  headerLength: 2,
  gsoSize: 4,
  checksumStart: 6,
  checksumOffset: 8,
  bufferCount: 10,
} as const;

/** Bytes that a frame takes in a slab. */
export function recordBytes(frameBytes: number): number {
  return (recordHeaderBytes + frameBytes + 3) & ~3;
}

const emptyBuffer = new ArrayBuffer(0);

/** Sizes of buffers; a writer that needs more takes the next. The last holds the longest frame three times. */
const capacities = [4, 8, 16, 32, 64, 128, 256].map((kilobytes) => kilobytes * 1024);
const largestCapacity = 256 * 1024;

/** What a pool holds: the buffers of all that may be on its way in one direction, as these are at least half full. */
const maxPooledBytes = 4 * 1024 * 1024;

/** Buffers used again, since memory that is new is dear: 64 KB of it cost as much as moving 1,000 frames. */
export class BufferPool {
  readonly #buffers = new Map<number, ArrayBuffer[]>(capacities.map((capacity) => [capacity, []]));
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = maxPooledBytes) {
    this.#maxBytes = maxBytes;
  }

  /** A buffer of one of the sizes, with anything in it. */
  take(capacity: number): ArrayBuffer {
    return this.spare(capacity) ?? new ArrayBuffer(capacity);
  }

  /** The same, if there is one. */
  spare(capacity: number): ArrayBuffer | undefined {
    const buffer = this.#buffers.get(capacity)?.pop();
    if (buffer) this.#bytes -= capacity;
    return buffer;
  }

  /** Keeps the buffer if it has one of the sizes; what there is too much of is left to the collector. */
  give(buffer: ArrayBuffer): void {
    const same = this.#buffers.get(buffer.byteLength);
    if (!same) return;
    same.push(buffer);
    this.#bytes += buffer.byteLength;
    while (this.#bytes > this.#maxBytes) this.#dropOne();
  }

  /** Of the size that takes the most. */
  #dropOne(): void {
    let [most, size] = [0, 0];
    for (const [capacity, { length }] of this.#buffers) {
      if (length * capacity > most) [most, size] = [length * capacity, capacity];
    }
    this.spare(size);
  }
}

/** Collects frames in a slab that grows. */
export class SlabWriter {
  /** No further frame fits a slab that holds this many bytes, or frames. */
  static readonly maxBytes = largestCapacity;
  static readonly maxFrames = 256;

  readonly #pool: BufferPool;
  #size = 0;
  #bytes = new Uint8Array(emptyBuffer);
  #view = new DataView(emptyBuffer);
  #length = 0;
  #frames = 0;

  constructor(pool = new BufferPool()) {
    this.#pool = pool;
  }

  get bytes(): number {
    return this.#length;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Whether a frame of this length still fits. */
  fits(frameBytes: number): boolean {
    return this.#frames < SlabWriter.maxFrames && this.#length + recordBytes(frameBytes) <= SlabWriter.maxBytes;
  }

  /**
   * Room for one frame: its virtio header (12 bytes) and the frame after it. The caller fills all of it before
   * anything else is done with the writer; what stands in it until then is anything.
   * `InvalidArgument` for a frame that is longer than any, or does not fit.
   */
  reserve(frameBytes: number): Uint8Array<ArrayBuffer> {
    const start = this.#add(frameBytes);
    return this.#bytes.subarray(start + 4, start + recordHeaderBytes + frameBytes);
  }

  /** Copies a frame; without a header nothing is left to do for it. */
  append(frame: Uint8Array, header?: Uint8Array): void {
    const start = this.#add(frame.length);
    if (header) this.#bytes.set(header.subarray(0, virtioHeaderBytes), start + 4);
    else this.#bytes.fill(0, start + 4, start + recordHeaderBytes);
    this.#bytes.set(frame, start + recordHeaderBytes);
  }

  /** Copies a record of another slab. `start` is where it begins there, `frameBytes` the length of its frame. */
  copy(source: Uint8Array, start: number, frameBytes: number): void {
    const target = this.#add(frameBytes);
    this.#bytes.set(source.subarray(start + 4, start + recordHeaderBytes + frameBytes), target + 4);
  }

  /** Hands the slab over and begins a new one, a size smaller when this one is not half full. */
  take(): FrameSlab {
    const slab = { buffer: this.#bytes.buffer, bytes: this.#length };
    const smaller = capacities[this.#size - 1];
    if (smaller !== undefined && this.#length <= smaller) this.#size -= 1;
    this.#setBuffer(emptyBuffer);
    this.#length = 0;
    this.#frames = 0;
    return slab;
  }

  #add(frameBytes: number): number {
    if (!(frameBytes >= 0 && frameBytes <= maxFrameBytes && this.fits(frameBytes))) {
      throw new SandboxError('InvalidArgument', `A frame of ${frameBytes} bytes does not fit a slab`);
    }
    const start = this.#length;
    this.#length += recordBytes(frameBytes);
    if (this.#length > this.#bytes.length) this.#grow(start);
    this.#view.setUint32(start, frameBytes, true);
    this.#frames += 1;
    return start;
  }

  #grow(used: number): void {
    while ((capacities[this.#size] ?? 0) < this.#length) this.#size += 1;
    const old = this.#bytes;
    this.#setBuffer(this.#pool.take(capacities[this.#size] ?? largestCapacity));
    if (used > 0) this.#bytes.set(old.subarray(0, used));
    if (old.length > 0) this.#pool.give(old.buffer);
  }

  #setBuffer(buffer: ArrayBuffer): void {
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }
}

/**
 * Walks over the frames of a slab without making an object for each:
 *
 *     const reader = new SlabReader(slab);
 *     while (reader.next()) use(reader.bytes.subarray(reader.frameStart, reader.frameEnd));
 *     if (reader.damaged) count();
 *
 * A record that reaches beyond the slab ends the walk and is told by `damaged`; nothing throws.
 */
export class SlabReader {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Where the record begins; its virtio header is at `start + 4`. */
  start = 0;
  frameStart = 0;
  frameEnd = 0;
  damaged = false;
  readonly #end: number;
  #next = 0;

  /** `start` is where the first record begins that is looked at. */
  constructor({ buffer, bytes }: FrameSlab, start = 0) {
    this.#next = start;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    const sound = Number.isInteger(bytes) && bytes >= 0 && bytes <= buffer.byteLength;
    this.damaged = !sound;
    this.#end = sound ? bytes : 0;
  }

  /** Where the record ends, with its padding. */
  get end(): number {
    return this.#next;
  }

  /** Bytes of the frame. */
  get length(): number {
    return this.frameEnd - this.frameStart;
  }

  /** The virtio header and the frame together, as a device hands them to a guest. */
  get packet(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(this.start + 4, this.frameEnd);
  }

  /** Moves on to the next frame; false after the last. */
  next(): boolean {
    const start = this.#next;
    if (start >= this.#end || this.damaged) return false;
    if (start + recordHeaderBytes > this.#end) return this.#damage();
    const length = this.view.getUint32(start, true);
    if (length > maxFrameBytes) return this.#damage();
    const next = start + recordBytes(length);
    if (next > this.#end) return this.#damage();
    this.start = start;
    this.frameStart = start + recordHeaderBytes;
    this.frameEnd = this.frameStart + length;
    this.#next = next;
    return true;
  }

  /** Goes back to before the first frame. */
  rewind(): void {
    this.#next = 0;
  }

  #damage(): false {
    this.damaged = true;
    return false;
  }
}
