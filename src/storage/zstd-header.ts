import { SandboxError } from '../base/errors';

/**
 * Bytes that a decoder may be asked to keep as its window: what `zstd` itself takes without `--long` or
 * `--memory`. The format allows 2 GiB and more.
 */
export const windowLimit = 128 * 1024 * 1024;

/** The longest that has to be seen to know the window: magic, descriptor, window, dictionary, content size. */
export const headerSize = 18;

/**
 * Checks the start of a zstd frame (RFC 8878, section 3.1.1.1) before a decoder sees it, because a decoder
 * takes the memory that the header asks for. `DataLoss` when it is no frame, or asks for too much.
 */
export function checkZstdHeader(head: Uint8Array): void {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 6 || view.getUint32(0, true) !== 0xfd2fb528)
    throw new SandboxError('DataLoss', 'These bytes are not a zstd frame');
  const windowSize = readWindowSize(view);
  if (windowSize <= windowLimit) return;
  throw new SandboxError(
    'DataLoss',
    `The zstd frame asks for a window of ${windowSize} bytes; at most ${windowLimit} are given`,
  );
}

function readWindowSize(view: DataView): number {
  const descriptor = view.getUint8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  if (!singleSegment) {
    const value = view.getUint8(5);
    const base = 2 ** (10 + (value >> 3));
    return base + (base / 8) * (value & 7);
  }
  // With a single segment the window is the content.
  const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const width = [1, 2, 4, 8][descriptor >> 6] ?? 1;
  if (view.byteLength < at + width) throw new SandboxError('DataLoss', 'The zstd frame ends within its header');
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true) + 256;
  if (width === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}
