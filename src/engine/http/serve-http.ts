import type { EngineApi } from '../../api/engine-api';
import { concatBytes } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { headerList } from '../../base/header-list';
import type { Disposable } from '../../base/lifecycle';
import { onAbort } from '../../base/on-abort';
import { chunksOf } from '../../base/streams';
import {
  createBodyDecoder,
  type HttpBodyDecoder,
  lastChunk,
  requestFraming,
  serializeChunk,
} from '../../formats/wire/http-body';
import {
  type HttpHeaders,
  type HttpRequestHead,
  headEnd,
  headerTokens,
  headerValue,
  maxHeadBytes,
  parseRequestHead,
  serializeResponseHead,
} from '../../formats/wire/http-head';
import { errorResponse } from './error-response';

/** A connection of whatever kind that somebody speaks HTTP/1.1 on. */
export interface HttpStreams {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
}

/** How long the next request may be in coming, milliseconds. */
const idleMs = 60_000;

/** How long a client may take to close its end when there is nothing more to say, and one that has closed it waits for more, milliseconds. */
const lingerMs = 10_000;

/** A connection as its requests share it. */
interface Line {
  readonly source: ByteSource;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly clock: Clock;
  /** Fires when nobody hears any more what is said here. */
  readonly gone: AbortSignal;
  /** Ends it both ways, in the middle of whatever is being said. */
  cut(reason: unknown): void;
}

/**
 * Serves the Engine API on a connection, one request after the other, until either side has enough, or `revoked` fires: then
 * answers and upgraded connections end as well. Never rejects.
 */
export async function serveHttp(
  api: EngineApi,
  { readable, writable }: HttpStreams,
  clock: Clock,
  revoked: AbortSignal,
): Promise<void> {
  const source = new ByteSource(readable);
  const writer = writable.getWriter();
  const gone = new AbortController();
  const cut = (reason: unknown): void => {
    gone.abort(reason);
    void source.cancel();
    writer.abort(reason).catch(() => undefined);
  };
  const following = onAbort(revoked, () => cut(revoked.reason));
  if (revoked.aborted) cut(revoked.reason);
  writer.closed.catch(cut);
  try {
    while (await serveOne(api, { source, writer, clock, gone: gone.signal, cut }));
    await writer.close();
    // To give up what the client still says is to reset the connection, with all that it has not read yet.
    const late = clock.after(lingerMs, () => void source.cancel());
    try {
      while (await source.read());
    } finally {
      late.dispose();
    }
  } catch (error) {
    await writer.abort(error).catch(() => undefined);
  } finally {
    following.dispose();
    await source.cancel();
  }
}

/** False: the connection is not to be used any more. */
async function serveOne(api: EngineApi, line: Line): Promise<boolean> {
  const { source, writer, clock, gone } = line;
  const refuse = async (error: unknown): Promise<false> => {
    await respond(errorResponse(error), { method: 'GET', minor: 0 }, line);
    return false;
  };
  const late = clock.after(idleMs, () => void source.cancel());
  let head: HttpRequestHead | undefined;
  let decoder: HttpBodyDecoder | undefined;
  try {
    head = await readHead(source);
    decoder = head && createBodyDecoder(requestFraming(head.headers));
  } catch (error) {
    return await refuse(error);
  } finally {
    late.dispose();
  }
  if (!head || !decoder) return false;
  const { headers } = head;
  if (headerTokens(headers, 'expect').includes('100-continue')) {
    await writer.write(serializeResponseHead({ minor: 1, status: 100, reason: 'Continue', headers: [] }));
  }
  const asksUpgrade = headerTokens(headers, 'connection').includes('upgrade');
  const end = new ClientEnd(line);
  const hungUp = new AbortController();
  const following = onAbort(gone, () => hungUp.abort());
  try {
    // The client's end shows only behind a body, and after an upgrade it is for the process.
    const onBody = (): void => {
      if (!asksUpgrade) end.watch();
    };
    const body = decoder.done ? undefined : bodyOf(source, decoder, onBody);
    if (!body) onBody();
    let request: Request;
    try {
      // Before an upgrade the body is JSON, and what follows is the process's input.
      request = await engineRequest(head, asksUpgrade && body ? await whole(body) : body, hungUp.signal);
    } catch (error) {
      return await refuse(error);
    }
    if (gone.aborted) return false;
    const answer = await answerOf(api.fetch(request, ...(asksUpgrade ? [{ input: source.rest() }] : [])), gone);
    try {
      if (asksUpgrade && answer.headers.get('upgrade') === 'tcp') {
        await handOver(answer, line);
        return false;
      }
      if (asksUpgrade) end.watch();
      const keeps = head.minor === 1 && !headerTokens(headers, 'connection').includes('close') && !asksUpgrade;
      await respond(answer, { method: head.method, minor: keeps ? 1 : 0 }, line, () => end.putOff());
      // What is left of a body would be taken for the next request.
      return keeps && decoder.done;
    } finally {
      // Of what was not sent, or not to its end.
      answer.body?.cancel().catch(() => undefined);
    }
  } finally {
    following.dispose();
    end.dispose();
    hungUp.abort();
  }
}

