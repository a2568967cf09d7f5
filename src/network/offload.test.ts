import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlabReader } from '../formats/frame-slab';
import { internetChecksum } from '../formats/wire/internet-checksum';
import { FrameInfo } from './frame-info';
import { finishFrame } from './offload';
import { ethernet, fold, type Packet, slabOf, type TcpOptions, tcpSegment, wordSum } from './switch-fixture';

const joined = ({ header, frame }: Packet) => {
  const packet = new Uint8Array(header.length + frame.length);
  packet.set(header);
  packet.set(frame, header.length);
  return packet;
};

/** The whole sum of a right packet is all ones (RFC 1071), by arithmetic of the test's own. */
function checkPacket(frame: Uint8Array, tags: number, version: 4 | 6): void {
  const ip = frame.subarray(14 + 4 * tags);
  const tcp = ip.subarray(version === 4 ? 20 : 40);
  if (version === 4) {
    expect(wordSum(ip.subarray(0, 20))).toBe(0xffff);
    expect(new DataView(ip.buffer, ip.byteOffset).getUint16(2)).toBe(ip.length);
  } else expect(new DataView(ip.buffer, ip.byteOffset).getUint16(4)).toBe(tcp.length);
  const addresses = version === 4 ? ip.subarray(12, 20) : ip.subarray(8, 40);
  expect(fold(wordSum(addresses) + 6 + tcp.length + wordSum(tcp))).toBe(0xffff);
}

const segments = fc.record({
  version: fc.constantFrom(4 as const, 6 as const),
  payload: fc.uint8Array({ minLength: 1, maxLength: 6000, size: 'max' }),
  tags: fc.constantFrom([], [0x8100, 5], [0x88a8, 7, 0x8100, 5]),
  optionBytes: fc.constantFrom(0, 12, 40),
  sequence: fc.constantFrom(0, 1, 0xffff_fff0),
  id: fc.constantFrom(0, 0xffff),
});
const tagCount = ({ tags = [] }: TcpOptions) => tags.length / 2;

describe('the Internet checksum', () => {
  it('is that of the example in RFC 1071', () => {
    const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    expect(internetChecksum(bytes, 0, 8)).toBe(~0xddf2 & 0xffff);
  });

  it('agrees with plain arithmetic for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000, size: 'max' }), fc.nat(0xffff), (bytes, initial) => {
        const sum = fold(wordSum(bytes) + initial);
        // Ones' complement has two zeros.
        expect([sum, sum === 0xffff ? 0 : sum, sum === 0 ? 0xffff : sum]).toContain(
          ~internetChecksum(bytes, 0, bytes.length, initial) & 0xffff,
        );
      }),
    );
  });
});

describe('finishing a frame', () => {
  it('cuts a segment into frames whose payloads are the whole and whose checksums are right', () => {
    fc.assert(
      fc.property(segments, fc.integer({ min: 40, max: 1460 }), (options, size) => {
        const packet = tcpSegment(options, size);
        const frames = finishFrame(joined(packet));
        const headerBytes = packet.frame.length - options.payload.length;
        expect(frames).toHaveLength(Math.ceil(options.payload.length / size));
        const payload: number[] = [];
        for (const [index, frame] of frames.entries()) {
          checkPacket(frame, tagCount(options), options.version);
          const view = new DataView(frame.buffer);
          const tcp = headerBytes - 20 - options.optionBytes;
          expect(view.getUint32(tcp + 4)).toBe((options.sequence + payload.length) >>> 0);
          if (options.version === 4) expect(view.getUint16(tcp - 16)).toBe((options.id + index) & 0xffff);
          expect(frame.length - headerBytes).toBeLessThanOrEqual(size);
          for (const byte of frame.subarray(headerBytes)) payload.push(byte);
        }
        expect(payload).toEqual([...options.payload]);
      }),
      { numRuns: 60 },
    );
  });

  it('puts FIN and PSH on the last frame and CWR on the first', () => {
    const packet = tcpSegment({ version: 4, payload: new Uint8Array(300), flags: 0x99 }, 100);
    const flags = finishFrame(joined(packet)).map((frame) => frame[14 + 20 + 13]);
    expect(flags).toEqual([0x90, 0x10, 0x19]);
  });

  it('completes the checksum of a frame that is not cut', () => {
    fc.assert(
      fc.property(segments, (options) => {
        const packet = tcpSegment(options, 0);
        const [frame, ...more] = finishFrame(joined(packet));
        expect(more).toEqual([]);
        checkPacket(frame!, tagCount(options), options.version);
        expect(frame!.length).toBe(packet.frame.length);
      }),
      { numRuns: 60 },
    );
  });

  it('writes a checksum of 0 as 0xffff, since 0 says in UDP that there is none', () => {
    const header = Uint8Array.of(1, 0, 0, 0, 0, 0, 14, 0, 6, 0, 0, 0);
    const frame = ethernet('02:00:00:00:00:02', '02:00:00:00:00:01', Uint8Array.of(0, 0, 0, 0, 0, 0, 0xff, 0xff));
    const [done] = finishFrame(joined({ header, frame }));
    expect([...done!.subarray(20, 22)]).toEqual([0xff, 0xff]);
  });
});

