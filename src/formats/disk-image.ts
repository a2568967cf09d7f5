import { SandboxError } from '../base/errors';
import { ByteReader } from './byte-reader';
import { ByteWriter } from './byte-writer';
import type { SparsePart } from './sparse-tar';

/**
 * A disk as a stream of the extents that have something in them, for snapshots that are carried away.
 *
 * | bytes | what |
 * |---|---|
 * | 8 | "STRADISK" |
 * | u32 | version, 1 |
 * | u32 | bytes of an extent |
 * | u64 | bytes of the disk, a multiple of 512; its last extent may go beyond them |
 * | u32 and an extent, again and again | number of the extent, ascending, and its bytes |
 * | u32 | 0xffffffff, the end |
 *
 * Numbers are little-endian. What is not mentioned is zeros. The end is told, so that an image that was cut off
 * between two extents is not taken for a whole one.
 */
export const extentSize = 64 * 1024;

export interface DiskImageExtent {
  readonly index: number;
  /** `extentSize` of them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface DiskImage {
  readonly sizeBytes: number;
  readonly extents: AsyncIterable<DiskImageExtent>;
}

const magic = new TextEncoder().encode('STRADISK');
const version = 1;
const sectorBytes = 512;
const headerSize = magic.length + 16;
const endMark = 0xffffffff;

export async function* serializeDiskImage({ sizeBytes, extents }: DiskImage): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield new ByteWriter().bytes(magic).u32(version).u32(extentSize).u64(BigInt(sizeBytes)).finish();
  for await (const { index, bytes } of extents) {
    yield new ByteWriter().u32(index).finish();
    yield bytes;
  }
  yield new ByteWriter().u32(endMark).finish();
}

/** A sparse file by extents. Those of zeros are left out: that is what is not mentioned reads as. */
export async function* extentsOf(parts: AsyncIterable<SparsePart>): AsyncGenerator<DiskImageExtent> {
  let open: DiskImageExtent | undefined;
  for await (const { offset, bytes } of parts) {
    for (let from = 0; from < bytes.length; ) {
      const at = offset + from;
      const index = Math.floor(at / extentSize);
      if (open?.index !== index) {
        if (open && !isZero(open.bytes)) yield open;
        open = { index, bytes: new Uint8Array(extentSize) };
      }
      const part = bytes.subarray(from, from + extentSize - (at % extentSize));
      open.bytes.set(part, at % extentSize);
      from += part.length;
    }
  }
  if (open && !isZero(open.bytes)) yield open;
}

/** Whether an extent, or another buffer of whole words, has nothing in it. */
export function isZero(extent: Uint8Array<ArrayBuffer>): boolean {
  // Four bytes at a time: this looks at everything that is written.
  return new Int32Array(extent.buffer, extent.byteOffset, extent.length / 4).every((word) => word === 0);
}

/**
 * Reads the header, and the extents as they are asked for. Errors: `InvalidArgument` for what is no disk image,
 * `FailedPrecondition` for another version, `DataLoss` for one that is damaged.
 */
export async function parseDiskImage(chunks: AsyncIterable<Uint8Array>): Promise<DiskImage> {
  const pieces = new Pieces(chunks);
  const header = new ByteReader(await pieces.take(headerSize));
  if (header.bytes(magic.length).some((byte, at) => byte !== magic[at])) {
    throw new SandboxError('InvalidArgument', 'Not a disk image: it does not begin as one');
  }
  const found = header.u32();
  if (found !== version) {
    const message = `A disk image of version ${found}: this page reads version ${version}`;
    throw new SandboxError('FailedPrecondition', message, { details: { version: found } });
  }
  const size = header.u32();
  const sizeBytes = Number(header.u64());
  if (size !== extentSize) throw damaged(`extents of ${size} bytes, not ${extentSize}`);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes % sectorBytes !== 0) throw damaged(`a size of ${sizeBytes} bytes`);
  return { sizeBytes, extents: readExtents(pieces, Math.ceil(sizeBytes / extentSize)) };
}

async function* readExtents(pieces: Pieces, count: number): AsyncGenerator<DiskImageExtent> {
  let last = -1;
  for (;;) {
    const index = new ByteReader(await pieces.take(4)).u32();
    if (index === endMark) break;
    if (index <= last || index >= count) throw damaged(`extent ${index} after ${last}, of ${count}`);
    last = index;
    yield { index, bytes: await pieces.take(extentSize) };
  }
  await pieces.end();
}

/** Pieces of a given length out of chunks of any. */
class Pieces {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const piece = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      if (this.#rest.length === 0 && !(await this.#more())) throw damaged('it ends too early');
      const part = this.#rest.subarray(0, length - filled);
      piece.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return piece;
  }

  async end(): Promise<void> {
    if (this.#rest.length > 0 || (await this.#more())) throw damaged('something comes behind its end');
  }

  async #more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return false;
      this.#rest = next.value;
    }
    return true;
  }
}

function damaged(what: string): SandboxError {
  return new SandboxError('DataLoss', `The disk image is damaged: ${what}`);
}
