import type { EngineApiError } from '../api/engine-api';
import type { Clock } from '../base/clock';
import { createDeferred } from '../base/deferred';
import { SandboxError, toSandboxError } from '../base/errors';
import { headerList } from '../base/header-list';
import { onAbort } from '../base/on-abort';
import { withTimeout } from '../base/timeout';
import { readableFromPort } from '../rpc/byte-stream';
import { type Connection, connect, transfer } from '../rpc/control';
import { requestBodyPort } from '../rpc/request-body';
import { type EngineLine, engineFolder, type ToPage } from './messages';

/** How long the page that has the lab may take to say so, milliseconds. */
const readyMs = 5000;

/** The engine's own times end most requests earlier; a container may be long in stopping. */
const answerMs = 10 * 60_000;

/** A page of the worker's. */
export interface EnginePage {
  postMessage(message: ToPage, ports: MessagePort[]): void;
}

export interface EnginePathOptions {
  /** The address of the page, with a slash at its end. */
  readonly scope: string;
  readonly pages: () => Promise<readonly EnginePage[]>;
  readonly clock: Clock;
}

/** The Docker Engine API below the page's own address, for scripts of the same origin. The page that has the lab answers. */
export class EnginePath {
  readonly #options: EnginePathOptions;
  readonly #folder: string;

  constructor(options: EnginePathOptions) {
    this.#options = options;
    this.#folder = options.scope + engineFolder;
  }

  /** Undefined for what is none of its requests. */
  answer(request: Request): Promise<Response> | undefined {
    if (!request.url.startsWith(this.#folder)) return undefined;
    return this.#answer(request).catch((error: unknown) => refusal(503, toSandboxError(error).message));
  }

  async #answer(request: Request): Promise<Response> {
    // A link, a form or a frame is something that other sites can make a browser ask for.
    if (request.mode === 'navigate' || request.mode === 'no-cors' || request.destination !== '') {
      return refusal(403, 'The Docker Engine API is for scripts of this page: ask by fetch()');
    }
    const line = await this.#owner();
    const channel = new MessageChannel();
    const stream = readableFromPort(channel.port1, new AbortController().signal);
    const canceled = new SandboxError('Canceled', 'The request was canceled');
    const following = onAbort(request.signal, () => line.close(canceled));
    try {
      const body = await requestBodyPort(request);
      if (request.signal.aborted) throw canceled;
      const asked = {
        method: request.method,
        // What began with two slashes would be another host.
        target: request.url.slice(this.#folder.length - 1).replace(/^\/+/, '/'),
        headers: headerList(request.headers),
        answer: channel.port2,
        ...(body && { body }),
      };
      const answering = line.remote.request(transfer(asked, [channel.port2, ...(body ? [body] : [])]));
      const head = await withTimeout(this.#options.clock, answerMs, 'The page of the lab does not answer', answering);
      const headers = head.headers.map(([name, value]): [string, string] => [name, value]);
      if (!head.hasBody) channel.port1.close();
      // Whether or not the browser cancels the body of an answer that nobody wants any more.
      const sent = head.hasBody ? stream.pipeThrough(new TransformStream(), { signal: request.signal }) : null;
      return new Response(sent, { status: head.status, headers });
    } catch (error) {
      // Tells the page as well, which may still be about to answer.
      await stream.cancel();
      throw error;
    } finally {
      following.dispose();
      line.close(new SandboxError('Canceled', 'The request has been answered'));
    }
  }

  /** Asks all pages; the first that says it has the lab is the one. */
  async #owner(): Promise<Connection<EngineLine>> {
    const { pages, clock } = this.#options;
    const found = createDeferred<Connection<EngineLine>>();
    const asked = (await pages()).map((page) => {
      const { port1, port2 } = new MessageChannel();
      const line = connect<EngineLine>(port1);
      page.postMessage({ kind: 'engine-wanted' }, [port2]);
      line.remote.ready().then(
        () => found.resolve(line),
        () => undefined,
      );
      return line;
    });
    let owner: Connection<EngineLine> | undefined;
    try {
      if (asked.length === 0) throw new SandboxError('Unavailable', 'The page of the lab is not open');
      owner = await withTimeout(
        clock,
        readyMs,
        'No page that has the lab answers: is it open in another tab?',
        found.promise,
      );
      return owner;
    } finally {
      for (const line of asked)
        if (line !== owner) line.close(new SandboxError('Canceled', 'Another page has the lab'));
    }
  }
}

function refusal(status: number, message: string): Response {
  const body: EngineApiError = { message };
  return new Response(`${JSON.stringify(body)}\n`, { status, headers: { 'content-type': 'application/json' } });
}
