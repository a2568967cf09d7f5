import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { patternBytes } from './content-store.conformance';
import { createZstdUnpacker } from './unpack';
import { storeAsZstd, zerosAsZstd } from './zstd-frame';

describe('unpacking zstd', () => {
  it('gives the same bytes however the input is cut', () => {
    const bytes = patternBytes(300_000);
    const packed = storeAsZstd(bytes);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: packed.length }), { maxLength: 10 }), (cuts) => {
        const unpacker = createZstdUnpacker(bytes.length);
        const pieces: Uint8Array[] = [];
        let from = 0;
        for (const cut of [...cuts, packed.length].sort((a, b) => a - b)) {
          pieces.push(...unpacker.push(packed.subarray(from, cut)));
          from = cut;
        }
        pieces.push(...unpacker.finish());
        return Buffer.compare(concatBytes(pieces), bytes) === 0;
      }),
    );
  });

  it('refuses damaged input as DataLoss or gives other bytes, and throws nothing else', () => {
    const packed = storeAsZstd(patternBytes(2000));
    fc.assert(
      fc.property(fc.integer({ min: 6, max: packed.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = packed.slice();
        damaged[at] = (damaged[at] ?? 0) ^ change;
        try {
          const unpacker = createZstdUnpacker(2000);
          unpacker.push(damaged);
          unpacker.finish();
        } catch (error) {
          return error instanceof SandboxError && error.code === 'DataLoss';
        }
        return true;
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a window of 2 GiB', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3)],
    ['a window just above the limit', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, (17 << 3) | 1)],
    ['a single segment of 4 GB', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0xff, 0xff, 0xff, 0xff)],
    ['a single segment of 2^56 bytes', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 1)],
    ['a wrong magic number', Uint8Array.of(0x1f, 0x8b, 0, 0, 0, 0)],
  ])('refuses %s before any memory is taken for it', (_, header) => {
    const input = new Uint8Array(100);
    input.set(header);
    expect(() => createZstdUnpacker(100).push(input)).toThrow(expect.objectContaining({ code: 'DataLoss' }));
  });

  it.each([0, 1, 5, 20])('gives the %i bytes of a frame that is hardly longer than its header', (size) => {
    const unpacker = createZstdUnpacker(size);
    const pieces = [...unpacker.push(storeAsZstd(patternBytes(size))), ...unpacker.finish()];
    expect(concatBytes(pieces)).toEqual(patternBytes(size));
  });

  it.each([0, 3, 8, 100])('refuses a frame that ends after %i bytes', (length) => {
    const unpacker = createZstdUnpacker(1000);
    const packed = storeAsZstd(patternBytes(1000));
    expect(() => {
      unpacker.push(packed.subarray(0, length));
      unpacker.finish();
    }).toThrow(expect.objectContaining({ code: 'DataLoss' }));
  });

  it('refuses a second frame, whose header nobody has looked at', () => {
    const one = storeAsZstd(patternBytes(200_000));
    const unpacker = createZstdUnpacker(400_000);
    unpacker.push(one);
    expect(() => unpacker.push(one)).toThrow(expect.objectContaining({ code: 'DataLoss' }));
  });

  it('tells a bomb by its ratio, whatever size it announces', () => {
    const bomb = zerosAsZstd(80_000);
    const unpacker = createZstdUnpacker(80_000 * 128 * 1024);
    expect(() => unpacker.push(bomb)).toThrow(/bomb/);
  });
});
