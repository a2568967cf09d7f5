import type { PreviewApi, PreviewHeaders } from '../api/preview';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { chunksOf } from '../base/streams';
import { readableFromPort, writableToPort } from '../rpc/byte-stream';
import { type Remote, transfer } from '../rpc/control';

export interface FrameRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: PreviewHeaders;
  readonly body?: ArrayBuffer | undefined;
  readonly destination: string;
  readonly referrer?: string;
  readonly signal?: AbortSignal;
}

export interface FrameAnswer {
  /** After redirects. */
  readonly url: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

/** What browsers follow. */
const maxRedirects = 20;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What one page, and all that is put into it, may have; more is cut off with an error. */
export const maxBytes = 64 * 1024 * 1024;

/** Asks the lab for what a page needs, and follows redirects. */
export class FrameFetcher {
  readonly #remote: Remote<PreviewApi>;
  readonly #never = new AbortController().signal;
  #bytes = 0;

  constructor(remote: Remote<PreviewApi>) {
    this.#remote = remote;
  }

  async ask(request: FrameRequest): Promise<FrameAnswer> {
    let { url, method = 'GET', body } = request;
    for (let count = 0; count <= maxRedirects; count += 1) {
      const answer = await this.#ask({ ...request, url, method, body });
      const to = redirects.has(answer.status) ? answer.headers.get('location') : null;
      if (to === null) return answer;
      void answer.body?.cancel();
      url = new URL(to, url).href;
      // As browsers do (Fetch, "HTTP-redirect fetch").
      if (answer.status === 303 || (method === 'POST' && answer.status < 303)) {
        method = 'GET';
        body = undefined;
      }
    }
    throw new SandboxError('FailedPrecondition', `${request.url} redirects more than ${maxRedirects} times`);
  }

  /** All of a body. `ResourceExhausted` when the page has had enough. */
  async read({ url, body }: FrameAnswer): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    for await (const chunk of body ? chunksOf(body) : []) {
      parts.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > maxBytes) {
        throw new SandboxError('ResourceExhausted', `${url} and what came before it are more than ${maxBytes} bytes`);
      }
    }
    return concatBytes(parts);
  }

  async #ask({
    url,
    method = 'GET',
    headers = [],
    body,
    destination,
    referrer = '',
    signal,
  }: FrameRequest): Promise<FrameAnswer> {
    const channel = new MessageChannel();
    const stream = readableFromPort(channel.port1, this.#never);
    const canceled = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => {
        if (!stream.locked) void stream.cancel();
        reject(new SandboxError('Canceled', `${url} took too long`));
      });
    });
    const sent = body && this.#send(body);
    const asked = { method, url, headers, destination, referrer, answer: channel.port2, ...(sent && { body: sent }) };
    const asking = this.#remote.request(transfer(asked, [channel.port2, ...(sent ? [sent] : [])]));
    const answer = await Promise.race([asking, canceled]);
    const named = new Headers();
    for (const [name, value] of answer.headers) named.append(name, value);
    const { status, reason, hasBody } = answer;
    return { url, status, reason, headers: named, body: hasBody ? stream : null };
  }

  #send(body: ArrayBuffer): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const writer = writableToPort(port1, this.#never).getWriter();
    writer
      .write(new Uint8Array(body))
      .then(() => writer.close())
      .catch(() => {});
    return port2;
  }
}
