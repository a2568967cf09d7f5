import { describe, expect, it } from 'vitest';
import type { Clock } from '../../base/clock';
import { toDisposable } from '../../base/lifecycle';
import { MemoryImage, pageBytes } from './memory-image';
import { copyMemory, walkMemory } from './memory-walk';

/** A clock that moves on by a millisecond each time somebody looks, and counts the turns that others got. */
class BusyClock implements Clock {
  #now = 0;
  turns = 0;

  now(): number {
    return this.monotonic();
  }

  monotonic(): number {
    this.#now += 1;
    return this.#now;
  }

  after(_ms: number, callback: () => void) {
    this.turns += 1;
    queueMicrotask(callback);
    return toDisposable(() => {});
  }
}

describe('a walk through memory', () => {
  it('lets others have their turn', async () => {
    const clock = new BusyClock();
    await walkMemory(clock, new Uint8Array(4096 * pageBytes));
    expect(clock.turns).toBeGreaterThan(2);
  });

  it('looks at each page once, the last ones too', async () => {
    const memory = new Uint8Array(515 * pageBytes).fill(1);
    const seen: number[] = [];
    await walkMemory(new BusyClock(), memory, undefined, ({ changed }) => seen.push(...changed));
    expect(seen).toEqual(Array.from({ length: 515 }, (_, page) => page));
  });

  it('copies what is not zero', async () => {
    const memory = new Uint8Array(1024 * pageBytes);
    for (const page of [0, 255, 256, 1023]) memory.fill(7, page * pageBytes, (page + 1) * pageBytes);
    const { image, pieces } = await copyMemory(new BusyClock(), memory);
    expect(image.differenceTo(memory)).toEqual({ changed: [], zeroed: [] });
    expect(pieces.map(({ packed }) => packed.length / pageBytes)).toEqual([2, 1, 1]);
    const there = new MemoryImage(1024);
    for (const piece of pieces) there.apply(piece);
    const written = new Uint8Array(1024 * pageBytes);
    there.writeTo(written);
    expect(Buffer.compare(written, memory)).toBe(0);
  });
});
