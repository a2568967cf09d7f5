import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyBytes, anyU8, anyU32, expectRoundTrip, expectTotal } from './codec-fixture';
import { icmpType, parseIcmp, serializeIcmp } from './icmp';

const echo = { type: icmpType.echoRequest, code: 0, rest: 0x0001_0002, payload: Uint8Array.of(1, 2, 3) };

describe('ICMP messages', () => {
  it('are read as they were written', () => {
    const anyMessage = fc.record({ type: anyU8, code: anyU8, rest: anyU32, payload: anyBytes({ maxLength: 99 }) });
    expectRoundTrip(anyMessage, serializeIcmp, parseIcmp);
  });

  it('are refused with a typed error when they are damaged', () => {
    expect(() => parseIcmp(serializeIcmp(echo).fill(9, 8, 9))).toThrow('checksum');
    expectTotal('ICMP', parseIcmp, [serializeIcmp(echo)]);
  });
});
