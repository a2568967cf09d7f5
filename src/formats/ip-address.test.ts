import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { parseIpAddress, serializeIpAddress } from './ip-address';

describe('IP addresses', () => {
  // RFC 5952, section 4, among others.
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['fe80:0:0:0:0:0:0:0', 'fe80::'],
  ])('writes %s as %s', (text, canonical) => {
    expect(serializeIpAddress(parseIpAddress(text))).toBe(canonical);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '12345::',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    '::g',
  ])('refuses "%s"', (text) => {
    expect(() => parseIpAddress(text)).toThrow(SandboxError);
  });

  it('reads what it writes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, (address) => {
        expect(parseIpAddress(serializeIpAddress(address))).toEqual(new Uint8Array(address));
      }),
    );
  });
});
