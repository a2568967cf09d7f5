import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyU8, anyU32, expectRoundTrip, expectTotal } from './codec-fixture';
import { fromNtpTime, ntpMode, parseNtp, serializeNtp, toNtpTime } from './ntp';

const anyTime = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const anySigned = fc.integer({ min: -128, max: 127 });
const anyMessage = fc.record({
  leap: fc.nat(3),
  version: fc.nat(7),
  mode: fc.nat(7),
  stratum: anyU8,
  poll: anySigned,
  precision: anySigned,
  rootDelay: anyU32,
  rootDispersion: anyU32,
  referenceId: anyU32,
  referenceTime: anyTime,
  originTime: anyTime,
  receiveTime: anyTime,
  transmitTime: anyTime,
});

describe('NTP messages', () => {
  it('are read as they were written', () => {
    expectRoundTrip(anyMessage, serializeNtp, parseNtp);
  });

  it('are refused with a typed error when they are cut off', () => {
    const bytes = new Uint8Array(48).fill((4 << 3) | ntpMode.client, 0, 1);
    expect(() => parseNtp(bytes.subarray(1))).toThrow('1 bytes are missing');
    expectTotal('NTP', parseNtp, [bytes]);
  });
});

describe('NTP times', () => {
  it('count from 1900, and begin anew in 2036', () => {
    expect(toNtpTime(0)).toBe(2_208_988_800n << 32n);
    expect(toNtpTime(500) & 0xffff_ffffn).toBe(0x8000_0000n);
    expect(toNtpTime(Date.UTC(2036, 1, 7, 6, 28, 16))).toBe(0n);
  });

  it('are the same after the way there and back, to the microsecond', () => {
    const anyMs = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
    fc.assert(
      fc.property(anyMs, fc.integer({ min: -1e9, max: 1e9 }), (ms, offset) => {
        expect(Math.abs(fromNtpTime(toNtpTime(ms), ms + offset) - ms)).toBeLessThan(0.002);
      }),
    );
  });
});
