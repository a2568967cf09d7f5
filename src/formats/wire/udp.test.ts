import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAddress, anyBytes, anyU16, expectTotal } from './codec-fixture';
import { parseUdp, serializeUdp } from './udp';

const addresses = { source: '10.0.0.1', destination: '10.0.0.2' };
const datagram = { sourcePort: 67, destinationPort: 68, payload: Uint8Array.of(1, 2, 3) };

describe('UDP datagrams', () => {
  it('are read as they were written', () => {
    const anyDatagram = fc.record({
      sourcePort: anyU16,
      destinationPort: anyU16,
      payload: anyBytes({ maxLength: 99 }),
    });
    fc.assert(
      fc.property(anyDatagram, anyAddress, anyAddress, (each, source, destination) => {
        expect(parseUdp(serializeUdp(each, { source, destination }), { source, destination })).toEqual(each);
      }),
    );
  });

  it('are taken without a checksum, and refused with one that is for other addresses', () => {
    const bytes = serializeUdp(datagram, addresses);
    expect(() => parseUdp(bytes, { ...addresses, source: '10.0.0.3' })).toThrow('checksum');
    expect(parseUdp(bytes.fill(0, 6, 8), { ...addresses, source: '10.0.0.3' })).toEqual(datagram);
  });

  it('are refused with a typed error when they are damaged', () => {
    const sample = serializeUdp(datagram, addresses);
    expectTotal('UDP', (bytes) => parseUdp(bytes, addresses), [sample, sample.slice().fill(0, 6, 8)]);
  });

  it('are not written when they are too long', () => {
    const payload = new Uint8Array(65_528);
    expect(() => serializeUdp({ ...datagram, payload }, addresses)).toThrow('cannot have 65536 bytes');
  });
});
