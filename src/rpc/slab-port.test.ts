import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { maxFrameBytes, SlabReader, virtioHeaderBytes } from '../formats/frame-slab';
import {
  type Link,
  type ReceivedSlab,
  SlabPort,
  transferablesOfSlabPort,
  windowBytes,
  windowFrames,
} from './slab-port';

const open: SlabPort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.dispose();
});

function cable(): { near: SlabPort; far: SlabPort } {
  const { port1, port2 } = new MessageChannel();
  const [near, far] = [new SlabPort(port1), new SlabPort(port2)];
  open.push(near, far);
  return { near, far };
}

function framesOf(slab: ReceivedSlab): number[][] {
  const reader = new SlabReader(slab);
  const frames: number[][] = [];
  while (reader.next()) frames.push([...reader.bytes.subarray(reader.frameStart, reader.frameEnd)]);
  return frames;
}

/** Resolves when the port has got so many frames, all slabs released. */
function collect(port: SlabPort, count: number): Promise<{ frames: number[][]; slabs: number }> {
  const frames: number[][] = [];
  let slabs = 0;
  return new Promise((resolve) => {
    const listening = port.received((slab) => {
      slabs += 1;
      frames.push(...framesOf(slab));
      slab.release();
      if (frames.length < count) return;
      listening.dispose();
      resolve({ frames, slabs });
    });
  });
}

