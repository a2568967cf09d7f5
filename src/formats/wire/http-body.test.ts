import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { anyBytes, expectTotal } from './codec-fixture';
import {
  createBodyDecoder,
  type HttpFraming,
  lastChunk,
  requestFraming,
  responseFraming,
  serializeChunk,
} from './http-body';
import type { HttpHeaders } from './http-head';

const bytes = (text: string) => Uint8Array.from(text, (each) => each.charCodeAt(0));
const text = (given: Uint8Array) => String.fromCharCode(...given);

/** What a decoder makes of bytes that come in pieces of so many. */
function decode(framing: HttpFraming, given: Uint8Array<ArrayBuffer>, piece = given.length || 1) {
  const decoder = createBodyDecoder(framing);
  const bodies: Uint8Array[] = [];
  let rest: Uint8Array = new Uint8Array(0);
  for (let at = 0; at < given.length; at += piece) {
    const taken = decoder.push(given.slice(at, at + piece));
    bodies.push(taken.body);
    rest = concatBytes([rest, taken.rest]);
  }
  return { body: concatBytes(bodies), rest, done: decoder.done, decoder };
}

describe('how a body ends', () => {
  const of = (status: number, headers: HttpHeaders, method = 'GET') =>
    responseFraming(method, { minor: 1, status, reason: '', headers });

  it('is told by the headers, the status and the method', () => {
    expect(of(200, [['Content-Length', '12']])).toEqual({ kind: 'length', bytes: 12 });
    expect(
      of(200, [
        ['Content-Length', '12'],
        ['content-length', '12'],
      ]),
    ).toEqual({ kind: 'length', bytes: 12 });
    expect(of(200, [['Transfer-Encoding', 'Chunked']])).toEqual({ kind: 'chunked' });
    expect(of(200, [])).toEqual({ kind: 'close' });
    expect(of(200, [['Content-Length', '12']], 'HEAD')).toEqual({ kind: 'length', bytes: 0 });
    for (const status of [101, 204, 304])
      expect(of(status, [['Content-Length', '9']])).toEqual({ kind: 'length', bytes: 0 });
    expect(requestFraming([])).toEqual({ kind: 'length', bytes: 0 });
  });

  it.each<[HttpHeaders]>([
    [
      [
        ['Content-Length', '12'],
        ['Content-Length', '13'],
      ],
    ],
    [
      [
        ['Content-Length', '12'],
        ['Transfer-Encoding', 'chunked'],
      ],
    ],
    [[['Content-Length', '-1']]],
    [[['Content-Length', '']]],
    [[['Content-Length', '9999999999999999']]],
    [[['Transfer-Encoding', 'gzip, chunked']]],
  ])('is refused when it is told in two ways, or none that there is: %j', (headers) => {
    expect(() => of(200, headers)).toThrow('Not the body');
  });
});

describe('bodies', () => {
  it('are taken out of what comes, in whatever pieces', () => {
    const anyChunks = fc.array(anyBytes({ minLength: 1, maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(anyChunks, anyBytes({ maxLength: 9 }), fc.integer({ min: 1, max: 50 }), (chunks, behind, piece) => {
        const body = concatBytes(chunks);
        const chunked = concatBytes([...chunks.map(serializeChunk), lastChunk, behind]);
        expect(decode({ kind: 'chunked' }, chunked, piece)).toMatchObject({ body, rest: behind, done: true });
        const plain = concatBytes([body, behind]);
        expect(decode({ kind: 'length', bytes: body.length }, plain, piece)).toMatchObject({ body, rest: behind });
        expect(decode({ kind: 'close' }, plain, piece)).toMatchObject({ body: plain, done: false });
      }),
    );
  });

  it('have extensions and trailers that are passed over', () => {
    const { body, done } = decode({ kind: 'chunked' }, bytes('3;a=b\r\nabc\r\n2 \nde\n0\r\nTrailer: x\r\n\r\n'));
    expect([text(body), done]).toEqual(['abcde', true]);
  });

  it.each([
    'x\r\n',
    '\r\n',
    '3\r\nabcd\r\n',
    '1234567890abc\r\n',
    `${'0'.repeat(5000)}`,
    `0\r\n${'a: b\r\n'.repeat(4000)}`,
  ])('with chunks that are wrong are refused: %j', (given) => {
    expect(() => decode({ kind: 'chunked' }, bytes(given))).toThrow('Not the body');
  });

  it('that end too early are told from those that do not', () => {
    expect(() => decode({ kind: 'length', bytes: 5 }, bytes('abc')).decoder.end()).toThrow('2 bytes too early');
    expect(() => decode({ kind: 'chunked' }, bytes('3\r\nab')).decoder.end()).toThrow('in the middle');
    expect(() => decode({ kind: 'close' }, bytes('abc')).decoder.end()).not.toThrow();
  });

  it('are refused with a typed error when they are damaged', () => {
    const sample = concatBytes([serializeChunk(bytes('hello world')), serializeChunk(bytes('again')), lastChunk]);
    const parse = (given: Uint8Array) => {
      const { decoder } = decode({ kind: 'chunked' }, new Uint8Array(given));
      decoder.end();
    };
    expectTotal('HTTP chunks', parse, [sample]);
  });
});
