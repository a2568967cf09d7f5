import { concatBytes } from '../base/bytes';

/**
 * A valid zstd frame (RFC 8878, section 3.1) without compression, or with one byte repeated: what a test
 * needs, without a compressor. Real compressed artifacts are unpacked in the integration tests.
 */
const blockLimit = 128 * 1024;

/** The bytes in raw blocks. */
export function storeAsZstd(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  for (let from = 0; from === 0 || from < bytes.length; from += blockLimit) {
    const part = bytes.subarray(from, from + blockLimit);
    blocks.push(blockHeader(from + blockLimit >= bytes.length, 0, part.length), part);
  }
  return frame(blocks);
}

/** `blocks` times 128 KiB of zeros, four bytes each. */
export function zerosAsZstd(blocks: number): Uint8Array<ArrayBuffer> {
  return frame(
    Array.from({ length: blocks }, (_, index) => Uint8Array.of(...blockHeader(index === blocks - 1, 1, blockLimit), 0)),
  );
}

function frame(blocks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  // Magic number; no content size, no checksum, no dictionary; a window of 128 KiB (exponent 7).
  const header = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3);
  return concatBytes([header, ...blocks]);
}

function blockHeader(last: boolean, type: 0 | 1, size: number): Uint8Array {
  const value = (size << 3) | (type << 1) | (last ? 1 : 0);
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff, value >> 16);
}
