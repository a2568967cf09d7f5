import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../base/bytes';
import { type DiskImageExtent, extentSize, parseDiskImage, serializeDiskImage } from './disk-image';

async function* inOrder<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const extent = (index: number): DiskImageExtent => ({ index, bytes: new Uint8Array(extentSize).fill(index + 1) });
const disk = { sizeBytes: 16 * extentSize };

async function serialize(indexes: readonly number[]): Promise<Uint8Array<ArrayBuffer>> {
  return concatBytes(await collect(serializeDiskImage({ ...disk, extents: inOrder(indexes.map(extent)) })));
}

/** The bytes in chunks of one length. */
async function* cut(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length);
}

async function parseAll(bytes: Uint8Array, length = 5000): Promise<number[]> {
  const { extents } = await parseDiskImage(cut(bytes, length));
  return (await collect(extents)).map(({ index }) => index);
}

describe('a disk image', () => {
  it('is read as it was written, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(15), { maxLength: 5 }),
        fc.integer({ min: 1000, max: 200_000 }),
        async (indexes, length) => {
          indexes.sort((a, b) => a - b);
          const image = await parseDiskImage(cut(await serialize(indexes), length));
          expect(image.sizeBytes).toBe(disk.sizeBytes);
          const extents = await collect(image.extents);
          expect(extents.map(({ index }) => index)).toEqual(indexes);
          expect(extents.every(({ index, bytes }) => bytes.every((byte) => byte === index + 1))).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('is damaged when it ends anywhere before its end', async () => {
    const whole = await serialize([0, 3]);
    const lengths = [0, 7, 23, 24, 27, 28, 28 + extentSize, whole.length - 4, whole.length - 1];
    for (const length of lengths) {
      await expect(parseAll(whole.slice(0, length))).rejects.toMatchObject({ code: 'DataLoss' });
    }
    expect(await parseAll(whole)).toEqual([0, 3]);
  });

  it.each([
    ['something behind its end', async () => concatBytes([await serialize([1]), Uint8Array.of(0)])],
    ['extents out of order', () => serialize([3, 2])],
    ['an extent twice', () => serialize([3, 3])],
    ['an extent beyond the end', () => serialize([16])],
    ['extents of another size', async () => patched(await serialize([]), 12, 1)],
    ['a size that no number holds', async () => patched(await serialize([]), 23, 0xff)],
  ])('is damaged with %s', async (_, make) => {
    await expect(parseAll(await make())).rejects.toMatchObject({ code: 'DataLoss' });
  });

  it('of another version is told apart from what is none', async () => {
    await expect(parseAll(patched(await serialize([]), 8, 2))).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await expect(parseAll(patched(await serialize([]), 0, 0))).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});

function patched(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}