/** The answer, if it comes before the client goes: then it is given up whenever it comes. */
async function answerOf(answering: Promise<Response>, gone: AbortSignal): Promise<Response> {
  const late = createDeferred<never>();
  const following = onAbort(gone, () => late.reject(gone.reason));
  try {
    return await Promise.race([answering, late.promise]);
  } catch (error) {
    answering.then(({ body }) => body?.cancel()).catch(() => undefined);
    throw error;
  } finally {
    following.dispose();
  }
}

/**
 * Cuts a connection whose client has closed its end. Some do so and read on (`nc`), and most are gone, which does not show
 * before something is sent to them: so those get a while for each piece of the answer.
 */
class ClientEnd implements Disposable {
  readonly #line: Line;
  #late: Disposable | undefined;
  #disposed = false;

  constructor(line: Line) {
    this.#line = line;
  }

  watch(): void {
    this.#line.source.atEnd().then(
      (ended) => {
        if (ended && !this.#disposed) this.#begin();
      },
      (error: unknown) => {
        if (!this.#disposed) this.#line.cut(error);
      },
    );
  }

  /** Something was sent. */
  putOff(): void {
    if (!this.#late) return;
    this.#late.dispose();
    this.#begin();
  }

  dispose(): void {
    this.#disposed = true;
    this.#late?.dispose();
  }

  #begin(): void {
    const { clock, cut } = this.#line;
    this.#late = clock.after(lingerMs, () => cut(new SandboxError('Canceled', 'The client has closed its end')));
  }
}

async function readHead(source: ByteSource): Promise<HttpRequestHead | undefined> {
  let bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  for (;;) {
    const next = await source.read();
    if (!next) return undefined;
    const seen = bytes.length;
    bytes = concatBytes([bytes, next]);
    const end = headEnd(bytes, seen);
    if (end > 0) {
      source.unread(bytes.slice(end));
      return parseRequestHead(bytes.subarray(0, end));
    }
    if (bytes.length > maxHeadBytes) throw new SandboxError('InvalidArgument', 'The head of the request is too long');
  }
}

function bodyOf(
  source: ByteSource,
  decoder: HttpBodyDecoder,
  onEnd: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        for (let sent = false; !sent && !decoder.done; ) {
          const bytes = await source.read();
          if (!bytes) throw new SandboxError('Unavailable', 'The client ended in the middle of its request');
          const { body, rest } = decoder.push(bytes);
          source.unread(rest);
          sent = body.length > 0;
          if (sent) controller.enqueue(body);
        }
        if (!decoder.done) return;
        controller.close();
        onEnd();
      },
    },
    { highWaterMark: 0 },
  );
}

