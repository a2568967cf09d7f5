import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toSandboxError } from '../base/errors';
import { parseEcdsaSignature, serializeEcdsaSignature } from './ecdsa-signature';

const raw = fc.uint8Array({ minLength: 64, maxLength: 64 });
/** Numbers with zeros in front are what encoders get wrong. */
const short = fc
  .tuple(fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 32 }), raw)
  .map(([r, s, bytes]) => bytes.map((byte, at) => (at < r || (at >= 32 && at < 32 + s) ? 0 : byte)));

describe('an ECDSA signature', () => {
  it('is read from DER as it was written', () => {
    fc.assert(
      fc.property(fc.oneof(raw, short), (bytes) => {
        expect(parseEcdsaSignature(serializeEcdsaSignature(bytes))).toEqual(bytes);
      }),
    );
  });

  it('of other bytes is refused, or is the only encoding of its numbers', () => {
    const mutated = fc
      .tuple(raw, fc.nat(71), fc.nat(255))
      .map(([bytes, at, value]) => serializeEcdsaSignature(bytes).map((byte, i) => (i === at ? value : byte)));
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (der) => {
        try {
          expect(serializeEcdsaSignature(parseEcdsaSignature(der))).toEqual(der);
        } catch (error) {
          expect(toSandboxError(error).code).toBe('InvalidArgument');
        }
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a negative number', '3006020180020101'],
    ['a zero too many', '300702020001020101'],
    ['a number that is too large', `3026022101${'00'.repeat(32)}020101`],
    ['bytes after it', '300602010102010100'],
    ['one number', '3003020101'],
  ])('with %s is refused', (_, hex) => {
    const der = Uint8Array.from(Buffer.from(hex, 'hex'));
    expect(() => parseEcdsaSignature(der)).toThrow('Not an ECDSA signature');
  });
});
