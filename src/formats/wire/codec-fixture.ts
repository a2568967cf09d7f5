import fc from 'fast-check';
import { expect } from 'vitest';
import { SandboxError } from '../../base/errors';
import { printedRandom } from '../../base/seed-fixture';
import type { SeededRandom } from '../../base/seeded-random';
import { serializeIpAddress } from '../ip-address';
import { serializeMacAddress } from '../mac-address';

/** RELIABILITY.md, test 4. */
const inputs = 100_000;

/**
 * Feeds a parser with random bytes and with damaged messages: what it throws is typed, and what it takes can be
 * written and read again.
 */
export function expectTotal<T>(what: string, parse: (bytes: Uint8Array) => T, samples: readonly Uint8Array[]): void {
  const random = printedRandom(what);
  let taken = 0;
  for (let input = 0; input < inputs; input += 1) {
    const sample = input % 8 === 0 ? undefined : samples[random.below(samples.length)];
    const bytes = sample ? damage(sample, random) : random.bytes(random.below(300));
    try {
      parse(bytes);
      taken += 1;
    } catch (error) {
      if (!(error instanceof SandboxError && error.code === 'InvalidArgument')) throw error;
    }
  }
  // Otherwise nothing behind the first check was reached.
  expect(taken).toBeGreaterThan(100);
  expect(taken).toBeLessThan(inputs);
}

function damage(sample: Uint8Array, random: SeededRandom): Uint8Array {
  let bytes = sample.slice();
  for (let hits = random.below(4); hits > 0 && bytes.length > 0; hits -= 1) {
    bytes[random.below(bytes.length)] = random.chance(0.5) ? random.below(256) : random.pick([0, 1, 0x7f, 0xc0, 0xff]);
  }
  if (random.chance(0.2)) bytes = bytes.slice(0, random.below(bytes.length + 1));
  if (random.chance(0.1)) bytes = Uint8Array.of(...bytes, ...random.bytes(random.below(64)));
  return bytes;
}

export const anyBytes = (length: { readonly minLength?: number; readonly maxLength: number }) =>
  fc.uint8Array({ ...length, size: 'max' }).map((bytes) => new Uint8Array(bytes));
export const anyU8 = fc.nat(0xff);
export const anyU16 = fc.nat(0xffff);
export const anyU32 = fc.nat(0xffff_ffff);
export const anyMac = anyBytes({ minLength: 6, maxLength: 6 }).map(serializeMacAddress);
export const anyAddress = anyBytes({ minLength: 4, maxLength: 4 }).map(serializeIpAddress);

/** Options of a TCP or IPv4 header, at most 40 bytes of them. */
export const anyHeaderOptions = fc
  .array(
    fc.oneof(
      fc.constant({ kind: 1, data: new Uint8Array(0) }),
      fc.record({ kind: fc.integer({ min: 2, max: 255 }), data: anyBytes({ maxLength: 8 }) }),
    ),
    { maxLength: 4 },
  )
  .filter((options) => options.reduce((sum, { data }) => sum + data.length + 2, 0) <= 40);

/** What is written is read as the same. */
export function expectRoundTrip<T>(
  values: fc.Arbitrary<T>,
  serialize: (value: T) => Uint8Array,
  parse: (bytes: Uint8Array) => T,
): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(parse(serialize(value))).toEqual(value);
    }),
  );
}
