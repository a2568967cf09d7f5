import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAddress, anyBytes, anyHeaderOptions, anyU8, anyU16, anyU32, expectTotal } from './codec-fixture';
import { internetChecksum, pseudoHeaderSum } from './internet-checksum';
import { parseTcp, serializeTcp, type TcpSegment, tcpFlag, tcpOption } from './tcp';

const addresses = { source: '10.0.0.1', destination: '10.0.0.2' };
const opening: TcpSegment = {
  sourcePort: 40_000,
  destinationPort: 80,
  sequence: 0xffff_fff0,
  acknowledgment: 0,
  flags: tcpFlag.syn,
  window: 65_535,
  urgentPointer: 0,
  options: [
    { kind: tcpOption.maximumSegment, data: Uint8Array.of(5, 0xb4) },
    { kind: 1, data: new Uint8Array(0) },
    { kind: tcpOption.windowScale, data: Uint8Array.of(7) },
    { kind: tcpOption.sackPermitted, data: new Uint8Array(0) },
  ],
  payload: new Uint8Array(0),
};

/** Makes the checksum right again, so that damage is found behind it. */
function repaired(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 20) return bytes;
  const fixed = bytes.slice();
  fixed.set([0, 0], 16);
  const checksum = internetChecksum(fixed, 0, fixed.length, pseudoHeaderSum(addresses, 6, fixed.length));
  fixed.set([checksum >> 8, checksum & 255], 16);
  return fixed;
}

describe('TCP segments', () => {
  it('are read as they were written', () => {
    const anySegment = fc.record({
      sourcePort: anyU16,
      destinationPort: anyU16,
      sequence: anyU32,
      acknowledgment: anyU32,
      flags: anyU8,
      window: anyU16,
      urgentPointer: anyU16,
      options: anyHeaderOptions,
      payload: anyBytes({ maxLength: 99 }),
    });
    fc.assert(
      fc.property(anySegment, anyAddress, anyAddress, (each, source, destination) => {
        expect(parseTcp(serializeTcp(each, { source, destination }), { source, destination })).toEqual(each);
      }),
    );
  });

  it('are refused with options that reach beyond the header', () => {
    const bytes = serializeTcp(opening, addresses);
    expect(() => parseTcp(repaired(bytes.fill(40, 21, 22)), addresses)).toThrow('option 2 has a wrong length');
  });

  it('are refused with a typed error when they are damaged', () => {
    expectTotal('TCP', (bytes) => parseTcp(repaired(bytes), addresses), [serializeTcp(opening, addresses)]);
  });

  it('are not written with more options than a header has room for', () => {
    const options = [{ kind: 9, data: new Uint8Array(39) }];
    expect(() => serializeTcp({ ...opening, options }, addresses)).toThrow('44 bytes of options');
  });
});
