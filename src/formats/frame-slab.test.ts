import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import {
  BufferPool,
  type FrameSlab,
  maxFrameBytes,
  recordBytes,
  recordHeaderBytes,
  SlabReader,
  SlabWriter,
  virtioHeaderBytes,
} from './frame-slab';

interface Packet {
  readonly header: Uint8Array;
  readonly frame: Uint8Array;
}

const packets = fc.array(
  fc.record({
    header: fc.uint8Array({ minLength: virtioHeaderBytes, maxLength: virtioHeaderBytes }),
    frame: fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ minLength: 1000, maxLength: 9000, size: 'max' }),
    ),
  }),
  { maxLength: 20, size: 'max' },
);

function read(slab: FrameSlab): { packets: Packet[]; damaged: boolean } {
  const reader = new SlabReader(slab);
  const found: Packet[] = [];
  while (reader.next()) {
    const packet = reader.packet.slice();
    found.push({ header: packet.slice(0, virtioHeaderBytes), frame: packet.slice(virtioHeaderBytes) });
  }
  return { packets: found, damaged: reader.damaged };
}

const plain = (list: readonly Packet[]) =>
  list.map(({ header, frame }) => ({ header: [...header], frame: [...frame] }));

describe('a slab', () => {
  it('gives back the frames and headers that were written, whichever way they were', () => {
    fc.assert(
      fc.property(packets, fc.infiniteStream(fc.constantFrom('reserve', 'append', 'copy')), (list, ways) => {
        const writer = new SlabWriter();
        for (const { header, frame } of list) {
          const way = ways.next().value;
          if (way === 'append') writer.append(frame, header);
          else if (way === 'reserve') {
            const room = writer.reserve(frame.length);
            expect(room.length).toBe(virtioHeaderBytes + frame.length);
            room.set(header);
            room.set(frame, virtioHeaderBytes);
          } else {
            const other = new SlabWriter();
            other.append(frame, header);
            writer.copy(new Uint8Array(other.take().buffer), 0, frame.length);
          }
        }
        expect(writer.frames).toBe(list.length);
        const slab = writer.take();
        expect(slab.bytes).toBe(list.reduce((sum, { frame }) => sum + recordBytes(frame.length), 0));
        const result = read(slab);
        expect(result.damaged).toBe(false);
        expect(plain(result.packets)).toEqual(plain(list));
      }),
      { numRuns: 60 },
    );
  });

  it('clears the header of a plain frame even in a buffer that was used before', () => {
    const pool = new BufferPool();
    const used = pool.take(4096);
    new Uint8Array(used).fill(0xff);
    pool.give(used);
    const writer = new SlabWriter(pool);
    writer.append(Uint8Array.of(1, 2, 3));
    const slab = writer.take();
    expect(slab.buffer).toBe(used);
    expect(plain(read(slab).packets)).toEqual([{ header: new Array(12).fill(0), frame: [1, 2, 3] }]);
  });

  it('begins anew after it was handed over', () => {
    const writer = new SlabWriter();
    writer.append(Uint8Array.of(1));
    const first = writer.take();
    writer.append(Uint8Array.of(2));
    const second = writer.take();
    expect(second.buffer).not.toBe(first.buffer);
    expect(plain(read(second).packets)).toHaveLength(1);
    expect(writer.take().bytes).toBe(0);
  });

  it('has no buffer much larger than what is in it once the traffic is light', () => {
    const writer = new SlabWriter();
    while (writer.fits(1514)) writer.append(new Uint8Array(1514));
    expect(writer.take().buffer.byteLength).toBe(SlabWriter.maxBytes);
    const sizes = [0, 1, 2, 3, 4, 5, 6].map(() => {
      writer.append(new Uint8Array(60));
      return writer.take().buffer.byteLength;
    });
    expect(sizes.at(-1)).toBe(4096);
  });

  it('refuses a frame that does not fit, and says by fits what would', () => {
    const writer = new SlabWriter();
    expect(() => writer.append(new Uint8Array(maxFrameBytes + 1))).toThrow(SandboxError);
    expect(writer.frames).toBe(0);
    for (let count = 0; count < SlabWriter.maxFrames; count += 1) writer.append(new Uint8Array(14));
    expect(writer.fits(14)).toBe(false);
    expect(() => writer.append(new Uint8Array(14))).toThrow(SandboxError);
    expect(read(writer.take()).packets).toHaveLength(SlabWriter.maxFrames);
  });
});

describe('a pool', () => {
  it('gives back what it was given, of the size that is asked for', () => {
    const pool = new BufferPool();
    const [small, large] = [new ArrayBuffer(4096), new ArrayBuffer(65_536)];
    pool.give(small);
    pool.give(large);
    pool.give(new ArrayBuffer(5000));
    expect(pool.spare(65_536)).toBe(large);
    expect(pool.spare(65_536)).toBeUndefined();
    expect(pool.take(65_536).byteLength).toBe(65_536);
    expect(pool.take(4096)).toBe(small);
  });

  it('holds a bounded number of bytes, and makes room for what comes', () => {
    const pool = new BufferPool();
    for (let count = 0; count < 100; count += 1) pool.give(new ArrayBuffer(256 * 1024));
    pool.give(new ArrayBuffer(4096));
    expect(pool.spare(4096)).toBeDefined();
    let held = 0;
    while (pool.spare(256 * 1024)) held += 256 * 1024;
    expect(held).toBeGreaterThan(2_000_000);
    expect(held).toBeLessThanOrEqual(4 * 1024 * 1024);
  });
});

describe('a reader', () => {
  it('ends at damage with what was sound before, and never throws', () => {
    fc.assert(
      fc.property(packets, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 }), (list, at, noise) => {
        const writer = new SlabWriter();
        for (const { header, frame } of list) writer.append(frame, header);
        const slab = writer.take();
        const bytes = new Uint8Array(slab.buffer, 0, slab.bytes);
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - (at % (bytes.length + 1)))), at % (bytes.length + 1));
        const reader = new SlabReader(slab);
        let last = 0;
        while (reader.next()) {
          expect(reader.start).toBeGreaterThanOrEqual(last);
          expect(reader.frameStart).toBe(reader.start + recordHeaderBytes);
          expect(reader.frameEnd).toBeLessThanOrEqual(slab.bytes);
          last = reader.frameEnd;
        }
        expect(reader.next()).toBe(false);
      }),
    );
  });

  const one = (): FrameSlab => {
    const writer = new SlabWriter();
    writer.append(new Uint8Array(60));
    return writer.take();
  };

  it.each([
    ['a length of more bytes than the slab has', 4, 61],
    ['a length beyond any frame', 0xffff_ffff, 76],
  ])('tells %s', (_, length, bytes) => {
    const slab = one();
    new DataView(slab.buffer).setUint32(0, length, true);
    expect(read({ ...slab, bytes: length === 4 ? 16 : bytes }).damaged).toBe(true);
  });

  it.each([[-1], [1.5], [Number.NaN], [1e9], [15]])('tells a slab of %s bytes', (bytes) => {
    expect(read({ ...one(), bytes })).toEqual({ packets: [], damaged: true });
  });

  it('goes over the slab again after rewind', () => {
    const reader = new SlabReader(one());
    expect([reader.next(), reader.next()]).toEqual([true, false]);
    reader.rewind();
    expect([reader.next(), reader.next()]).toEqual([true, false]);
  });
});
