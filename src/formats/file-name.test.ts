import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareFileNames, parseFileName, serializeFileName } from './file-name';

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }).map((text) => new TextEncoder().encode(text)),
);

describe('names of files', () => {
  it('give the same bytes again, whatever they are', () => {
    fc.assert(fc.property(bytes, (name) => Buffer.compare(serializeFileName(parseFileName(name)), name) === 0));
  });

  it('are the text that they are in UTF-8, a byte order mark included', () => {
    for (const name of ['', 'a', 'ä\u{1f600}', '\ufeffx'])
      expect(parseFileName(new TextEncoder().encode(name))).toBe(name);
    expect(parseFileName(Uint8Array.of(0x61, 0xff, 0xc3, 0xa4, 0xe2, 0x82))).toBe('a\udcffä\udce2\udc82');
  });

  it('are sorted as their bytes are', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const order = Math.sign(compareFileNames(parseFileName(a), parseFileName(b)));
        expect(order + 0).toBe(Math.sign(Buffer.compare(a, b)) + 0);
      }),
    );
    expect(compareFileNames('\u{1f600}', '\uffee')).toBeGreaterThan(0);
  });
});
