import { describe, expect, it } from 'vitest';
import { createSeededRandom } from './seeded-random';

describe('seeded randomness', () => {
  it('is the same for the same seed and another for another', () => {
    const numbers = (seed: number): number[] => {
      const random = createSeededRandom(seed);
      return Array.from({ length: 20 }, () => random.next());
    };
    expect(numbers(1)).toEqual(numbers(1));
    expect(numbers(1)).not.toEqual(numbers(2));
  });

  it('is spread evenly', () => {
    const random = createSeededRandom(7);
    const counts = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let turn = 0; turn < 80_000; turn += 1) {
      const value = random.below(8);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(new Set(random.bytes(10_000)).size).toBe(256);
  });

  it('picks each of the values, and chances by their probability', () => {
    const random = createSeededRandom(3);
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']));
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.2)).filter(Boolean).length;
    expect(Math.abs(hits - 2000)).toBeLessThan(200);
    expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
  });
});
