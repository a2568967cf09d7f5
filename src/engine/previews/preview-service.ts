import type { PreviewAnswer, PreviewApi, PreviewHeaders, PreviewRequest } from '../../api/preview';
import { concatBytes } from '../../base/bytes';
import { type SandboxError, toSandboxError } from '../../base/errors';
import type { HttpRequest, HttpResponse } from '../../network/gateway/http-channel';
import type { HttpClient } from '../../network/gateway/http-client';
import { readableFromPort, writableToPort } from '../../rpc/byte-stream';
import type { CookieJar } from './cookie-jar';
import { decodeBody } from './decode-body';
import { injectMarkup } from './inject-markup';
import {
  escapeHtml,
  type Failure,
  failureOf,
  failurePage,
  goneFailure,
  offFailure,
  outsideFailure,
  type PreviewWords,
} from './preview-failure';
import { answerHeaders, isHtml, ownHeaders, previewPolicy, requestHeaders } from './preview-headers';
import type { PreviewStation } from './preview-station';
import { findTarget, hostOf, type PreviewPlace, type PreviewTarget } from './preview-target';
import { relayWebSocket } from './web-socket-relay';

/** What the previews of all ports have in common. */
export interface PreviewHome {
  readonly words: PreviewWords;
  instances(): readonly PreviewStation[];
  /** HTTP to a port of a station, over connections that all previews share. */
  client(target: PreviewTarget): HttpClient;
  /** The same over connections of its own, for what lasts. */
  ownClient(target: PreviewTarget): HttpClient;
  jar(instance: string): CookieJar;
  randomBytes(count: number): Uint8Array;
}

export interface PreviewOptions {
  readonly instance: string;
  readonly port: number;
  /** What stands for the port in the browser, without a slash at its end. */
  readonly origin: string;
  /** Origins whose pages may frame it. */
  readonly embedders: readonly string[];
  /** The address of the script that pages get; none where pages get it otherwise. */
  readonly script?: string;
}

/** A body that ends before this many bytes is sent with its length: small servers know no chunks. */
const measuredBytes = 1024 * 1024;

/** What is shown in place of a page; anything else that fails is told in a line. */
const pages: ReadonlySet<string> = new Set(['document', 'iframe', 'frame']);

/** Statuses without a body (Fetch, "null body status"). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** Answers for one published port what its pages ask. Every answer is one: what goes wrong is told in it. */
export class PreviewService implements PreviewApi {
  readonly #home: PreviewHome;
  readonly #options: PreviewOptions;

  constructor(home: PreviewHome, options: PreviewOptions) {
    this.#home = home;
    this.#options = options;
  }

