import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAddress, anyBytes, anyHeaderOptions, anyU8, anyU16, expectTotal } from './codec-fixture';
import { internetChecksum } from './internet-checksum';
import { type Ipv4Packet, ipProtocol, isFragment, parseIpv4, serializeIpv4 } from './ipv4';

const packet: Ipv4Packet = {
  trafficClass: 0,
  identification: 0x1234,
  dontFragment: true,
  moreFragments: false,
  fragmentOffset: 0,
  timeToLive: 64,
  protocol: ipProtocol.icmp,
  source: '10.0.0.1',
  destination: '10.0.0.2',
  options: [{ kind: 7, data: Uint8Array.of(4, 0, 0, 0, 0) }],
  payload: Uint8Array.of(1, 2, 3, 4, 5),
};

/** Makes the header's checksum right again, so that damage is found behind it. */
function repaired(bytes: Uint8Array): Uint8Array {
  const fixed = bytes.slice();
  const end = Math.min(fixed.length, ((fixed[0] ?? 0) & 15) * 4);
  if (end < 12) return fixed;
  fixed.set([0, 0], 10);
  const checksum = internetChecksum(fixed, 0, end);
  fixed.set([checksum >> 8, checksum & 255], 10);
  return fixed;
}

describe('IPv4 packets', () => {
  it('have a checksum over their header, and options filled up to words', () => {
    const bytes = serializeIpv4(packet);
    expect(bytes[0]).toBe(0x47);
    expect(internetChecksum(bytes, 0, 28)).toBe(0);
    expect(bytes.length).toBe(33);
  });

  it('are read as they were written, whatever pads the frame', () => {
    const anyPacket = fc.record({
      trafficClass: anyU8,
      identification: anyU16,
      dontFragment: fc.boolean(),
      moreFragments: fc.boolean(),
      fragmentOffset: fc.nat(0x1fff).map((eighths) => eighths * 8),
      timeToLive: anyU8,
      protocol: anyU8,
      source: anyAddress,
      destination: anyAddress,
      options: anyHeaderOptions,
      payload: anyBytes({ maxLength: 100 }),
    });
    fc.assert(
      fc.property(anyPacket, (each) => {
        const bytes = serializeIpv4(each);
        expect(parseIpv4(Uint8Array.of(...bytes, 7, 7))).toEqual(each);
        expect(isFragment(each)).toBe(each.moreFragments || each.fragmentOffset > 0);
      }),
    );
  });

  it.each([
    ['another version', (bytes: Uint8Array) => bytes.fill(0x67, 0, 1)],
    ['a header that is too short', (bytes: Uint8Array) => bytes.fill(0x44, 0, 1)],
    ['more bytes than there are', (bytes: Uint8Array) => bytes.fill(1, 2, 3)],
    ['a wrong checksum', (bytes: Uint8Array) => bytes.fill(1, 9, 10).fill(3, 8, 9)],
  ])('are refused with %s', (_, change) => {
    expect(() => parseIpv4(change(serializeIpv4(packet)))).toThrow('Not an IPv4 packet');
  });

  it('are refused with a typed error when they are damaged', () => {
    expectTotal('IPv4', (bytes) => parseIpv4(repaired(bytes)), [serializeIpv4(packet)]);
  });

  it('are not written when they are too long', () => {
    expect(() => serializeIpv4({ ...packet, payload: new Uint8Array(65_530) })).toThrow('cannot have');
  });
});
