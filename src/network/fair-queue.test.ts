import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordBytes, SlabReader, SlabWriter } from '../formats/frame-slab';
import { FairQueue, type QueuedSlab } from './fair-queue';

/** A slab of frames of these lengths, each filled with its mark. */
function slabOf(...frames: readonly (readonly [length: number, mark: number])[]): Omit<QueuedSlab, 'start'> {
  const writer = new SlabWriter();
  for (const [length, mark] of frames) writer.append(new Uint8Array(length).fill(mark));
  const frameBytes = frames.reduce((sum, [length]) => sum + length, 0);
  return { ...writer.take(), frames: frames.length, frameBytes };
}

function push<S>(queue: FairQueue<S>, source: S, length: number, mark = 0): number {
  const { buffer } = slabOf([length, mark]);
  return queue.push(source, new Uint8Array(buffer), 0, length);
}

function framesOf(slab: QueuedSlab): Uint8Array[] {
  const reader = new SlabReader(slab, slab.start);
  const frames: Uint8Array[] = [];
  while (reader.next()) frames.push(reader.bytes.slice(reader.frameStart, reader.frameEnd));
  expect([frames.length, reader.damaged]).toEqual([slab.frames, false]);
  expect(frames.reduce((sum, { length }) => sum + length, 0)).toBe(slab.frameBytes);
  return frames;
}

function drain<S>(queue: FairQueue<S>): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let head = queue.head(); head; head = queue.head()) {
    frames.push(...framesOf(head));
    queue.shift();
  }
  return frames;
}

const marks = (frames: readonly Uint8Array[]) => frames.map(([mark]) => mark);