  async request(request: PreviewRequest): Promise<PreviewAnswer> {
    const instance = this.#instance();
    if (!instance) return this.#fail(request, goneFailure(this.#home.words));
    const place = { instance, port: this.#options.port, origin: this.#options.origin };
    const url = new URL(request.url);
    const target = findTarget(url, place, this.#home.instances());
    if (!target) return this.#fail(request, outsideFailure(url.host, this.#home.words));
    const { phase } = target.instance.state;
    if (phase !== 'running') return this.#fail(request, offFailure(target.instance.name, phase, this.#home.words));
    try {
      return await this.#exchange(request, target, place);
    } catch (error) {
      return this.#fail(request, this.#failure(toSandboxError(error), target));
    }
  }

  async openSocket(address: string, protocols: readonly string[], port: MessagePort): Promise<void> {
    const { instance, url, target, place } = this.#resolve(address);
    if (!instance || !target || !place) {
      const why = this.#home.words.outside(url.host);
      port.postMessage({ closed: { code: 1006, reason: '', failed: why } });
      port.close();
      return;
    }
    const texts = { method: 'GET', referrer: `${place.origin}/`, cookie: this.#cookie(target) };
    const headers: PreviewHeaders = [
      ...requestHeaders([], target, place, texts),
      ['Origin', `http://${hostOf(instance.name, place.port)}`],
    ];
    const { randomBytes } = this.#home;
    const client = this.#home.ownClient(target);
    void relayWebSocket({ client, target: target.path, headers, protocols, randomBytes }, port);
  }

  async cookies(address: string): Promise<string> {
    const { instance, url } = this.#resolve(address);
    return instance ? this.#home.jar(instance.id).visible(url.pathname) : '';
  }

  async setCookie(address: string, text: string): Promise<void> {
    const { instance, url } = this.#resolve(address);
    if (instance) this.#home.jar(instance.id).set(text, url.pathname, true);
  }

  #instance(): PreviewStation | undefined {
    return this.#home.instances().find(({ id }) => id === this.#options.instance);
  }

  #resolve(address: string) {
    const instance = this.#instance();
    const url = new URL(address);
    const place = instance && { instance, port: this.#options.port, origin: this.#options.origin };
    return { instance, url, place, target: place && findTarget(url, place, this.#home.instances()) };
  }

  /** Only the instance's own pages have its cookies; they share them over its ports. */
  #cookie({ instance, path }: PreviewTarget): string {
    return instance.id === this.#options.instance ? this.#home.jar(instance.id).header(pathOf(path)) : '';
  }

  async #exchange(request: PreviewRequest, target: PreviewTarget, place: PreviewPlace): Promise<PreviewAnswer> {
    const canceled = new AbortController();
    const sink = writableToPort(request.answer, never());
    const watch = sink.getWriter();
    let handedOn = false;
    // Who asked does not want it any more; later that is told by the streams themselves.
    watch.closed.catch(() => {
      if (!handedOn) canceled.abort();
    });
    const response = await this.#home
      .client(target)
      .request(await this.#outgoing(request, target, place), canceled.signal);
    const cookiesChanged = this.#takeCookies(response, target);
    const { body, headers } = decodeBody(response.headers, response.body);
    const { status, reason } = response;
    const answer = {
      status,
      reason,
      cookiesChanged,
      headers: answerHeaders(headers, target, place, this.#policy(place)),
    };
    handedOn = true;
    watch.releaseLock();
    if (request.method === 'HEAD' || bodiless.has(status)) {
      await body.cancel();
      request.answer.close();
      return { ...answer, hasBody: false };
    }
    const { script } = this.#options;
    const injects = script !== undefined && pages.has(request.destination) && isHtml(headers);
    const shown = injects ? body.pipeThrough(injectMarkup(this.#tag(script, target))) : body;
    // What ends it is told by the streams at its ends.
    shown.pipeTo(sink).catch(() => {});
    return { ...answer, headers: injects ? withoutLength(answer.headers) : answer.headers, hasBody: true };
  }

  async #outgoing(request: PreviewRequest, target: PreviewTarget, place: PreviewPlace): Promise<HttpRequest> {
    const { method, referrer } = request;
    const body = request.body && (await measured(readableFromPort(request.body, never())));
    const texts = {
      method,
      referrer,
      cookie: this.#cookie(target),
      ...(body?.length !== undefined && { length: body.length }),
    };
    const headers = requestHeaders(request.headers, target, place, texts);
    return { method, target: target.path, headers, ...(body && { body: body.stream }) };
  }

  #takeCookies({ headers }: HttpResponse, { instance, path }: PreviewTarget): boolean {
    if (instance.id !== this.#options.instance) return false;
    const jar = this.#home.jar(instance.id);
    const set = headers.filter(([name]) => name.toLowerCase() === 'set-cookie');
    return set.filter(([, value]) => jar.set(value, pathOf(path))).length > 0;
  }

  #policy(place: PreviewPlace): string {
    return previewPolicy(place, { embedders: this.#options.embedders, instances: this.#home.instances() });
  }

  /** The script is told the cookies with its tag: a page may ask for them before anything else. */
  #tag(script: string, target: PreviewTarget): string {
    const cookies = this.#home.jar(target.instance.id).visible(pathOf(target.path));
    const names = [target.host, hostOf(target.nic.address, target.port)].join(' ');
    return `<script src="${script}" data-hosts="${escapeHtml(names)}" data-cookies="${escapeHtml(cookies)}"></script>`;
  }

  #failure(error: SandboxError, { instance, port, host }: PreviewTarget): Failure {
    return failureOf(error, instance.name === '' ? host : instance.name, port, this.#home.words);
  }

  #fail(request: PreviewRequest, failure: Failure): PreviewAnswer {
    const instance = this.#instance();
    const place = instance && { instance, port: this.#options.port, origin: this.#options.origin };
    const page = pages.has(request.destination);
    const text = page ? failurePage(failure) : `${failure.message}\n`;
    const hasBody = request.method !== 'HEAD';
    if (hasBody) void writeAll(request.answer, new TextEncoder().encode(text));
    else request.answer.close();
    const policy = "default-src 'none'; style-src 'unsafe-inline'";
    const headers: PreviewHeaders = [
      ['Content-Type', `text/${page ? 'html' : 'plain'}; charset=utf-8`],
      ['X-Strata-Error', failure.code],
      ['Cache-Control', 'no-store'],
      ...ownHeaders(place ? `${policy}; ${frameAncestors(this.#policy(place))}` : policy),
    ];
    return { status: failure.status, reason: failure.heading, headers, hasBody, cookiesChanged: false };
  }
}

function frameAncestors(policy: string): string {
  return policy.split('; ').find((directive) => directive.startsWith('frame-ancestors')) ?? '';
}

/** Streams to the browser end by their own ports. */
function never(): AbortSignal {
  return new AbortController().signal;
}

function pathOf(target: string): string {
  return target.split('?')[0] ?? '/';
}

/** What is inserted makes a page longer than its server said. */
function withoutLength(headers: PreviewHeaders): PreviewHeaders {
  return headers.filter(([name]) => name.toLowerCase() !== 'content-length');
}

async function writeAll(port: MessagePort, bytes: Uint8Array): Promise<void> {
  const writer = writableToPort(port, never()).getWriter();
  try {
    await writer.write(bytes);
    await writer.close();
  } catch {
    // Nobody reads it any more.
  }
}

/** The body, with its length when it ends soon. */
async function measured(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const reader = stream.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  let ended = false;
  while (!ended && bytes < measuredBytes) {
    const { done, value } = await reader.read();
    ended = done;
    if (value) parts.push(value);
    bytes += value?.length ?? 0;
  }
  const head = concatBytes(parts);
  if (ended) return { length: bytes, stream: streamOfBytes(head) };
  return { length: undefined, stream: resumed(head, reader) };
}

function streamOfBytes(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

function resumed(
  head: Uint8Array<ArrayBuffer>,
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      start: (controller) => controller.enqueue(head),
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
