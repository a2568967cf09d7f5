import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../base/bytes';
import { BufferPool, type FrameSlab, SlabReader } from '../formats/frame-slab';
import { FrameInfo } from './frame-info';
import { joinSegments } from './join-segments';
import { finishFrame } from './offload';
import { ethernet, macOf, type Packet, slabOf, type TcpOptions, tcpSegment } from './switch-fixture';

const packetOf = ({ header, frame }: Packet) => Uint8Array.of(...header, ...frame);

/** Frames as a stack without offloads sends them: cut, and with their checksums. */
function framesOf(options: Partial<TcpOptions> = {}, size = 1000): Uint8Array<ArrayBuffer>[] {
  const payload = Uint8Array.from({ length: 3500 }, (_, index) => index & 255);
  return finishFrame(packetOf(tcpSegment({ version: 4, payload, flags: 0x10, ...options }, size)));
}

const packetsIn = (slab: FrameSlab) => {
  const packets: Uint8Array<ArrayBuffer>[] = [];
  const reader = new SlabReader(slab);
  while (reader.next()) packets.push(reader.packet.slice());
  expect(reader.damaged).toBe(false);
  return packets;
};

/** Frames as text, which is compared faster than bytes one by one. */
const hex = (frames: readonly Uint8Array[]) => frames.map((frame) => toHex(frame));

const join = (slab: FrameSlab, targets: string[] = packetsIn(slab).map(() => 'guest')) =>
  joinSegments(slab, targets, (target) => target === 'guest', new BufferPool());

/** How many frames each frame of the new slab is made of; undefined when nothing was joined. */
function runsOf(frames: readonly (Uint8Array | Packet)[], targets?: string[]): number[] | undefined {
  const joined = join(slabOf(...frames), targets);
  return joined && packetsIn(joined).map((packet) => cut(packet).length);
}

/** What a port that takes no offload gets of a packet, which the switch has to find well-formed. */
function cut(packet: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const reader = new SlabReader(slabOf({ header: packet.slice(0, 12), frame: packet.slice(12) }));
  reader.next();
  expect(new FrameInfo().read(reader)).toBe(true);
  return finishFrame(packet);
}

/** The frames that a packet stands for. */
function asSent(packet: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  return packet[0] === 0 ? [packet.slice(12)] : cut(packet);
}

const flows = fc.record({
  payload: fc.uint8Array({ minLength: 1, maxLength: 6000, size: 'max' }),
  optionBytes: fc.constantFrom(0, 12, 40),
  sequence: fc.constantFrom(0, 1, 0xffff_ff00),
  id: fc.constantFrom(0, 0xfffe),
  flags: fc.constantFrom(0x10, 0x18),
});

/** Ways in which a frame is not as the one before it wants it. The numbers are where in the frame, and what is put there. */
const oddities: readonly (readonly [string, number, number])[] = [
  ['a destination of another station', 5, 9],
  ['a source of another station', 11, 9],
  ['another EtherType', 13, 6],
  ['another type of service', 15, 4],
  ['another identification', 19, 200],
  ['no permission to be cut up again', 20, 0],
  ['more fragments behind it', 20, 0x60],
  ['another time to live', 22, 63],
  ['another protocol', 23, 17],
  ['a wrong checksum of the IP header', 24, 1],
  ['another sender', 29, 77],
  ['another source port', 35, 1],
  ['a gap before it', 41, 0],
  ['another acknowledgment', 45, 1],
  ['a longer TCP header', 46, 0x60],
  ['an end of the stream', 47, 0x11],
  ['a begin of a stream', 47, 0x12],
  ['a reset', 47, 0x14],
  ['urgent data', 47, 0x30],
  ['congestion to tell of', 47, 0x50],
  ['no acknowledgment', 47, 0],
  ['another window', 49, 1],
  ['a wrong checksum', 50, 1],
  ['an urgent pointer', 53, 1],
  ['other options', 55, 8],
  ['another byte than its checksum says', 100, 255],
];

