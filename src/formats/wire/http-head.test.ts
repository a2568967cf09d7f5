import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectRoundTrip, expectTotal } from './codec-fixture';
import {
  headEnd,
  headerTokens,
  headerValue,
  parseRequestHead,
  parseResponseHead,
  serializeRequestHead,
  serializeResponseHead,
} from './http-head';

const bytes = (text: string) => Uint8Array.from(text, (each) => each.charCodeAt(0));

const anyHeaders = fc.array(
  fc.tuple(
    fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/),
    fc.stringMatching(/^[!-~\xa1-\xff]([ -~\xa1-\xff]{0,12}[!-~\xa1-\xff])?$/),
  ),
  { maxLength: 6 },
);

describe('heads of HTTP messages', () => {
  it('are read as they were written', () => {
    const anyRequest = fc.record({
      method: fc.stringMatching(/^[A-Z]{1,8}$/),
      target: fc.stringMatching(/^\/[!-~]{0,20}$/),
      minor: fc.constantFrom(0, 1),
      headers: anyHeaders,
    });
    const anyResponse = fc.record({
      minor: fc.constantFrom(0, 1),
      status: fc.integer({ min: 100, max: 599 }),
      reason: fc.stringMatching(/^[ -~]{0,20}$/),
      headers: anyHeaders,
    });
    expectRoundTrip(anyRequest, serializeRequestHead, parseRequestHead);
    expectRoundTrip(anyResponse, serializeResponseHead, parseResponseHead);
  });

  it.each([
    ['GET / HTTP/1.1\r\n\r\n', 18],
    ['GET / HTTP/1.1\n\nbody', 16],
    ['GET / HTTP/1.1\r\nA: b\r\n\r\nbody', 24],
    ['GET / HTTP/1.1\r\nA: b\r\n', 0],
    ['', 0],
  ])('end behind an empty line: %j', (text, end) => {
    expect(headEnd(bytes(text))).toBe(end);
    for (let from = 0; from < end; from += 1) expect(headEnd(bytes(text), from)).toBe(end);
  });

  it.each([
    'GET /',
    'GET / HTTP/2.0',
    'GET  / HTTP/1.1',
    'G(T / HTTP/1.1',
    'GET /a b HTTP/1.1',
    'GET / HTTP/1.1\r\n folded: line',
    'GET / HTTP/1.1\r\nno colon',
    'GET / HTTP/1.1\r\nspace : before colon',
    'GET / HTTP/1.1\r\nvalue: with\x00zero',
    `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(201)}`,
  ])('are refused: %j', (text) => {
    expect(() => parseRequestHead(bytes(`${text}\r\n\r\n`))).toThrow('Not the head of an HTTP request');
  });

  it('are read with what old servers leave out', () => {
    expect(parseResponseHead(bytes('HTTP/1.0 200\nServer:x\n\n'))).toEqual({
      minor: 0,
      status: 200,
      reason: '',
      headers: [['Server', 'x']],
    });
    expect(() => parseResponseHead(bytes('HTTP/1.1 999 No\r\n\r\n'))).toThrow('first line');
  });

  it('are not written with a second header in a value, or a second line in a target', () => {
    const head = { method: 'GET', target: '/', minor: 1, headers: [] };
    expect(() => serializeRequestHead({ ...head, headers: [['A', 'b\r\nC: d']] })).toThrow('the header A is wrong');
    expect(() => serializeRequestHead({ ...head, target: '/ HTTP/1.1\r\nX: y' })).toThrow('target is none');
  });

  it('have lists in several headers of one name', () => {
    const headers = [
      ['Connection', 'Keep-Alive, '],
      ['x', '1'],
      ['connection', 'Upgrade'],
    ] as const;
    expect(headerTokens(headers, 'connection')).toEqual(['keep-alive', 'upgrade']);
    expect(headerValue(headers, 'x')).toBe('1');
    expect(headerValue(headers, 'y')).toBeUndefined();
  });

  it('are refused with a typed error when they are damaged', () => {
    const request = bytes('GET /a?b=c HTTP/1.1\r\nHost: web\r\nRange: bytes=0-9\r\n\r\n');
    const response = bytes('HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\nServer: x\r\n\r\n');
    expectTotal('HTTP requests', parseRequestHead, [request]);
    expectTotal('HTTP responses', parseResponseHead, [response]);
  });
});
