import { SandboxError } from '../base/errors';

/**
 * Bytes that a decoder may be asked to keep as its window: what `zstd` itself takes without `--long` or
 * `--memory`. The format allows 2 GiB and more.
 */
export const windowLimit = 128 * 1024 * 1024;

/** The longest frame header: magic, descriptor, window, dictionary, content size. */
export const headerLimit = 18;

/** RFC 8878, section 3.1.1.2.4. */
const blockLimit = 128 * 1024;
const rleBlock = 1;

interface FrameHeader {
  readonly length: number;
  readonly windowSize: number;
  readonly hasChecksum: boolean;
}

/**
 * Walks over one zstd frame (RFC 8878, section 3.1.1) ahead of a decoder, because a decoder takes whatever
 * memory a header asks for. `DataLoss` when it is no frame, asks for too much, or is followed by another:
 * whose header would be the next that the decoder believes.
 */
export class ZstdGuard {
  readonly #hasChecksum: boolean;
  /** Bytes until the next block header. */
  #skip: number;
  #lastBlock = false;
  #blockHeader: number[] = [];

  /** From the first bytes of the frame: `headerLimit` of them, or all. They are not yet walked over. */
  constructor(head: Uint8Array) {
    const { length, windowSize, hasChecksum } = readHeader(head);
    if (windowSize > windowLimit) {
      throw damaged(`The zstd frame asks for a window of ${windowSize} bytes; at most ${windowLimit} are given`);
    }
    this.#skip = length;
    this.#hasChecksum = hasChecksum;
  }

  walk(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      at += skipped;
      const next = bytes[at];
      if (next === undefined) return;
      if (this.#lastBlock) throw damaged('More bytes follow the zstd frame');
      this.#blockHeader.push(next);
      at += 1;
      if (this.#blockHeader.length === 3) this.#enterBlock();
    }
  }

  #enterBlock(): void {
    const [low = 0, middle = 0, high = 0] = this.#blockHeader;
    this.#blockHeader = [];
    const value = low | (middle << 8) | (high << 16);
    const size = value >> 3;
    if (size > blockLimit)
      throw damaged(`The zstd frame has a block of ${size} bytes; at most ${blockLimit} are allowed`);
    this.#skip = ((value >> 1) & 3) === rleBlock ? 1 : size;
    this.#lastBlock = (value & 1) === 1;
    if (this.#lastBlock && this.#hasChecksum) this.#skip += 4;
  }
}

function readHeader(head: Uint8Array): FrameHeader {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 6 || view.getUint32(0, true) !== 0xfd2fb528) throw damaged('These bytes are not a zstd frame');
  const descriptor = view.getUint8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeAt = 5 + (singleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const sizeWidth = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const length = sizeAt + sizeWidth;
  if (head.length < length) throw damaged('The zstd frame ends within its header');
  // With a single segment the window is the content.
  const windowSize = singleSegment ? readContentSize(view, sizeAt, sizeWidth) : readWindowSize(view.getUint8(5));
  return { length, windowSize, hasChecksum: (descriptor & 0x04) !== 0 };
}

function readWindowSize(value: number): number {
  const base = 2 ** (10 + (value >> 3));
  return base + (base / 8) * (value & 7);
}

function readContentSize(view: DataView, at: number, width: number): number {
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true) + 256;
  if (width === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}

function damaged(message: string): SandboxError {
  return new SandboxError('DataLoss', message);
}
