import { concatBytes } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError, toSandboxError } from '../../base/errors';
import { chunksOf } from '../../base/streams';
import {
  createBodyDecoder,
  type HttpBodyDecoder,
  type HttpFraming,
  lastChunk,
  responseFraming,
  serializeChunk,
} from '../../formats/wire/http-body';
import {
  type HttpHeaders,
  type HttpResponseHead,
  headEnd,
  headerTokens,
  headerValue,
  maxHeadBytes,
  parseResponseHead,
  serializeRequestHead,
} from '../../formats/wire/http-head';

/** A connection to a server, of whatever kind. */
export interface HttpConnection {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
}

export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  /** As they are to be sent, `Host` among them; what is about the connection alone is set by the client. */
  readonly headers: HttpHeaders;
  /** Sent as it comes: in chunks, or with the `Content-Length` that the headers have. */
  readonly body?: ReadableStream<Uint8Array>;
}

export interface HttpResponse {
  readonly status: number;
  readonly reason: string;
  /** As they came, without those that are about the connection alone (RFC 9110, 7.6.1). */
  readonly headers: HttpHeaders;
  /** Whoever does not read holds the server back; canceling it ends the connection. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** After a 101 the connection itself, from behind the head on. */
  readonly upgraded?: HttpConnection;
}

/** Milliseconds that a server may take. */
export interface HttpTimeouts {
  /** Until the head of its answer is there. */
  readonly headMs: number;
  /** Between two pieces of the answer, while somebody waits for one. */
  readonly idleMs: number;
}

/** What a channel tells its owner, each at most once for an exchange. */
export interface ChannelOwner {
  /** The exchange is over, and the connection can be used again. */
  free(channel: HttpChannel): void;
  /** The connection is no more, or no more ours. */
  gone(channel: HttpChannel): void;
}

/** Heads of interim answers (100, 103) that are passed over. */
const maxInterim = 8;

/** Of the connection alone (RFC 9110, 7.6.1). */
const connectionHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
]);

/** One HTTP/1.1 connection, for one exchange after the other. */
export class HttpChannel {
  /** It had an exchange before. */
  used = false;
  /** Something has come in the present exchange. */
  heard = false;
  readonly #connection: HttpConnection;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #clock: Clock;
  readonly #timeouts: HttpTimeouts;
  readonly #owner: ChannelOwner;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #sent = false;
  #over = false;
  #failure: SandboxError | undefined;

  constructor(connection: HttpConnection, clock: Clock, timeouts: HttpTimeouts, owner: ChannelOwner) {
    this.#connection = connection;
    this.#reader = connection.readable.getReader();
    this.#writer = connection.writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#owner = owner;
  }

  /** Errors: {@link HttpClient.request}. */
  async exchange(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    this.heard = false;
    this.#sent = false;
    const cancel = (): void => this.end(new SandboxError('Canceled', 'The request was canceled'));
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    const { headMs } = this.#timeouts;
    const late = `The server did not answer within ${headMs / 1000} s`;
    const timer = this.#clock.after(headMs, () => this.end(timedOut(late, headMs)));
    try {
      // A server may answer before it has taken all, and one that takes nothing will not answer either.
      const sending = this.#send(request).catch((error: unknown) => this.end(toSandboxError(error)));
      const head = await this.#readHead();
      timer.dispose();
      if (head.status === 101) return await this.#upgrade(request, head, sending);
      return this.#respond(request, head, () => signal?.removeEventListener('abort', cancel));
    } catch (error) {
      signal?.removeEventListener('abort', cancel);
      const failure = this.#failure ?? toSandboxError(error);
      this.end(failure);
      throw failure;
    } finally {
      timer.dispose();
    }
  }

