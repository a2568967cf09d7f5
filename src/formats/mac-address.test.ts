import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { parseMacAddress, serializeMacAddress } from './mac-address';

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