describe('a fair queue', () => {
  it('gives back one source in order, copied and adopted, by slabs and by records', () => {
    const queue = new FairQueue<string>({ frames: 20, bytes: 1e6 });
    for (let mark = 0; mark < 3; mark += 1) push(queue, 'a', 60_000, mark);
    expect(queue.adopt('a', slabOf([2000, 3], [2000, 4]))).toBe(true);
    push(queue, 'a', 60, 5);
    const first: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const head = queue.head()!;
      first.push(...marks(framesOf(head)).slice(0, 1).map(Number));
      queue.shiftRecord();
    }
    expect([...first, ...marks(drain(queue))]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([queue.frames, queue.bytes]).toEqual([0, 0]);
  });

  it('gives sources the same share of bytes whatever they fill it with', () => {
    const queue = new FairQueue<string>({ frames: 9000, bytes: 1e7 });
    for (let count = 0; count < 40; count += 1) push(queue, 'large', 60_000, 1);
    for (let count = 0; count < 8000; count += 1) push(queue, 'small', 100, 2);
    const sums = [0, 0, 0];
    for (let bytes = 0; bytes < 1_200_000; ) {
      const head = queue.head()!;
      queue.shift();
      sums[framesOf(head)[0]![0]!]! += head.frameBytes;
      bytes += head.frameBytes;
    }
    expect(Math.abs(sums[1]! - sums[2]!)).toBeLessThan(4 * 65_536);
  });

  it('takes room from the source that has the most, so that a flood drops its own', () => {
    const queue = new FairQueue<string>({ frames: 100, bytes: 1e6 });
    for (let count = 0; count < 1000; count += 1) push(queue, 'flood', 64);
    expect(push(queue, 'other', 64, 7)).toBe(1);
    expect(queue.frames).toBe(100);
    for (let count = 0; count < 1000; count += 1) push(queue, 'flood', 64);
    expect(marks(drain(queue)).filter((mark) => mark === 7)).toHaveLength(1);
  });

  it('drops the newest of a source, not the oldest', () => {
    const queue = new FairQueue<string>({ frames: 3, bytes: 1e6 });
    expect([0, 1, 2, 3, 4].map((mark) => push(queue, 'a', 10, mark))).toEqual([0, 0, 0, 1, 1]);
    expect(marks(drain(queue))).toEqual([0, 1, 2]);
    queue.adopt('a', slabOf([100, 1], [100, 2], [100, 3]));
    expect(push(queue, 'b', 10, 9)).toBe(1);
    expect(marks(drain(queue))).toEqual([1, 2, 9]);
  });

  it('makes room for a large record by dropping as many small ones as it takes', () => {
    const queue = new FairQueue<string>({ frames: 1000, bytes: 64_000 });
    for (let count = 0; count < 800; count += 1) push(queue, 'small', 60);
    const before = queue.frames;
    const dropped = push(queue, 'large', 9000, 7);
    expect(dropped).toBe(Math.ceil((queue.bytes + dropped * recordBytes(60) - 64_000) / recordBytes(60)));
    expect(queue.frames).toBe(before - dropped + 1);
    expect(queue.bytes).toBeGreaterThan(64_000 - recordBytes(60));
  });

  it('adopts no slab that does not fit, nor one that would hold a large buffer for little', () => {
    const queue = new FairQueue<string>({ frames: 3, bytes: 50_000 });
    expect(queue.adopt('a', slabOf([1500, 1], [1500, 2], [1500, 3], [1500, 4]))).toBe(false);
    expect(queue.adopt('a', slabOf([60_000, 1]))).toBe(false);
    expect(queue.adopt('a', { ...slabOf([60, 1]), buffer: new ArrayBuffer(65_536) })).toBe(false);
    expect(queue.adopt('a', slabOf([1500, 1], [1500, 2]))).toBe(true);
    expect(queue.frames).toBe(2);
  });

  it('gives a large buffer up of which most was dropped', () => {
    const small = new FairQueue<string>({ frames: 4, bytes: 70_000 });
    small.adopt('a', slabOf([14_000, 1], [14_000, 2], [14_000, 3], [14_000, 4]));
    push(small, 'b', 34_000, 9);
    push(small, 'c', 14_000, 9);
    for (let head = small.head(); head; head = small.head()) {
      expect(head.buffer.byteLength).toBeLessThan(5 * (head.bytes - head.start));
      small.shift();
    }
  });

  it('empties at once, and tells how many that were', () => {
    const queue = new FairQueue<string>({ frames: 10, bytes: 1e6 });
    push(queue, 'a', 1);
    push(queue, 'b', 1);
    expect(queue.clear()).toBe(2);
    expect(queue.head()).toBeUndefined();
    expect(push(queue, 'a', 1)).toBe(0);
    expect(drain(queue)).toHaveLength(1);
  });

  it('stays within its bounds, in order for each source, and accounts for every frame', () => {
    const lengths = fc.array(fc.integer({ min: 2, max: 400 }), { minLength: 1, maxLength: 6, size: 'max' });
    const step = fc.record({
      source: fc.nat(2),
      lengths,
      whole: fc.boolean(),
      shifts: fc.array(fc.boolean(), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const queue = new FairQueue<number>({ frames: 20, bytes: 3000 });
        const out: Uint8Array[] = [];
        let [sent, dropped] = [0, 0];
        for (const { source, lengths: all, whole, shifts } of steps) {
          const slab = slabOf(...all.map((length) => [length, source] as const));
          const reader = new SlabReader(slab);
          while (reader.next()) {
            reader.bytes[reader.frameStart + 1] = sent & 255;
            sent += 1;
          }
          reader.rewind();
          if (!(whole && queue.adopt(source, slab))) {
            while (reader.next()) dropped += queue.push(source, reader.bytes, reader.start, reader.length);
          }
          expect(queue.frames).toBeLessThanOrEqual(20);
          expect(queue.bytes).toBeLessThanOrEqual(3000);
          for (const byRecord of shifts) {
            const head = queue.head();
            if (!head) continue;
            const frames = framesOf(head);
            out.push(...(byRecord ? frames.slice(0, 1) : frames));
            if (byRecord) queue.shiftRecord();
            else queue.shift();
          }
        }
        expect(out.length + dropped + queue.frames).toBe(sent);
        out.push(...drain(queue));
        for (const source of [0, 1, 2]) {
          let last = -1;
          for (const frame of out) {
            if (frame[0] !== source) continue;
            expect(frame[1]).toBeGreaterThan(last);
            last = frame[1]!;
          }
        }
        expect([queue.frames, queue.bytes]).toEqual([0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});
