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
 * memory a header asks for. `DataLoss` when it is no frame or asks for too much.
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

  /** How many of the bytes belong to the frame: fewer than there are when it ends before them. */
  walk(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      at += skipped;
      const next = bytes[at];
      if (next === undefined || this.#lastBlock) return at;
      this.#blockHeader.push(next);
      at += 1;
      if (this.#blockHeader.length === 3) this.#enterBlock();
    }
    return at;
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

const skippableFrames = { first: 0x184d2a50, mask: 0xfffffff0 };

/**
 * Walks over frames as long as they come: a layer may have several, and skippable ones (RFC 8878, section 3.1.2)
 * between them. Errors as of {@link ZstdGuard}.
 */
export class ZstdFramesGuard {
  #head: number[] = [];
  #skip = 0;
  #frame: ZstdGuard | undefined;

  walk(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const rest = bytes.subarray(at);
      const taken = this.#frame ? this.#frame.walk(rest) : Math.min(this.#skip, rest.length);
      if (!this.#frame) this.#skip -= taken;
      at += taken;
      const next = bytes[at];
      if (next === undefined) return;
      // Something follows: the frame before it has ended.
      this.#frame = undefined;
      at += 1;
      this.#takeHead(next);
    }
  }

  #takeHead(byte: number): void {
    this.#head.push(byte);
    const head = Uint8Array.from(this.#head);
    const skippable = skippableLength(head);
    if (head.length < (skippable === undefined ? headerLength(head) : 8)) return;
    this.#head = [];
    if (skippable === undefined) {
      this.#frame = new ZstdGuard(head);
      this.#frame.walk(head);
    } else this.#skip = skippable;
  }
}

/** Bytes in a skippable frame, as far as can be told; undefined when it is another. */
function skippableLength(head: Uint8Array): number | undefined {
  if (head.length < 4) return undefined;
  const view = new DataView(head.buffer);
  if ((view.getUint32(0, true) & skippableFrames.mask) >>> 0 !== skippableFrames.first) return undefined;
  return head.length < 8 ? 0 : view.getUint32(4, true);
}

/** Bytes of the header that begins with these, as far as can be told. */
function headerLength(head: Uint8Array): number {
  const descriptor = head[4];
  return descriptor === undefined ? 6 : Math.max(6, readLayout(descriptor).length);
}

/** Where the content size is in a header with this descriptor, and where the header ends. */
function readLayout(descriptor: number) {
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeAt = 5 + (singleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const sizeWidth = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return { singleSegment, sizeAt, sizeWidth, length: sizeAt + sizeWidth };
}

function readHeader(head: Uint8Array): FrameHeader {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 6 || view.getUint32(0, true) !== 0xfd2fb528) throw damaged('These bytes are not a zstd frame');
  const descriptor = view.getUint8(4);
  const { singleSegment, sizeAt, sizeWidth, length } = readLayout(descriptor);
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
