import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { RangeCache } from './range-cache';

const block = 256 * 1024;
const size = 3 * 1024 * 1024 + 12_345;
const bytes = new Uint8Array(size).map((_, index) => (index * 13) ^ (index >> 8));

function source() {
  const asked: [number, number][] = [];
  return {
    asked,
    size,
    async read(start: number, end: number) {
      asked.push([start / block, end / block]);
      return bytes.slice(start, end);
    },
  };
}

const read = async (cache: RangeCache, start: number, end: number) => concatBytes(await cache.read(start, end));

describe('a range cache', () => {
  it('gives the bytes of any range, in any order, however few blocks it keeps', async () => {
    const anyRange = fc
      .tuple(fc.nat(size), fc.nat(700_000))
      .map(([start, length]) => [start, Math.min(size, start + length)]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRange, { maxLength: 8 }),
        fc.integer({ min: 1, max: 20 }),
        async (ranges, blocks) => {
          const cache = new RangeCache(source(), { blocks });
          const all = await Promise.all(ranges.map(([start = 0, end = 0]) => read(cache, start, end)));
          for (const [index, [start, end]] of ranges.entries()) {
            expect(Buffer.compare(all[index] ?? new Uint8Array(0), bytes.subarray(start, end))).toBe(0);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('answers at once what it has', async () => {
    const cache = new RangeCache(source());
    await cache.read(10, 20);
    expect(cache.read(0, 30)).not.toBeInstanceOf(Promise);
    expect(cache.read(5, 5)).toEqual([]);
  });

  it('asks for each block once, in questions that end where pieces of the store end', async () => {
    const from = source();
    const cache = new RangeCache(from);
    await Promise.all([cache.read(0, 6 * block), cache.read(block, 3 * block)]);
    expect(from.asked.slice(0, 2)).toEqual([
      [0, 4],
      [4, 6],
    ]);
    const blocks = from.asked.flatMap(([first, last]) =>
      Array.from({ length: Math.ceil(last) - first }, (_, index) => first + index),
    );
    expect(new Set(blocks).size).toBe(blocks.length);
  });

  it('reads ahead of a reader that goes straight on, further each time, and of no other', async () => {
    const straight = source();
    const cache = new RangeCache(straight);
    await cache.read(0, 100);
    expect(straight.asked).toEqual([[0, 1]]);
    await cache.read(100, block);
    expect(straight.asked).toEqual([
      [0, 1],
      [1, 2],
    ]);
    await cache.read(block, 2 * block);
    expect(straight.asked.at(-1)).toEqual([2, 4]);

    const jumping = source();
    const jumps = new RangeCache(jumping);
    for (const at of [0, 5, 2, 9]) await jumps.read(at * block, at * block + 10);
    expect(jumping.asked.map(([first]) => first)).toEqual([0, 5, 2, 9]);
  });

  it('asks for whole pieces of the store once it reads far ahead', async () => {
    const asked: [number, number][] = [];
    const cache = new RangeCache({
      size: 24 * block,
      async read(start, end) {
        asked.push([start / block, end / block]);
        return new Uint8Array(end - start);
      },
    });
    for (let at = 0; at < 24; at += 2) await cache.read(at * block, (at + 2) * block);
    const small = [...[0, 2].map((at) => [at, at + 2]), [4, 5], [5, 6], [6, 8]];
    expect(asked).toEqual([...small, ...[8, 12, 16, 20].map((at) => [at, at + 4])]);
  });

  it('tells a failure to who reads, and asks again the next time', async () => {
    let fails = true;
    const cache = new RangeCache({
      size,
      async read(start, end) {
        if (fails) throw new Error('Damaged');
        return bytes.slice(start, end);
      },
    });
    await expect(cache.read(0, 10)).rejects.toThrow('Damaged');
    fails = false;
    expect(await read(cache, 0, 10)).toEqual(bytes.slice(0, 10));
  });
});