describe('a slab port', () => {
  it('delivers frames in order, those of one turn in one slab', async () => {
    const { near, far } = cable();
    const arrived = collect(far, 3);
    near.send(Uint8Array.of(1));
    const room = near.reserve(2)!;
    room.fill(0);
    room.set([2, 2], virtioHeaderBytes);
    near.send(Uint8Array.of(3));
    expect(await arrived).toEqual({ frames: [[1], [2, 2], [3]], slabs: 1 });
  });

  it('delivers whatever a sender that waits for drained sends, all of it and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 120, size: 'max' }),
        async (sizes) => {
          const { near, far } = cable();
          const got: number[] = [];
          const all = new Promise<void>((resolve) => {
            far.received((slab) => {
              const reader = new SlabReader(slab);
              while (reader.next()) got.push(reader.length);
              slab.release();
              if (got.length === sizes.length) resolve();
            });
          });
          let next = 0;
          const pump = (): void => {
            while (next < sizes.length && near.writable) {
              near.send(new Uint8Array(sizes[next] ?? 0));
              next += 1;
            }
          };
          near.drained(pump);
          pump();
          await all;
          expect(got).toEqual(sizes);
          near.dispose();
          far.dispose();
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each([
    ['frames', 60, windowFrames],
    ['bytes', maxFrameBytes, Math.floor(windowBytes / (maxFrameBytes + 20))],
  ])('takes no more than the window while nothing is acknowledged, counted in %s', async (_, size, expected) => {
    const { near, far } = cable();
    const held: ReceivedSlab[] = [];
    let arrived = 0;
    const all = new Promise<void>((resolve) => {
      far.received((slab) => {
        held.push(slab);
        arrived += framesOf(slab).length;
        if (arrived === sent) resolve();
      });
    });
    let sent = 0;
    while (near.send(new Uint8Array(size))) sent += 1;
    expect(sent).toBe(expected);
    expect(near.pendingFrames).toBe(sent);
    expect(near.pendingBytes).toBeLessThanOrEqual(windowBytes);
    await all;
    expect(near.writable).toBe(false);
    const drained = new Promise<void>((resolve) => near.drained(resolve));
    for (const slab of held) slab.release();
    await drained;
    expect(near.writable).toBe(true);
  });

  it('gives credit back once for a slab that is released twice', async () => {
    const { near, far } = cable();
    const first = new Promise<ReceivedSlab>((resolve) => far.received(resolve));
    near.send(new Uint8Array(60));
    const slab = await first;
    slab.release();
    slab.release();
    const echoed = collect(near, 1);
    await Promise.resolve();
    far.send(new Uint8Array(1));
    await echoed;
    expect(near.pendingFrames).toBe(0);
  });

  it('passes a whole slab on with its buffer', async () => {
    const { near, far } = cable();
    const next = cable();
    far.received((slab) => {
      // What was collected before goes first.
      next.near.send(Uint8Array.of(0));
      expect(next.near.forward(slab, 2)).toBe(true);
      slab.release('kept');
    });
    const arrived = collect(next.far, 3);
    near.send(Uint8Array.of(1));
    near.send(Uint8Array.of(2));
    expect((await arrived).frames).toEqual([[0], [1], [2]]);
  });

  it('says what the link is, in order with the frames', async () => {
    const { near, far } = cable();
    const seen: (Link | number[][])[] = [];
    far.linkChanged((link) => seen.push(link));
    const arrived = new Promise<void>((resolve) => {
      far.received((slab) => {
        seen.push(framesOf(slab));
        slab.release();
        if (seen.length === 5) resolve();
      });
    });
    expect(far.peer).toEqual({ up: false, offload: false });
    near.send(Uint8Array.of(1));
    near.setLink({ up: true, offload: true });
    near.send(Uint8Array.of(2));
    near.flush();
    near.setLink({ up: false, offload: false });
    near.send(Uint8Array.of(3));
    await arrived;
    expect(seen).toEqual([[[1]], { up: true, offload: true }, [[2]], { up: false, offload: false }, [[3]]]);
  });

  it('counts slabs that come while nobody listens, and gives the credit back', async () => {
    const { near, far } = cable();
    near.send(new Uint8Array(60));
    near.flush();
    const answered = collect(near, 1);
    const said = new Promise((resolve) => far.linkChanged(resolve));
    near.setLink({ up: true, offload: false });
    await said;
    far.send(new Uint8Array(1));
    await answered;
    expect(far.lostSlabs).toBe(1);
    expect(near.pendingFrames).toBe(0);
  });

  it('takes nothing after its end', () => {
    const { near } = cable();
    near.dispose();
    near.dispose();
    expect(near.send(new Uint8Array(60))).toBe(false);
    expect(near.writable).toBe(false);
  });

  it('moves even when its other end has gone', async () => {
    const { port1: end, port2 } = new MessageChannel();
    const near = new SlabPort(end);
    open.push(near);
    const closed = new Promise((resolve) => end.addEventListener('close', resolve));
    near.hold();
    port2.close();
    await closed;
    const moved = near.handOver();
    const { port1 } = new MessageChannel();
    expect(() => port1.postMessage(moved, transferablesOfSlabPort(moved))).not.toThrow();
    port1.close();
  });

  it('moves to another thread in the middle of traffic: nothing is lost, reordered or counted twice', async () => {
    const { near, far } = cable();
    const got: number[] = [];
    const unreleased: ReceivedSlab[] = [];
    near.received((slab) => unreleased.push(slab));
    far.setLink({ up: true, offload: true });
    far.send(Uint8Array.of(1));
    far.flush();
    await new Promise<void>((resolve) => near.received(() => resolve()));
    const heard = collect(far, 1);
    near.send(Uint8Array.of(100));
    near.hold();
    far.send(Uint8Array.of(2));
    far.flush();
    // Comes while it is held, or is still on its way: both must arrive.
    far.send(Uint8Array.of(3));
    far.flush();
    await new Promise((resolve) => setImmediate(resolve));
    const moved = near.handOver();
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(moved, transferablesOfSlabPort(moved));
    const arrived = await new Promise<typeof moved>((resolve) => {
      port2.onmessage = ({ data }) => resolve(data);
    });
    port1.close();
    const there = SlabPort.resume(arrived);
    open.push(there);
    expect(there.peer).toEqual({ up: true, offload: true });
    expect(there.pendingFrames).toBe(1);
    const all = new Promise<void>((resolve) => {
      there.received((slab) => {
        for (const frame of framesOf(slab)) got.push(frame[0] ?? 0);
        slab.release();
        if (got.length === 3) resolve();
      });
    });
    expect(got).toEqual([]);
    there.release();
    await all;
    expect(got).toEqual([1, 2, 3]);
    expect((await heard).frames).toEqual([[100]]);
    await settled(() => far.pendingFrames + there.pendingFrames);
    expect(unreleased).toHaveLength(1);
  });

  it('goes on after it was held, beginning with what came meanwhile', async () => {
    const { near, far } = cable();
    near.hold();
    far.send(Uint8Array.of(1));
    far.flush();
    await new Promise((resolve) => setImmediate(resolve));
    const both = collect(near, 2);
    near.release();
    far.send(Uint8Array.of(2));
    expect((await both).frames).toEqual([[1], [2]]);
    await settled(() => far.pendingFrames);
  });
});

/** Turns of the event loop until all is acknowledged; the test's own time limit ends it otherwise. */
async function settled(pending: () => number): Promise<void> {
  while (pending() > 0) await new Promise((resolve) => setImmediate(resolve));
}
