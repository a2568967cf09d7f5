import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArpMessage, arpOperation, parseArp, serializeArp } from './arp';
import { anyAddress, anyMac, anyU16, expectTotal } from './codec-fixture';

const reply: ArpMessage = {
  operation: arpOperation.reply,
  senderMac: '02:5e:00:00:00:01',
  senderAddress: '10.0.0.1',
  targetMac: '02:5e:00:00:00:02',
  targetAddress: '10.0.0.2',
};

describe('ARP messages', () => {
  it('are written as RFC 826 has them', () => {
    expect([...serializeArp(reply)]).toEqual([
      ...[0, 1, 8, 0, 6, 4, 0, 2],
      ...[2, 0x5e, 0, 0, 0, 1, 10, 0, 0, 1],
      ...[2, 0x5e, 0, 0, 0, 2, 10, 0, 0, 2],
    ]);
  });

  it('are read as they were written, whatever pads the frame', () => {
    const anyMessage = fc.record({
      operation: anyU16,
      senderMac: anyMac,
      senderAddress: anyAddress,
      targetMac: anyMac,
      targetAddress: anyAddress,
    });
    fc.assert(
      fc.property(anyMessage, (each) => {
        expect(parseArp(Uint8Array.of(...serializeArp(each), 9, 9, 9))).toEqual(each);
      }),
    );
  });

  it('are refused with a typed error when they are damaged', () => {
    expect(() => parseArp(Uint8Array.of(0, 6, ...serializeArp(reply).subarray(2)))).toThrow('not for Ethernet');
    expectTotal('ARP', parseArp, [serializeArp(reply)]);
  });
});
