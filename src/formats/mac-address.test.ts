import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { addressMac, parseMacAddress, serializeMacAddress } from './mac-address';

describe('MAC addresses', () => {
  it('are written in lower case', () => {
    expect(serializeMacAddress(parseMacAddress('02:5E:00:00:00:0A'))).toBe('02:5e:00:00:00:0a');
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        expect([...parseMacAddress(serializeMacAddress(bytes))]).toEqual([...bytes]);
      }),
    );
  });

  it('are made of an IPv4 address as docker makes them', () => {
    expect(addressMac(0x0a00_00ff)).toBe('02:42:0a:00:00:ff');
    expect(addressMac(0xffff_fffe)).toBe('02:42:ff:ff:ff:fe');
  });

  it.each(['', '02:5e:00:00:00', '02:5e:00:00:00:01:02', '2:5e:0:0:0:1', '02-5e-00-00-00-01', 'g2:5e:00:00:00:01'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseMacAddress(text)).toThrow(SandboxError);
    },
  );

  it('has no text for other lengths', () => {
    expect(() => serializeMacAddress(new Uint8Array(5))).toThrow(SandboxError);
  });
});