describe('joining segments', () => {
  it('makes one of those that follow each other, which cut again is the same frames', () => {
    fc.assert(
      fc.property(flows, fc.integer({ min: 40, max: 1460 }), (flow, size) => {
        const frames = framesOf(flow, size);
        const joined = join(slabOf(...frames));
        expect(joined === undefined).toBe(frames.length === 1);
        if (!joined) return;
        expect([joined.frames, joined.frameBytes]).toEqual([1, packetsIn(joined)[0]!.length - 12]);
        expect(hex(packetsIn(joined).flatMap(cut))).toEqual(hex(frames));
      }),
    );
  });

  it('keeps whatever stands in a slab and its order, once it is cut again', () => {
    const stranger = ethernet(macOf(2), macOf(1));
    const parts = fc.array(
      fc.oneof(
        fc.record({ flow: flows, size: fc.integer({ min: 40, max: 1460 }), first: fc.nat(3), last: fc.nat(3) }),
        fc.constant('stranger' as const),
        fc.record({ at: fc.nat(80), value: fc.nat(255) }),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(parts, (chosen) => {
        const frames = chosen.flatMap((part) => {
          if (part === 'stranger') return [stranger];
          if ('at' in part) return framesOf().map((frame) => changed(frame, part.at, part.value));
          const all = framesOf(part.flow, part.size).slice(0, 30);
          return all.slice(part.first, all.length - part.last);
        });
        const slab = slabOf(...frames);
        const before = packetsIn(slab);
        const joined = join(slab);
        expect(hex(packetsIn(slab))).toEqual(hex(before));
        const after = packetsIn(joined ?? slab);
        expect(hex(after.flatMap(asSent))).toEqual(hex(frames));
        if (!joined) return;
        expect(joined.frames).toBe(after.length);
        expect(joined.frameBytes).toBe(after.reduce((sum, packet) => sum + packet.length - 12, 0));
      }),
    );
  });

  it('ends with what is pushed and with what is shorter than the rest', () => {
    const [first, second] = [framesOf({ flags: 0x18 }), framesOf({ sequence: 3501, id: 4 })];
    expect(runsOf([...first, ...second])).toEqual([4, 4]);
    expect(runsOf([...framesOf(), ...second])).toEqual([4, 4]);
    expect(runsOf([...framesOf({}, 3500), ...framesOf({ sequence: 3501, id: 1 }, 3500)])).toEqual([2]);
    expect(runsOf([...framesOf({ flags: 0x18 }, 3500), ...framesOf({ sequence: 3501, id: 1 }, 3500)])).toBeUndefined();
  });

  it('makes none longer than an IP packet can be', () => {
    const payload = new Uint8Array(65_000).fill(7);
    const more = { payload, sequence: 65_001, id: 65 };
    expect(runsOf([...framesOf({ payload }), ...framesOf(more)])).toEqual([65, 65]);
    expect(runsOf([...framesOf({ payload }, 13_000), ...framesOf({ ...more, id: 5 }, 13_000)])).toEqual([5, 5]);
  });

  it('takes what is for one who takes segments, and for no other', () => {
    const frames = framesOf();
    const targets = ['guest', 'guest', 'other', 'other'];
    expect(runsOf(frames, targets)).toEqual([2, 1, 1]);
    expect(targets).toEqual(['guest', 'other', 'other']);
    expect(runsOf(frames, ['other', 'other', 'other', 'other'])).toBeUndefined();
    expect(runsOf(frames, ['other', 'guest', 'guest', 'guest'])).toEqual([1, 3]);
  });

  it.each(oddities)('leaves a frame alone with %s', (_, at, value) => {
    const frames = framesOf({ optionBytes: 12, sequence: 1000 });
    expect(runsOf(frames)).toEqual([4]);
    const odd = [frames[0]!, frames[1]!, changed(frames[2]!, at, value), frames[3]!];
    expect(odd[2]).not.toEqual(frames[2]);
    expect(runsOf(odd)).toEqual([2, 1, 1]);
    // Nor is anything joined to one that is odd itself.
    expect(runsOf([changed(frames[0]!, at, value), frames[1]!])).toBeUndefined();
  });

  it('leaves a checksum alone that is right and would not be computed so', () => {
    // The sum of the frame is made such that its checksum is 0, of which 0xffff is the other form.
    const [plain] = framesOf({ payload: new Uint8Array(1000) });
    const checksum = new DataView(plain!.buffer).getUint16(50);
    const payload = new Uint8Array(2000);
    new DataView(payload.buffer).setUint16(0, checksum);
    const frames = framesOf({ payload });
    expect(new DataView(frames[0]!.buffer).getUint16(50)).toBe(0);
    expect(runsOf(frames)).toEqual([2]);
    new DataView(frames[0]!.buffer).setUint16(50, 0xffff);
    expect(runsOf(frames)).toBeUndefined();
  });

  it('leaves segments alone that are large already, or have something left to do', () => {
    const payload = new Uint8Array(2000);
    const large = tcpSegment({ version: 4, payload }, 1000);
    expect(runsOf([large, large])).toBeUndefined();
    const unfinished = tcpSegment({ version: 4, payload: payload.subarray(0, 1000), flags: 0x10 }, 0);
    const [next] = framesOf({ payload: payload.subarray(0, 1000), sequence: 1001, id: 1 });
    expect(runsOf([unfinished, next!])).toBeUndefined();
    expect(runsOf(finishFrame(packetOf(tcpSegment({ version: 6, payload, flags: 0x10 }, 1000))))).toBeUndefined();
    expect(runsOf(framesOf({ tags: [0x8100, 5] }))).toBeUndefined();
  });

  it('leaves slabs alone that are larger than ours are', () => {
    const frames = framesOf();
    const { buffer, bytes } = slabOf(...frames);
    const large = new Uint8Array(200 * bytes);
    for (let copy = 0; copy < 200; copy += 1) large.set(new Uint8Array(buffer, 0, bytes), copy * bytes);
    expect(join({ buffer: large.buffer, bytes: large.length })).toBeUndefined();
  });

  it('never throws, whatever the frames are', () => {
    const noise = fc.record({ at: fc.nat(90), bytes: fc.uint8Array({ maxLength: 8 }), keep: fc.integer({ min: 14 }) });
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 8 }), (noises) => {
        const frames = framesOf({ optionBytes: 12 }, 500).map((frame, index) => {
          const { at = 0, bytes = [], keep = 5000 } = noises[index] ?? {};
          const noisy = frame.slice(0, keep);
          noisy.set([...bytes].slice(0, Math.max(0, noisy.length - at)), Math.min(at, noisy.length));
          return noisy;
        });
        const joined = join(slabOf(...frames));
        const after = packetsIn(joined ?? slabOf(...frames));
        expect(hex(after.flatMap(asSent))).toEqual(hex(frames));
      }),
      { numRuns: 300 },
    );
  });
});

function changed(frame: Uint8Array<ArrayBuffer>, at: number, value: number): Uint8Array<ArrayBuffer> {
  const copy = frame.slice();
  if (at < copy.length) copy[at] = value;
  return copy;
}
