import type { Egress } from '../api/network';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import type { HttpHeaders } from '../formats/wire/http-head';
import { allowsHost } from '../network/egress';
import type { EgressAnswer, EgressRequest } from '../network/gateway/egress-service';

/** What is said when a browser has no answer to hand on, in the page's language. */
export interface EgressWords {
  off(network: string): string;
  notAllowed(host: string, network: string): string;
  /** The browser does not say which of the reasons it was. */
  refused(host: string, why: string): string;
  late(host: string, seconds: number): string;
}

export interface EgressOptions {
  /** The page's. What it fails with as `SandboxError` is told as it is. */
  readonly fetch: typeof fetch;
  readonly words: EgressWords;
}

/** Until the head of the answer is there, milliseconds. */
const answerMs = 30_000;

/** Headers that a browser sends to other sites without asking them first (Fetch, "CORS-safelisted"), and the key. */
const sent = new Set(['accept', 'accept-language', 'authorization', 'content-type', 'range']);

/** About the connection, or about bytes that the browser has already undone. */
const dropped = new Set(['content-encoding', 'content-length', 'transfer-encoding', 'connection', 'keep-alive']);

/**
 * Asks for a guest what its network may ask. `FailedPrecondition` for what it may not; `Unavailable` when the browser
 * has no answer, with what may have kept it.
 */
export async function askOutside(
  { method, url, headers, body }: EgressRequest,
  network: { readonly name: string; readonly egress?: Egress },
  { fetch, words }: EgressOptions,
  clock: Clock,
): Promise<EgressAnswer> {
  const { egress, name } = network;
  const wanted = new URL(url);
  const { hostname } = wanted;
  if (!egress) throw new SandboxError('FailedPrecondition', words.off(name));
  if (!allowsHost(egress, hostname)) throw new SandboxError('FailedPrecondition', words.notAllowed(hostname, name));
  // By HTTPS, which is what other sites allow to pages; a port that is named is taken as it is meant.
  if (wanted.port === '' && wanted.protocol === 'http:') wanted.protocol = 'https:';
  const address = egress.relay?.replace('{url}', encodeURIComponent(wanted.href)) ?? wanted.href;
  const canceled = new AbortController();
  const timer = clock.after(answerMs, () => canceled.abort());
  try {
    const answer = await fetch(address, {
      method,
      headers: asked(headers),
      ...(body.length > 0 && method !== 'GET' && method !== 'HEAD' && { body }),
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
      // Where it would lead no list says.
      redirect: 'error',
      signal: canceled.signal,
    });
    return { status: answer.status, reason: answer.statusText, headers: passed(answer.headers), body: bodyOf(answer) };
  } catch (error) {
    if (canceled.signal.aborted) throw new SandboxError('Unavailable', words.late(hostname, answerMs / 1000));
    if (error instanceof SandboxError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new SandboxError('Unavailable', words.refused(hostname, why), { cause: error });
  } finally {
    timer.dispose();
  }
}

function asked(headers: HttpHeaders): Headers {
  const asked = new Headers();
  for (const [name, value] of headers) if (sent.has(name.toLowerCase())) asked.append(name, value);
  return asked;
}

function passed(headers: Headers): HttpHeaders {
  const all: [string, string][] = [];
  headers.forEach((value, name) => {
    if (!dropped.has(name)) all.push([name, value]);
  });
  return all;
}

function bodyOf({ body }: Response): ReadableStream<Uint8Array<ArrayBuffer>> {
  return body ?? new ReadableStream({ start: (controller) => controller.close() });
}
