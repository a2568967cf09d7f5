import { malformed } from './packet-reader';

/** Names as they were written, in their order; values without the space around them. */
export type HttpHeaders = readonly (readonly [name: string, value: string])[];

/** The head of an HTTP/1.1 request (RFC 9112, 3). */
export interface HttpRequestHead {
  readonly method: string;
  /** The request target as it stands there: "/index.html?a=b". */
  readonly target: string;
  /** Of HTTP/1: 0 or 1. */
  readonly minor: number;
  readonly headers: HttpHeaders;
}

/** The head of an HTTP/1.1 response (RFC 9112, 4). */
export interface HttpResponseHead {
  readonly minor: number;
  /** 100 to 599. */
  readonly status: number;
  readonly reason: string;
  readonly headers: HttpHeaders;
}

/** Longer heads are refused; what servers usually allow is 8 to 16 KiB. */
export const maxHeadBytes = 32 * 1024;
const maxHeaders = 200;

/** RFC 9110, 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Octets that may stand in a value (RFC 9110, 5.5); read as ISO 8859-1. */
const value = /^[\t\x20-\x7e\x80-\xff]*$/;
const target = /^[\x21-\x7e\x80-\xff]+$/;

/**
 * Where a head ends that begins at 0: behind its empty line. 0 when it is not all there. `from` is how many bytes were
 * looked at before, in vain.
 */
export function headEnd(bytes: Uint8Array, from = 0): number {
  for (let at = Math.max(1, from); at < bytes.length; at += 1) {
    if (bytes[at] !== 10) continue;
    if (bytes[at - 1] === 10) return at + 1;
    if (bytes[at - 1] === 13 && at > 1 && bytes[at - 2] === 10) return at + 1;
  }
  return 0;
}

/** `InvalidArgument` for what is none. Lines may end with LF alone (RFC 9112, 2.2). */
export function parseRequestHead(bytes: Uint8Array): HttpRequestHead {
  const what = 'the head of an HTTP request';
  const [first, ...lines] = linesOf(bytes, what);
  const match = /^(\S+) (\S+) HTTP\/1\.([01])$/.exec(first ?? '');
  const [, method = '', path = '', minor] = match ?? [];
  if (!match || !token.test(method) || !target.test(path)) throw malformed(what, 'its first line is wrong');
  return { method, target: path, minor: Number(minor), headers: parseHeaders(lines, what) };
}

/** `InvalidArgument` for what is none. */
export function parseResponseHead(bytes: Uint8Array): HttpResponseHead {
  const what = 'the head of an HTTP response';
  const [first, ...lines] = linesOf(bytes, what);
  const match = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(first ?? '');
  if (!match) throw malformed(what, 'its first line is wrong');
  const [, minor, status, reason = ''] = match;
  return { minor: Number(minor), status: Number(status), reason, headers: parseHeaders(lines, what) };
}

/** `InvalidArgument` for what cannot stand there: nobody puts a second header into a value. */
export function serializeRequestHead(head: HttpRequestHead): Uint8Array<ArrayBuffer> {
  const what = 'the head of an HTTP request';
  if (!token.test(head.method) || !target.test(head.target)) throw malformed(what, 'its method or target is none');
  return serializeLines(`${head.method} ${head.target} HTTP/1.${head.minor}`, head.headers, what);
}

export function serializeResponseHead(head: HttpResponseHead): Uint8Array<ArrayBuffer> {
  const what = 'the head of an HTTP response';
  if (!value.test(head.reason)) throw malformed(what, 'its reason is no text');
  return serializeLines(`HTTP/1.${head.minor} ${head.status} ${head.reason}`, head.headers, what);
}

/** All values of a header, joined as RFC 9110, 5.3 has it; undefined when it is not there. */
export function headerValue(headers: HttpHeaders, name: string): string | undefined {
  const values = headers.filter(([each]) => each.toLowerCase() === name).map(([, text]) => text);
  return values.length > 0 ? values.join(', ') : undefined;
}

/** The members of a list header (RFC 9110, 5.6.1), in lower case. */
export function headerTokens(headers: HttpHeaders, name: string): readonly string[] {
  const list = headerValue(headers, name) ?? '';
  return list
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter(Boolean);
}

function linesOf(bytes: Uint8Array, what: string): string[] {
  if (bytes.length > maxHeadBytes) throw malformed(what, `it is longer than ${maxHeadBytes} bytes`);
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  const lines = text.split(/\r?\n/);
  // The empty line and what is behind its end.
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

function parseHeaders(lines: readonly string[], what: string): HttpHeaders {
  if (lines.length > maxHeaders) throw malformed(what, `it has more than ${maxHeaders} headers`);
  return lines.map((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const text = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
    // A line that begins with space would go on with the one before (RFC 9112, 5.2): refused.
    if (!token.test(name) || !value.test(text)) throw malformed(what, 'a header in it is wrong');
    return [name, text] as const;
  });
}

function serializeLines(first: string, headers: HttpHeaders, what: string): Uint8Array<ArrayBuffer> {
  for (const [name, text] of headers) {
    if (!token.test(name) || !value.test(text)) throw malformed(what, `the header ${name.slice(0, 40)} is wrong`);
  }
  const text = [first, ...headers.map(([name, each]) => `${name}: ${each}`), '', ''].join('\r\n');
  return Uint8Array.from(text, (each) => each.charCodeAt(0));
}
