import { extentSize, isZero } from '../../formats/disk-image';

/**
 * Disks are kept in pieces of this many bytes, which are the pieces of a disk image too, each a value of its own in the database. Measured in Chromium
 * on a busy 2-core machine, 8 MiB to a strict transaction; "flush" is a transaction of one extent:
 *
 * | extent | write, MB/s | flush, ms | random read, ms | read of many, MB/s |
 * |---|---|---|---|---|
 * | 32 KiB ArrayBuffer | 12 | 12 to 15 | 2 | 12 to 29 |
 * | 64 KiB ArrayBuffer | 15 to 17 | 21 to 38 | 4.6 to 6.6 | 14 |
 * | 64 KiB Blob | 18 | 14 | 4 | 19 |
 * | 128 KiB ArrayBuffer | 17 | 26 | 7 | 21 |
 * | 256 KiB Blob | 29 | 23 | 6 | 16 |
 *
 * From 64 KiB on Chromium keeps a value as a file of its own, and a Blob is that file without a detour. Smaller
 * extents read faster one by one, but a disk then has so many keys that listing them at open takes seconds.
 */
export { extentSize, isZero };

/** What an extent reads as that was never written. Nobody writes to it. */
export const zeroExtent: Uint8Array<ArrayBuffer> = new Uint8Array(extentSize);

/** The part of an extent that a range of the disk touches. */
export interface ExtentPart {
  readonly index: number;
  /** Where it begins in the extent. */
  readonly start: number;
  readonly length: number;
  /** Where it begins in the range. */
  readonly from: number;
}

/** A range of the disk by extents, ascending. */
export function splitRange(offset: number, length: number): readonly ExtentPart[] {
  const parts: ExtentPart[] = [];
  for (let from = 0; from < length; ) {
    const start = (offset + from) % extentSize;
    const part = Math.min(extentSize - start, length - from);
    parts.push({ index: (offset + from - start) / extentSize, start, length: part, from });
    from += part;
  }
  return parts;
}