  /** Ends the connection, and whatever waits for it. */
  end(reason: SandboxError): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = reason;
    this.#reader.cancel(reason).catch(() => {});
    this.#writer.abort(reason).catch(() => {});
    this.#owner.gone(this);
  }

  async #send({ method, target, headers, body }: HttpRequest): Promise<void> {
    const length = body && headerValue(headers, 'content-length');
    const passed = headers.filter(([name]) => isPassed(name, headers) && (length !== undefined || !isLength(name)));
    const framing: HttpHeaders = body && length === undefined ? [['Transfer-Encoding', 'chunked']] : [];
    await this.#writer.write(serializeRequestHead({ method, target, minor: 1, headers: [...passed, ...framing] }));
    if (body) await this.#sendBody(body, length === undefined ? undefined : Number(length));
    this.#sent = true;
  }

  async #sendBody(body: ReadableStream<Uint8Array>, length: number | undefined): Promise<void> {
    let bytes = 0;
    for await (const chunk of chunksOf(body)) {
      if (chunk.length === 0) continue;
      bytes += chunk.length;
      if (length !== undefined && bytes > length) break;
      await this.#writer.write(length === undefined ? serializeChunk(chunk) : chunk);
    }
    if (length === undefined) await this.#writer.write(lastChunk);
    else if (bytes !== length)
      throw new SandboxError('InvalidArgument', `The request has not the ${length} bytes it says`);
  }

  /** What comes next; undefined at the end. */
  async #read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const rest = this.#rest;
    if (rest.length > 0) {
      this.#rest = new Uint8Array(0);
      return rest;
    }
    const { done, value } = await this.#reader.read();
    if (this.#failure) throw this.#failure;
    if (!done) this.heard = true;
    return done ? undefined : value;
  }

  async #readHead(): Promise<HttpResponseHead> {
    for (let interim = 0; interim <= maxInterim; interim += 1) {
      const head = parseResponseHead(await this.#readHeadBytes());
      if (head.status >= 200 || head.status === 101) return head;
    }
    throw new SandboxError('InvalidArgument', `The server sent more than ${maxInterim} interim answers`);
  }

  async #readHeadBytes(): Promise<Uint8Array> {
    let bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
    for (;;) {
      const next = await this.#read();
      if (!next) throw endedEarly('before its answer');
      const seen = bytes.length;
      bytes = concatBytes([bytes, next]);
      const end = headEnd(bytes, seen);
      if (end > 0) {
        this.#rest = bytes.slice(end);
        return bytes.subarray(0, end);
      }
      if (bytes.length > maxHeadBytes) {
        throw new SandboxError(
          'InvalidArgument',
          `The head of the server's answer is longer than ${maxHeadBytes} bytes`,
        );
      }
    }
  }

  #respond(request: HttpRequest, head: HttpResponseHead, settled: () => void): HttpResponse {
    const framing = responseFraming(request.method, head);
    const decoder = createBodyDecoder(framing);
    const finish = (): void => {
      settled();
      this.#finish(head, framing);
    };
    const { status, reason } = head;
    const headers = head.headers.filter(([name]) => !connectionHeaders.has(name.toLowerCase()));
    if (decoder.done) {
      finish();
      return { status, reason, headers, body: emptyStream() };
    }
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: (controller) => this.#pull(controller, decoder, finish),
        cancel: () => {
          settled();
          this.end(new SandboxError('Canceled', 'Nobody wants the rest of the answer'));
        },
      },
      { highWaterMark: 0 },
    );
    return { status, reason, headers, body };
  }

  async #pull(
    controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>,
    decoder: HttpBodyDecoder,
    finish: () => void,
  ): Promise<void> {
    try {
      for (let sent = false; !sent && !decoder.done; ) {
        const bytes = await this.#readInTime();
        if (!bytes) {
          if (!endsWell(decoder)) throw endedEarly('in the middle of its answer');
          break;
        }
        const { body, rest } = decoder.push(bytes);
        this.#rest = rest;
        sent = body.length > 0;
        if (sent) controller.enqueue(body);
      }
      if (!decoder.done) return;
      finish();
      controller.close();
    } catch (error) {
      const failure = this.#failure ?? toSandboxError(error);
      this.end(failure);
      controller.error(failure);
    }
  }

  async #readInTime(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { idleMs } = this.#timeouts;
    const late = `The server sent nothing for ${idleMs / 1000} s`;
    const timer = this.#clock.after(idleMs, () => this.end(timedOut(late, idleMs)));
    try {
      return await this.#read();
    } finally {
      timer.dispose();
    }
  }

  #finish({ minor, headers }: HttpResponseHead, framing: HttpFraming): void {
    if (this.#over) return;
    const options = headerTokens(headers, 'connection');
    const persistent = minor === 1 ? !options.includes('close') : options.includes('keep-alive');
    if (persistent && framing.kind !== 'close' && this.#sent && this.#rest.length === 0) {
      this.used = true;
      this.#owner.free(this);
    } else this.end(new SandboxError('Unavailable', 'The connection cannot be used again'));
  }

  async #upgrade(request: HttpRequest, { status, reason, headers }: HttpResponseHead, sending: Promise<void>) {
    if (!headerTokens(request.headers, 'connection').includes('upgrade')) {
      throw new SandboxError('InvalidArgument', 'The server changed to another protocol that nobody asked for');
    }
    await sending;
    if (this.#failure) throw this.#failure;
    // Not ours any more; nobody may end it by this channel.
    this.#over = true;
    this.#owner.gone(this);
    this.#writer.releaseLock();
    const readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          const bytes = await this.#read();
          if (bytes) controller.enqueue(bytes);
          else controller.close();
        },
        cancel: (cause) => this.#reader.cancel(cause),
      },
      { highWaterMark: 0 },
    );
    const upgraded = { readable, writable: this.#connection.writable };
    return { status, reason, headers, body: emptyStream(), upgraded };
  }
}

/** An upgrade is asked for by headers that are otherwise the connection's alone (RFC 9110, 7.8). */
function isPassed(name: string, headers: HttpHeaders): boolean {
  const lower = name.toLowerCase();
  const upgrade = headerTokens(headers, 'connection').includes('upgrade');
  return !connectionHeaders.has(lower) || (upgrade && lower === 'connection');
}

function isLength(name: string): boolean {
  return name.toLowerCase() === 'content-length';
}

function endsWell(decoder: HttpBodyDecoder): boolean {
  try {
    decoder.end();
    return true;
  } catch {
    return false;
  }
}

function emptyStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

function endedEarly(when: string): SandboxError {
  return new SandboxError('Unavailable', `The server ended the connection ${when}`, { details: { reason: 'ended' } });
}

function timedOut(message: string, timeoutMs: number): SandboxError {
  return new SandboxError('Unavailable', message, { details: { reason: 'timeout', timeoutMs } });
}
