import { concatBytes } from '../../base/bytes';
import { type HttpHeaders, type HttpResponseHead, headerTokens, headerValue } from './http-head';
import { malformed } from './packet-reader';

/** How a body ends (RFC 9112, 6.3). */
export type HttpFraming =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** With the connection. */
  | { readonly kind: 'close' };

const what = 'the body of an HTTP message';

/** A chunk's size and extensions, or a trailer. */
const maxLineBytes = 4096;
const maxTrailerBytes = 16 * 1024;

/** How the body of an answer ends. `InvalidArgument` when two headers say different things: who believes which? */
export function responseFraming(method: string, head: HttpResponseHead): HttpFraming {
  const { status, headers } = head;
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { kind: 'length', bytes: 0 };
  return bodyFraming(headers) ?? { kind: 'close' };
}

/** The same for a request, which has no body unless it says so. */
export function requestFraming(headers: HttpHeaders): HttpFraming {
  return bodyFraming(headers) ?? { kind: 'length', bytes: 0 };
}

function bodyFraming(headers: HttpHeaders): HttpFraming | undefined {
  const codings = headerTokens(headers, 'transfer-encoding');
  const lengths = new Set(headerTokens(headers, 'content-length'));
  if (codings.length > 0) {
    if (lengths.size > 0) throw malformed(what, 'it has a length and a transfer coding');
    if (codings.length > 1 || codings[0] !== 'chunked') throw malformed(what, `its coding is ${codings.join(', ')}`);
    return { kind: 'chunked' };
  }
  if (lengths.size === 0) return headerValue(headers, 'content-length') === undefined ? undefined : badLength();
  const [length = ''] = lengths;
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) return badLength();
  return { kind: 'length', bytes: Number(length) };
}

function badLength(): never {
  throw malformed(what, 'its length is none');
}

/** Takes a body out of the bytes of a connection. */
export interface HttpBodyDecoder {
  /** The body has been read to its end. */
  readonly done: boolean;
  /** Takes bytes in; returns those of the body, and what is behind its end. `InvalidArgument` for a wrong chunk. */
  push(bytes: Uint8Array<ArrayBuffer>): {
    readonly body: Uint8Array<ArrayBuffer>;
    readonly rest: Uint8Array<ArrayBuffer>;
  };
  /** The connection has ended. `InvalidArgument` when the body has not. */
  end(): void;
}

export function createBodyDecoder(framing: HttpFraming): HttpBodyDecoder {
  if (framing.kind === 'chunked') return new ChunkedDecoder();
  return new LengthDecoder(framing.kind === 'length' ? framing.bytes : undefined);
}

const nothing = new Uint8Array(0);

class LengthDecoder implements HttpBodyDecoder {
  readonly #endless: boolean;
  #left: number;
  #ended = false;

  constructor(bytes: number | undefined) {
    this.#endless = bytes === undefined;
    this.#left = bytes ?? Number.POSITIVE_INFINITY;
  }

  get done(): boolean {
    return this.#left === 0 || this.#ended;
  }

  push(bytes: Uint8Array<ArrayBuffer>) {
    const body = bytes.subarray(0, Math.min(bytes.length, this.#left));
    this.#left -= body.length;
    return { body, rest: bytes.subarray(body.length) };
  }

  end(): void {
    if (!this.#endless && this.#left > 0) throw malformed(what, `it ended ${this.#left} bytes too early`);
    this.#ended = true;
  }
}

/** RFC 9112, 7.1. */
class ChunkedDecoder implements HttpBodyDecoder {
  #state: 'size' | 'data' | 'data-end' | 'trailer' | 'done' = 'size';
  #left = 0;
  #line: number[] = [];
  #trailerBytes = 0;

  get done(): boolean {
    return this.#state === 'done';
  }

  push(bytes: Uint8Array<ArrayBuffer>) {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let at = 0;
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const part = bytes.subarray(at, at + this.#left);
        parts.push(part);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#state = 'data-end';
        continue;
      }
      this.#byte(bytes[at] ?? 0);
      at += 1;
    }
    const [only = nothing, ...more] = parts;
    return { body: more.length === 0 ? only : concatBytes(parts), rest: bytes.subarray(at) };
  }

  end(): void {
    if (!this.done) throw malformed(what, 'it ended in the middle of its chunks');
  }

  #byte(byte: number): void {
    if (byte !== 10) {
      this.#line.push(byte);
      if (this.#line.length > maxLineBytes) throw malformed(what, 'a line between its chunks is too long');
      return;
    }
    if (this.#line.at(-1) === 13) this.#line.pop();
    const line = String.fromCharCode(...this.#line);
    this.#line = [];
    this.#takeLine(line);
  }

  #takeLine(line: string): void {
    if (this.#state === 'data-end') {
      if (line !== '') throw malformed(what, 'a chunk is longer than it said');
      this.#state = 'size';
    } else if (this.#state === 'size') {
      const [size = ''] = /^[0-9a-fA-F]{1,12}(?=[ \t]*(?:;|$))/.exec(line) ?? [];
      if (size === '') throw malformed(what, 'the size of a chunk is none');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left > 0 ? 'data' : 'trailer';
    } else {
      this.#trailerBytes += line.length + 2;
      if (this.#trailerBytes > maxTrailerBytes) throw malformed(what, 'its trailer is too long');
      if (line === '') this.#state = 'done';
    }
  }
}

/** A chunk as it is sent; an empty one would be the end. */
export function serializeChunk(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = new TextEncoder().encode(`${bytes.length.toString(16)}\r\n`);
  return concatBytes([size, bytes, Uint8Array.of(13, 10)]);
}

/** The end of a body of chunks, without a trailer. */
export const lastChunk: Uint8Array = new TextEncoder().encode('0\r\n\r\n');
