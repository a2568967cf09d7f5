import { concatBytes } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { chunksOf } from '../../base/streams';
import { createBodyDecoder, lastChunk, requestFraming, serializeChunk } from '../../formats/wire/http-body';
import {
  type HttpHeaders,
  type HttpRequestHead,
  headEnd,
  maxHeadBytes,
  parseRequestHead,
  serializeResponseHead,
} from '../../formats/wire/http-head';
import { egressPort } from './egress-port';
import type { Sockets, TcpConnection } from './sockets';

/** Bodies of requests: they are taken as a whole. */
const maxBodyBytes = 10 * 1024 * 1024;

/** How long a request may take to come, milliseconds. */
const requestMs = 30_000;

/** A request of a guest that is to leave the lab. */
export interface EgressRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface EgressAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: HttpHeaders;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

export interface EgressServiceOptions {
  readonly sockets: Sockets;
  readonly clock: Clock;
  readonly address: string;
  /** Asks the page, which decides what leaves. */
  readonly forward: (request: EgressRequest) => Promise<EgressAnswer>;
}

/** An HTTP proxy (RFC 9110, 3.7) at the gateway: one request a connection, in absolute form. */
export function serveEgress({ sockets, clock, address, forward }: EgressServiceOptions): Disposable {
  return sockets.listen(
    egressPort,
    (connection) => {
      serve(connection, clock, forward).catch(() => connection.abort());
    },
    address,
  );
}

async function serve(connection: TcpConnection, clock: Clock, forward: EgressServiceOptions['forward']): Promise<void> {
  const timer = clock.after(requestMs, () => connection.abort());
  const writer = connection.writable.getWriter();
  const reader = connection.readable.getReader();
  let answer: EgressAnswer;
  let chunked = true;
  try {
    const { head, body } = await readRequest(reader);
    timer.dispose();
    chunked = head.minor === 1;
    answer = await forward({ method: head.method, url: urlOf(head), headers: head.headers, body });
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    answer = refusal(error);
  } finally {
    timer.dispose();
  }
  const framing: HttpHeaders = chunked ? [['Transfer-Encoding', 'chunked']] : [];
  const { status, reason, headers } = answer;
  const head = { minor: 1, status, reason, headers: [...headers, ...framing, ['Connection', 'close'] as const] };
  await writer.write(serializeResponseHead(head));
  for await (const chunk of chunksOf(answer.body)) {
    if (chunk.length > 0) await writer.write(chunked ? serializeChunk(chunk) : chunk);
  }
  if (chunked) await writer.write(lastChunk);
  await writer.close();
  while (!(await reader.read()).done);
}

async function readRequest(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>) {
  let pending: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  const more = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const { done, value } = await reader.read();
    if (done) throw new Error('The guest ended in the middle of its request');
    return value;
  };
  while (headEnd(pending) === 0) {
    if (pending.length > maxHeadBytes) throw new SandboxError('InvalidArgument', 'The head of the request is too long');
    pending = concatBytes([pending, await more()]);
  }
  const end = headEnd(pending);
  const head = parseRequestHead(pending.subarray(0, end));
  const decoder = createBodyDecoder(requestFraming(head.headers));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (let next = pending.slice(end); !decoder.done; next = await more()) {
    const { body } = decoder.push(next);
    parts.push(body);
    bytes += body.length;
    if (bytes > maxBodyBytes) {
      throw new SandboxError('ResourceExhausted', `The body of the request has more than ${maxBodyBytes} bytes`);
    }
    if (decoder.done) break;
  }
  return { head, body: concatBytes(parts) };
}

/** What is asked for. `Unimplemented` for a tunnel: what is in it no browser can ask. */
function urlOf({ method, target }: HttpRequestHead): string {
  if (method === 'CONNECT') {
    const why = `A tunnel to ${target} cannot go through a browser: ask for http:// instead, and the page asks by HTTPS`;
    throw new SandboxError('Unimplemented', why);
  }
  if (/^https?:\/\//i.test(target) && URL.canParse(target)) return target;
  throw new SandboxError(
    'InvalidArgument',
    `This is an HTTP proxy: it takes whole addresses, not ${target.slice(0, 80)}`,
  );
}

function refusal({ code, message }: SandboxError): EgressAnswer {
  const [status, reason] = statuses[code] ?? [502, 'Bad Gateway'];
  const body = new Response(`${message}\n`).body as ReadableStream<Uint8Array<ArrayBuffer>>;
  return { status, reason, headers: [['Content-Type', 'text/plain; charset=utf-8']], body };
}

const statuses: Readonly<Record<string, readonly [number, string]>> = {
  InvalidArgument: [400, 'Bad Request'],
  FailedPrecondition: [403, 'Forbidden'],
  ResourceExhausted: [413, 'Content Too Large'],
  Unimplemented: [501, 'Not Implemented'],
};