function whole(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Blob> {
  return new Response(body).blob();
}

async function engineRequest(
  { method, target, headers }: HttpRequestHead,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | Blob | undefined,
  signal: AbortSignal,
): Promise<Request> {
  const given = headers.map(([name, value]): [string, string] => [name, value]);
  const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD';
  if (!hasBody) return newRequest(target, { method, headers: given, signal });
  const sent = body instanceof Blob || streamsInRequests() ? body : await whole(body);
  // The body may still come while the answer is on its way; the types do not know it.
  const init: RequestInit & { duplex: 'half' } = { method, headers: given, signal, body: sent, duplex: 'half' };
  return newRequest(target, init);
}

/** `InvalidArgument` for an address that is none, and for methods that no page may have (Fetch, "forbidden method"). */
function newRequest(target: string, init: RequestInit): Request {
  try {
    return new Request(new URL(target.replace(/^\/+/, '/'), 'http://engine'), init);
  } catch {
    throw new SandboxError('InvalidArgument', `This is no request of the Docker Engine API: ${init.method} ${target}`);
  }
}

/** Some browsers take a stream for a text, and say so by the type they give it. */
function streamsInRequests(): boolean {
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: new ReadableStream(), duplex: 'half' };
  return !new Request('http://engine', init).headers.has('content-type');
}

async function handOver(answer: Response, { writer, gone }: Line): Promise<void> {
  await writer.write(
    serializeResponseHead({ minor: 1, status: 101, reason: 'UPGRADED', headers: headerList(answer.headers) }),
  );
  if (!answer.body) return;
  for await (const bytes of chunksOf(answer.body, gone)) await writer.write(bytes);
}

/** `minor` 0: the connection ends with the answer. `sent` is called for each piece of it. */
async function respond(
  answer: Response,
  { method, minor }: Pick<HttpRequestHead, 'method' | 'minor'>,
  { writer, gone }: Line,
  sent = () => {},
): Promise<void> {
  const { status } = answer;
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 304;
  const known = headerValue(headerList(answer.headers), 'content-length') !== undefined;
  const chunked = hasBody && minor === 1 && !known;
  const headers: HttpHeaders = [
    ...headerList(answer.headers).filter(([name]) => name !== 'connection' && name !== 'upgrade'),
    ...(chunked ? [['Transfer-Encoding', 'chunked'] as const] : []),
    ...(minor === 0 ? [['Connection', 'close'] as const] : []),
  ];
  await writer.write(serializeResponseHead({ minor: 1, status, reason: status < 400 ? 'OK' : 'Error', headers }));
  if (!hasBody || !answer.body) {
    if (chunked) await writer.write(lastChunk);
    return;
  }
  for await (const bytes of chunksOf(answer.body, gone)) {
    if (bytes.length > 0) await writer.write(chunked ? serializeChunk(bytes) : bytes);
    sent();
  }
  if (chunked) await writer.write(lastChunk);
}

/** Bytes as they come, some of which can be put back. */
class ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #waiting: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** What comes next, when somebody has looked at it already. */
  #next: Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>> | undefined;

  constructor(readable: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = readable.getReader();
  }

  /** Undefined at the end. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = this.#waiting;
    this.#waiting = new Uint8Array(0);
    if (bytes.length > 0) return bytes;
    const next = this.#look();
    this.#next = undefined;
    return (await next).value;
  }

  /** Whether the end is what comes next, as soon as that is known; what comes instead is read by the next who reads. */
  async atEnd(): Promise<boolean> {
    return this.#waiting.length === 0 && (await this.#look()).done;
  }

  unread(bytes: Uint8Array<ArrayBuffer>): void {
    this.#waiting = concatBytes([bytes, this.#waiting]);
  }

  /** All that still comes. */
  rest(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          const bytes = await this.read();
          if (bytes) controller.enqueue(bytes);
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  #look(): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>> {
    this.#next ??= this.#reader.read();
    return this.#next;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined);
  }
}
