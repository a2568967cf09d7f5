import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildNative, clang, runNative } from '../test/native-program';

const files = ['test/parse_test.c', 'http/parse.c', 'http/date.c', 'libos/format.c'];
const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

describe.runIf(clang)('the HTTP parser of unikernels', () => {
  let program: string;
  beforeAll(() => {
    program = buildNative('parse-test', files);
  });
  const parse = (...requests: readonly string[]): readonly string[] => runNative(program, [], requests.map(hex));

  it('reads a request', () => {
    const [line] = parse('GET /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nRange: bytes=0-9\r\n\r\nrest');
    expect(line).toBe(
      '0 method=GET path=/a%20b query=x=1 used=54 minor=1 headers=2 length=0 chunked=0 keep=1 expects=0 decoded=/a b ' +
        'range=206:0-9',
    );
  });

  it.each([
    ['no end yet', 'GET / HTTP/1.1\r\nHost: h\r\n', 1],
    ['nothing', '', 1],
    ['an empty line first', '\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n', 0],
    ['HTTP/1.0 without a host', 'GET / HTTP/1.0\r\n\r\n', 0],
    ['HTTP/1.1 without a host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['HTTP/2', 'GET / HTTP/2.0\r\n\r\n', 505],
    ['no version', 'GET /\r\n\r\n', 400],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: h\r\n\r\n', 400],
    ['a bare line feed after a header', 'GET / HTTP/1.1\r\nHost: h\n\r\n', 400],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : h\r\n\r\n', 400],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n', 400],
    ['a NUL in a value', 'GET / HTTP/1.1\r\nHost: h\r\nX: \0\r\n\r\n', 400],
    ['a carriage return in a value', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n', 400],
    [
      'a length and chunks',
      'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['two lengths', 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['a length with a sign', 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n', 400],
    ['a list of lengths', 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n', 400],
    ['another coding', 'PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501],
    ['chunks in HTTP/1.0', 'PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['another expectation', 'PUT / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n', 417],
    ['100 headers', `GET / HTTP/1.1\r\nHost: h\r\n${'X: y\r\n'.repeat(99)}\r\n`, 0],
    ['101 headers', `GET / HTTP/1.1\r\nHost: h\r\n${'X: y\r\n'.repeat(100)}\r\n`, 431],
    ['a long target', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: h\r\n\r\n`, 414],
    ['a long head', `GET / HTTP/1.1\r\nHost: h\r\nX: ${'a'.repeat(9000)}\r\n\r\n`, 431],
  ])('%s', (_name, request, status) => {
    expect(Number(parse(request)[0]?.split(' ')[0])).toBe(status);
  });

  it.each([
    ['bytes=0-0', '206:0-0'],
    ['bytes=990-', '206:990-999'],
    ['bytes=-5', '206:995-999'],
    ['bytes=-5000', '206:0-999'],
    ['bytes=5-5000', '206:5-999'],
    ['bytes=1000-', '416'],
    ['bytes=-0', '416'],
    ['bytes=5-4', '0'],
    ['bytes=-', '0'],
    ['bytes=1-2,4-5', '0'],
    ['lines=1-2', '0'],
  ])('answers %s of 1000 bytes with %s', (range, answer) => {
    const [line] = parse(`GET / HTTP/1.1\r\nHost: h\r\nRange: ${range}\r\n\r\n`);
    expect(line?.split(' range=')[1]).toBe(answer);
  });

  it.each([
    ['5\r\nhello\r\n0\r\n\r\nGET', '0 used=15 body=hello'],
    ['2;x=y\r\nab\r\n3\r\ncde\r\n0\r\nTrailer: t\r\n\r\n', '0 used=36 body=abcde'],
    ['5\r\nhello\r\n', '1 used=10 body=hello'],
    ['11\r\n12345678901234567\r\n0\r\n\r\n', /^413/],
    ['ffffffffffffffffff\r\n', /^413/],
    ['x\r\n', /^400/],
    ['2\nab\r\n', /^400/],
    ['2\r\nabc\r\n', /^400/],
    [`1;${'x'.repeat(300)}\r\n`, /^400/],
  ])('reads the chunks %j', (body, answer) => {
    const [whole] = runNative(program, ['chunks'], [hex(body)]);
    expect(whole).toEqual(expect.stringMatching(answer));
    // How the bytes arrive makes no difference.
    const apart = runNative(program, ['chunks', '1'], [hex(body)])[0];
    expect(apart?.split(' ')[0]).toBe(whole?.split(' ')[0]);
    expect(apart?.split('body=')[1]?.startsWith(whole?.split('body=')[1] ?? '')).toBe(true);
  });

  it('answers each of 100,000 arbitrary inputs with a status', () => {
    const piece = fc.constantFrom(
      'GET ',
      '/',
      ' HTTP/1.1\r\n',
      'Host: h',
      '\r\n',
      ': ',
      'Content-Length: ',
      '9',
      '%',
      '\0',
    );
    const request = fc
      .array(fc.oneof(piece, fc.string({ maxLength: 8 })), { maxLength: 12 })
      .map((parts) => parts.join(''));
    const requests = fc.sample(request, 100_000).map((text) => hex(text));
    const lines = runNative(program, [], requests);
    expect(lines).toHaveLength(requests.length);
    expect(lines.every((line) => /^(0 |[145]\d*$)/.test(line))).toBe(true);
  });

  it('writes dates as JavaScript does', () => {
    const seconds = fc.sample(fc.integer({ min: 0, max: 4_102_444_800 }), 1_000);
    const dates = runNative(program, ['date'], seconds.map(String));
    expect(dates).toEqual(seconds.map((second) => new Date(second * 1000).toUTCString()));
  });
});
