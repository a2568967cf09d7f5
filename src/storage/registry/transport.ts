import type { Clock } from '../../base/clock';
import { SandboxError, throwIfAborted } from '../../base/errors';
import type { Fetch } from '../download';
import { stallTimeoutMs, Watchdog } from '../watchdog';
import { errorOfResponse, type Subject } from './registry-error';
import { retrying } from './retry';

export interface TransportOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Where the page is from; absent outside of a browser, where nobody keeps us from other origins. */
  readonly pageOrigin?: string;
}

/** Of what is sent nobody tells how far it is: a line slower than this is taken for a broken one. */
const slowestBytesPerMs = 32;

/** Who signs requests; see RegistryAuthorizer. */
export interface Authorizer {
  /** The header to begin with, if any is known. */
  authorize(scope: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /** The header to try after a 401, undefined when there is none that has not been refused. */
  answer(
    response: Response,
    scope: readonly string[],
    refused: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

export interface TransportRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: string;
  readonly subject: Subject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** `reload` goes past the browser's HTTP cache, which may be what is damaged. */
  readonly cache?: RequestCache;
  /** `error` when nobody must be sent elsewhere; followed unless said. */
  readonly redirect?: 'error';
  /** Statuses that are an answer besides 2xx. */
  readonly answers?: readonly number[];
  /** False when it must not be sent twice, though the first answer is lost. */
  readonly repeatable?: boolean;
  /** Used for its own origin only. */
  readonly authorization?: {
    readonly origin: string;
    readonly authorizer: Authorizer;
    readonly scope: readonly string[];
  };
}

/**
 * HTTP as registries speak it, by fetch: tried again while failures may pass, authenticated where it is asked for, every
 * failure typed. Credentials go in a header that browsers drop at a redirect to another origin (Fetch, "HTTP-redirect
 * fetch"); cookies and referrers are never sent.
 */
export class Transport {
  readonly clock: Clock;
  readonly #fetch: Fetch;
  readonly #pageOrigin: string | undefined;
  /** Origins that have answered: what fails there later is the connection, not the browser's rules. */
  readonly #readable = new Set<string>();

  constructor({ fetch, clock, pageOrigin }: TransportOptions) {
    this.#fetch = fetch;
    this.clock = clock;
    this.#pageOrigin = pageOrigin;
  }

  /**
   * Sends, and reads the answer; once more, after a pause, when nothing comes any more.
   * Errors: those of {@link errorOfResponse} and of the reader, and `Unavailable`.
   */
  async exchange<T>(
    request: TransportRequest,
    signal: AbortSignal | undefined,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const attempt = async (): Promise<T> => {
      throwIfAborted(signal);
      const sending = (request.body?.length ?? 0) / slowestBytesPerMs;
      const watchdog = new Watchdog(this.clock, signal, stallTimeoutMs + sending);
      try {
        return await read(await this.send(request, watchdog.signal));
      } catch (error) {
        throw namingHost(watchdog.reason ?? error, request.url);
      } finally {
        watchdog.dispose();
      }
    };
    return request.repeatable === false ? attempt() : retrying(this.clock, signal, attempt);
  }

  /** One attempt, whose body is the caller's to read. Errors: those of {@link errorOfResponse} and `Unavailable`. */
  async send(request: TransportRequest, signal: AbortSignal): Promise<Response> {
    const { authorization, url } = request;
    // Elsewhere, as an upload's location may be, nobody is told who we are.
    const asked = authorization && new URL(url).origin === authorization.origin ? authorization : undefined;
    const header = await asked?.authorizer.authorize(asked.scope, signal);
    let response = await this.#ask(request, header, signal);
    // Once: who is refused with what was just given to him would be refused for ever.
    const next =
      asked && response.status === 401 && (await asked.authorizer.answer(response, asked.scope, header, signal));
    if (next) {
      discard(response);
      response = await this.#ask(request, next, signal);
    }
    if (response.ok || request.answers?.includes(response.status)) return response;
    throw await errorOfResponse(response, request.subject, this.clock.now());
  }

  async #ask(request: TransportRequest, authorization: string | undefined, signal: AbortSignal): Promise<Response> {
    const { method, url, headers, body, cache = 'default', redirect = 'follow' } = request;
    const { origin } = new URL(url);
    let response: Response;
    try {
      response = await this.#fetch(url, {
        method,
        cache,
        redirect,
        signal,
        headers: { ...headers, ...(authorization !== undefined && { Authorization: authorization }) },
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        ...(body && { body }),
      });
    } catch (error) {
      throwIfAborted(signal);
      if (error instanceof SandboxError) throw error;
      throw this.#unreachable(url, error);
    }
    this.#readable.add(origin);
    requireNoDowngrade(url, response);
    return response;
  }

  /** A browser gives one and the same TypeError for everything that kept it from an answer. */
  #unreachable(url: string, cause: unknown): SandboxError {
    const { origin, host } = new URL(url);
    const foreign = this.#pageOrigin !== undefined && origin !== this.#pageOrigin;
    if (!foreign) {
      const message = `Cannot reach ${host}; check the connection`;
      return new SandboxError('Unavailable', message, { cause, details: { url } });
    }
    if (this.#readable.has(origin)) {
      const message =
        `${host} gave no answer that this page may read: the connection broke, or it redirected to a server that does not ` +
        'allow web pages (CORS); try again';
      return new SandboxError('Unavailable', message, { cause, details: { url } });
    }
    const message =
      `${host} cannot be used from a web page: it does not allow pages of other sites to read it (CORS), as Docker Hub and ` +
      'most public registries do not, or it cannot be reached; a browser does not say which. What helps is a mirror or a ' +
      'registry that sends Access-Control-Allow-Origin (docs/REGISTRIES.md)';
    return new SandboxError('Unavailable', message, { cause, details: { url, reason: 'cors', lasting: true } });
  }
}

/** Ends a body that nobody reads. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

/** A failure of the connection with the host's name in its message; any other as it is. */
export function namingHost(error: unknown, url: string): unknown {
  if (!(error instanceof SandboxError && error.code === 'Unavailable') || error.details['url'] !== undefined)
    return error;
  const message = `${new URL(url).host} does not answer: ${error.message}; try again`;
  return new SandboxError('Unavailable', message, { cause: error, details: { url } });
}

/** Bytes are verified, but who listens to plain HTTP would learn what is asked for, and by whom. */
function requireNoDowngrade(url: string, response: Response): void {
  if (!url.startsWith('https:') || !response.url.startsWith('http:')) return;
  discard(response);
  const message = `${new URL(url).host} redirects to ${response.url.slice(0, 200)}, which is not encrypted; it is not followed`;
  throw new SandboxError('FailedPrecondition', message, { details: { url, reason: 'downgrade' } });
}
