import { concatBytes } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import {
  type HttpRequestHead,
  headEnd,
  headerTokens,
  maxHeadBytes,
  parseRequestHead,
  serializeResponseHead,
} from '../../formats/wire/http-head';
import { metadataAddress } from './gateway-network';
import type { MetadataAnswer } from './metadata-server';
import type { Sockets, TcpConnection } from './sockets';

/** Requests that may come one after the other, and how long the next may be in coming, milliseconds. */
const maxRequests = 100;
const idleMs = 10_000;

const port = 80;

export interface MetadataServiceOptions {
  readonly sockets: Sockets;
  readonly clock: Clock;
  readonly answer: (request: HttpRequestHead, address: string) => MetadataAnswer;
}

/** HTTP/1.1 at the metadata address. Requests have no body there; one that has is answered and the connection ended. */
export function serveMetadata({ sockets, clock, answer }: MetadataServiceOptions): Disposable {
  return sockets.listen(
    port,
    (connection) => {
      serve(connection, clock, answer).catch(() => connection.abort());
    },
    metadataAddress,
  );
}

async function serve(connection: TcpConnection, clock: Clock, answer: MetadataServiceOptions['answer']): Promise<void> {
  const timer = { alarm: clock.after(idleMs, () => connection.abort()) };
  const writer = connection.writable.getWriter();
  const reader = connection.readable.getReader();
  let pending: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  try {
    for (let count = 1; ; ) {
      const end = headEnd(pending);
      if (end === 0) {
        if (pending.length > maxHeadBytes) break;
        const { done, value } = await reader.read();
        if (done) break;
        pending = concatBytes([pending, value]);
        continue;
      }
      timer.alarm.dispose();
      timer.alarm = clock.after(idleMs, () => connection.abort());
      const request = parse(pending.subarray(0, end));
      pending = pending.slice(end);
      const keep = count < maxRequests && request !== undefined && keepsAlive(request);
      await writer.write(respond(request, request && answer(request, connection.remote.address), keep));
      if (!keep) break;
      count += 1;
    }
    await writer.close();
    // Until the other side has finished, too, or its time is over.
    while (!(await reader.read()).done);
  } finally {
    timer.alarm.dispose();
  }
}

function parse(bytes: Uint8Array): HttpRequestHead | undefined {
  try {
    return parseRequestHead(bytes);
  } catch (error) {
    if (error instanceof SandboxError) return undefined;
    throw error;
  }
}

function keepsAlive({ minor, headers }: HttpRequestHead): boolean {
  const options = headerTokens(headers, 'connection');
  if (headerTokens(headers, 'content-length').some((length) => length !== '0')) return false;
  if (headerTokens(headers, 'transfer-encoding').length > 0) return false;
  return minor === 1 ? !options.includes('close') : options.includes('keep-alive');
}

function respond(request: HttpRequestHead | undefined, given: MetadataAnswer | undefined, keep: boolean): Uint8Array {
  const { status, reason, body } = given ?? { status: 400, reason: 'Bad Request', body: '' };
  const bytes = new TextEncoder().encode(body);
  const head = serializeResponseHead({
    minor: 1,
    status,
    reason,
    headers: [
      ['Content-Type', 'text/plain'],
      ['Content-Length', String(bytes.length)],
      ['Connection', keep ? 'keep-alive' : 'close'],
    ],
  });
  return request?.method === 'HEAD' ? head : concatBytes([head, bytes]);
}
