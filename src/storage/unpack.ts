import { Decompress } from 'fzstd';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { headerLimit, ZstdGuard } from './zstd-guard';

/** Takes the pieces of a download as they come and gives the pieces of what they hold. */
export interface Unpacker {
  /** `DataLoss` when this is not the format, or more comes out than was announced. */
  push(piece: Uint8Array): readonly Uint8Array[];
  /** What was held back. `DataLoss` when the input ended too early. */
  finish(): readonly Uint8Array[];
}

/** For what is kept as it travels. */
export const passThrough: Unpacker = { push: (piece) => [piece], finish: () => [] };

/** Bytes given to the decoder at a time, so that a bomb is seen before it fills the memory. */
const feedSize = 16 * 1024;

/**
 * A bomb is told by its ratio, once enough has come out that a real artifact full of zeros is let by.
 * The same limits as for container layers (docs/THREATS.md).
 */
const bombRatio = 200;
const bombFloor = 64 * 1024 * 1024;

/**
 * zstd, as a stream (RFC 8878). fzstd is slower than the decoder inside the emulator (390 against 90 ms for
 * 21 MB in Node), but it starts at once, without compiling 2 MB of WebAssembly, and works while the download
 * goes on; and an artifact is unpacked only once.
 */
export function createZstdUnpacker(announcedSize: number): Unpacker {
  let taken = 0;
  let given = 0;
  let pieces: Uint8Array[] = [];
  const decoder = new Decompress((piece) => {
    given += piece.length;
    if (given > announcedSize)
      throw new SandboxError('DataLoss', `More comes out than the ${announcedSize} bytes announced`);
    if (given > bombFloor && given > taken * bombRatio) {
      throw new SandboxError('DataLoss', `${given} bytes out of ${taken}: this is a decompression bomb`);
    }
    // A copy: the decoder uses its window again.
    pieces.push(piece.slice());
  });
  // The first bytes, held back until there are enough of them to make the guard.
  let head = new Uint8Array();
  let guard: ZstdGuard | undefined;
  const take = (input: Uint8Array): void => {
    guard ??= new ZstdGuard(head);
    for (let from = 0; from < input.length; from += feedSize) {
      const part = input.subarray(from, from + feedSize);
      taken += part.length;
      guard.walk(part);
      feed(decoder, part, false);
    }
  };
  return {
    push(piece) {
      pieces = [];
      if (guard) {
        take(piece);
      } else {
        head = concatBytes([head, piece]);
        if (head.length >= headerLimit) take(head);
      }
      return pieces;
    },
    finish() {
      pieces = [];
      if (!guard) take(head);
      feed(decoder, new Uint8Array(), true);
      return pieces;
    },
  };
}

function feed(decoder: Decompress, part: Uint8Array, final: boolean): void {
  try {
    decoder.push(part, final);
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    // fzstd throws its own errors for most bad input and RangeErrors for some.
    throw new SandboxError('DataLoss', 'The compressed bytes are damaged', { cause: error });
  }
}