describe('a virtio header', () => {
  const read = (packet: Packet) => {
    const reader = new SlabReader(slabOf(packet));
    reader.next();
    const info = new FrameInfo();
    const sound = info.read(reader);
    return { sound, info, header: [...reader.packet.subarray(0, 12)] };
  };

  it('tells how a segment will be cut', () => {
    fc.assert(
      fc.property(segments, fc.integer({ min: 40, max: 1460 }), (options, size) => {
        const packet = tcpSegment(options, size);
        const { sound, info } = read(packet);
        expect(sound).toBe(true);
        const frames = finishFrame(joined(packet));
        expect(info.segments).toBe(frames.length);
        expect(info.longest).toBe(Math.max(...frames.map(({ length }) => length)));
      }),
      { numRuns: 60 },
    );
  });

  it('is cleared when nothing is left to do, whatever else the sender wrote', () => {
    const header = Uint8Array.of(2, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9);
    const { sound, info, header: left } = read({ header, frame: ethernet('02:00:00:00:00:02', '02:00:00:00:00:01') });
    expect([sound, info.unfinished, left]).toEqual([true, false, new Array(12).fill(0)]);
  });

  it('keeps only what the sender may say when something is left to do', () => {
    const { header, frame } = tcpSegment({ version: 4, payload: new Uint8Array(100) }, 0);
    const left = Array.from(header);
    header[0] = 3;
    header[10] = 7;
    expect(read({ header, frame }).header).toEqual(left);
  });

  const mutations: readonly [string, (packet: { header: DataView; frame: DataView }) => void][] = [
    ['a segment without a checksum to complete', ({ header }) => header.setUint8(0, 0)],
    ['a segment size of 0', ({ header }) => header.setUint16(4, 0, true)],
    ['a segment size that makes too many frames', ({ header }) => header.setUint16(4, 1, true)],
    ['an unknown kind of segmentation', ({ header }) => header.setUint8(1, 3)],
    ['IPv6 segmentation of IPv4', ({ header }) => header.setUint8(1, 4)],
    ['a checksum beyond the end', ({ header }) => header.setUint16(6, 5000, true)],
    ['a checksum inside the Ethernet header', ({ header }) => header.setUint16(6, 12, true)],
    ['a checksum field that is not TCP’s', ({ header }) => header.setUint16(8, 6, true)],
    ['a TCP header that begins elsewhere', ({ header }) => header.setUint16(6, 38, true)],
    ['a length that is not the packet’s', ({ frame }) => frame.setUint16(16, 100)],
    ['a fragment', ({ frame }) => frame.setUint16(20, 0x2000)],
    ['another protocol', ({ frame }) => frame.setUint8(23, 17)],
    ['a TCP header that is too short', ({ frame }) => frame.setUint8(46, 0x40)],
    ['a TCP header without payload', ({ frame }) => frame.setUint8(46, 0xf0)],
  ];

  it.each(mutations)('with %s is malformed', (name, mutate) => {
    const payload = new Uint8Array(name.includes('without payload') ? 30 : 3000);
    const packet = tcpSegment({ version: 4, payload }, 1000);
    expect(read(packet).sound).toBe(true);
    mutate({ header: new DataView(packet.header.buffer), frame: new DataView(packet.frame.buffer) });
    expect(read(packet).sound).toBe(false);
  });

  it('never makes reading or finishing a frame throw, whatever it says', () => {
    const noise = fc.record({
      header: fc.tuple(
        fc.constantFrom(0, 1, 2, 3),
        fc.constantFrom(0, 1, 4, 0x81, 3, 5),
        ...Array.from({ length: 10 }, () => fc.nat(255)),
      ),
      at: fc.nat(80),
      bytes: fc.uint8Array({ maxLength: 6 }),
      keep: fc.integer({ min: 0, max: 400 }),
    });
    fc.assert(
      fc.property(segments, noise, fc.boolean(), (options, { header, at, bytes, keep }, whole) => {
        const packet = tcpSegment({ ...options, payload: options.payload.subarray(0, 300) }, 100);
        const frame = packet.frame.slice(0, whole ? undefined : keep);
        frame.set(bytes.subarray(0, Math.max(0, frame.length - at)), Math.min(at, frame.length));
        const noisy = { header: whole ? packet.header : Uint8Array.from(header), frame };
        const { sound, info } = read(noisy);
        if (sound && info.unfinished) expect(finishFrame(joined(noisy))).toHaveLength(info.segments);
      }),
      { numRuns: 2000 },
    );
  });
});
