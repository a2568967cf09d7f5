import type { Clock } from '../../base/clock';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError, throwIfAborted } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { onAbort } from '../../base/on-abort';
import {
  HttpChannel,
  type HttpConnection,
  type HttpRequest,
  type HttpResponse,
  type HttpTimeouts,
} from './http-channel';

export interface HttpClientOptions {
  /** Connects to the server. */
  readonly connect: () => Promise<HttpConnection>;
  readonly clock: Clock;
  readonly timeouts?: HttpTimeouts;
}

const defaultTimeouts: HttpTimeouts = { headMs: 30_000, idleMs: 60_000 };

/** What browsers have at once with one server, and how many requests may wait for one of them. */
const maxConnections = 6;
const maxWaiting = 256;

/** How long a connection is kept that nobody uses, milliseconds: servers keep theirs for 5 s and more. */
const keepMs = 4000;

/** Methods that may be sent again when nobody knows whether they were seen (RFC 9110, 9.2.2). */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * HTTP/1.1 to one server, over connections that are kept. Nothing that the server does keeps a caller waiting for
 * ever or takes memory without bound: heads and trailers have limits, silence has a time, and bodies are read as the
 * caller reads.
 */
export class HttpClient implements Disposable {
  readonly #options: HttpClientOptions;
  readonly #timeouts: HttpTimeouts;
  readonly #idle = new Map<HttpChannel, Disposable>();
  readonly #waiting: Deferred<void>[] = [];
  #open = 0;
  #disposed = false;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#timeouts = options.timeouts ?? defaultTimeouts;
  }

  /** Connections that there are, kept ones included; those that were upgraded are their owners'. */
  get connections(): number {
    return this.#open;
  }

  /**
   * Resolves with the head of the answer. `Unavailable` when the server does not answer in time or ends early,
   * `InvalidArgument` when what it says is no HTTP, `ResourceExhausted` when too many requests wait. What goes wrong
   * later is told by the body.
   */
  async request(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    for (;;) {
      const channel = await this.#acquire(signal);
      try {
        return await channel.exchange(request, signal);
      } catch (error) {
        // A server may end a connection that it kept before it has seen the next request (RFC 9112, 9.3.1).
        const unseen = channel.used && !channel.heard && !signal?.aborted;
        if (!unseen || request.body || !repeatable.has(request.method)) throw error;
      }
    }
  }

  dispose(): void {
    this.#disposed = true;
    const gone = new SandboxError('Canceled', 'The client was taken down');
    for (const [channel, timer] of [...this.#idle]) {
      timer.dispose();
      channel.end(gone);
    }
    for (const each of this.#waiting.splice(0)) each.resolve();
  }

  async #acquire(signal: AbortSignal | undefined): Promise<HttpChannel> {
    for (;;) {
      throwIfAborted(signal);
      if (this.#disposed) throw new SandboxError('Canceled', 'The client was taken down');
      const [kept] = this.#idle.keys();
      if (kept) return this.#take(kept);
      if (this.#open < maxConnections) return this.#connect();
      await this.#wait(signal);
      // Who has given up passes its turn on.
      if (signal?.aborted) this.#waiting.shift()?.resolve();
    }
  }

  #take(channel: HttpChannel): HttpChannel {
    this.#idle.get(channel)?.dispose();
    this.#idle.delete(channel);
    return channel;
  }

  async #connect(): Promise<HttpChannel> {
    this.#open += 1;
    try {
      const connection = await this.#options.connect();
      return new HttpChannel(connection, this.#options.clock, this.#timeouts, {
        free: (channel) => this.#keep(channel),
        gone: (channel) => this.#forget(channel),
      });
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  #keep(channel: HttpChannel): void {
    const gone = new SandboxError('Canceled', 'Nobody used the connection');
    if (this.#disposed) {
      channel.end(gone);
      return;
    }
    this.#idle.set(
      channel,
      this.#options.clock.after(keepMs, () => channel.end(gone)),
    );
    this.#waiting.shift()?.resolve();
  }

  #forget(channel: HttpChannel): void {
    this.#take(channel);
    this.#leave();
  }

  #leave(): void {
    this.#open -= 1;
    this.#waiting.shift()?.resolve();
  }

  /** Until a connection may be free. */
  async #wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.length >= maxWaiting) {
      throw new SandboxError('ResourceExhausted', `${maxWaiting} requests wait for this server already`);
    }
    const turn = createDeferred<void>();
    this.#waiting.push(turn);
    const { headMs } = this.#timeouts;
    const busy = `All ${maxConnections} connections to the server were busy for ${headMs / 1000} s`;
    const timer = this.#options.clock.after(headMs, () => turn.reject(new SandboxError('Unavailable', busy)));
    const cancel = (): void => turn.resolve();
    const following = signal && onAbort(signal, cancel);
    try {
      await turn.promise;
    } finally {
      timer.dispose();
      following?.dispose();
      const place = this.#waiting.indexOf(turn);
      if (place >= 0) this.#waiting.splice(place, 1);
    }
  }
}
