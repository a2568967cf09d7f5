import { afterEach, describe, expect, it } from 'vitest';
import type { EngineApi } from '../api/engine-api';
import { createDeferred } from '../base/deferred';
import { FakeClock } from '../base/fake-clock';
import { connect, expose, transfer } from '../rpc/control';
import { serveEngineLine } from './engine-line';
import { type EnginePage, EnginePath } from './engine-path';
import type { EngineLine } from './messages';

const url = 'https://strata.example/lab/engine/v1.47/events';
const opened: MessagePort[] = [];

afterEach(() => {
  for (const port of opened.splice(0)) port.close();
});

/** A page that does so when it is asked who has the lab. */
function page(serve: (port: MessagePort) => void): EnginePage {
  return {
    postMessage(_, [port]) {
      if (!port) return;
      opened.push(port);
      serve(port);
    },
  };
}

function open(...pages: EnginePage[]) {
  const clock = new FakeClock();
  const path = new EnginePath({ scope: 'https://strata.example/lab/', pages: async () => pages, clock });
  const ask = (request: Request): Promise<Response> => {
    const answer = path.answer(request);
    if (!answer) throw new Error(`It is none of its requests: ${request.url}`);
    return answer;
  };
  return { clock, path, ask };
}

/** A page that has the lab, with such an engine. */
const owner = (api: EngineApi): EnginePage => page((port) => serveEngineLine(api, port));
/** A page that has not does not answer. */
const other = page(() => undefined);

const isClosed = (port: MessagePort): Promise<void> =>
  new Promise((resolve) => port.addEventListener('close', () => resolve()));

describe('the Docker Engine API below the address of the page', () => {
  it('is what begins with its folder, and is answered by the page that has the lab', async () => {
    const api: EngineApi = {
      fetch: async (request) =>
        Response.json({ method: request.method, url: request.url, body: await request.text() }, { status: 201 }),
    };
    const { path, ask, clock } = open(other, owner(api), other);
    expect(path.answer(new Request('https://strata.example/lab/index.html'))).toBeUndefined();
    const answer = await ask(new Request(`${url}?all=1`, { method: 'POST', body: 'given' }));
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({ method: 'POST', url: 'http://engine/v1.47/events?all=1', body: 'given' });
    expect(clock.pending).toBe(0);
  });

  it('is the engine’s, however many slashes stand before it', async () => {
    const { ask } = open(owner({ fetch: async ({ url }) => new Response(url) }));
    const answer = await ask(new Request('https://strata.example/lab/engine//other.example/_ping'));
    expect(await answer.text()).toBe('http://engine/other.example/_ping');
  });

  it('has answers without a body', async () => {
    const { ask } = open(owner({ fetch: async () => new Response(null, { status: 204 }) }));
    const answer = await ask(new Request(url));
    expect([answer.status, answer.body]).toEqual([204, null]);
  });

  it('says so where no page has the lab', async () => {
    expect(await (await open().ask(new Request(url))).json()).toEqual({ message: 'The page of the lab is not open' });
    const { clock, ask } = open(other);
    const asking = ask(new Request(url));
    await clock.advance(5000);
    const answer = await asking;
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      message: 'No page that has the lab answers: is it open in another tab?',
    });
  });

  it('hears of a request that is canceled before there is an answer, and gives up what comes after all', async () => {
    const asked = createDeferred<AbortSignal>();
    const late = createDeferred<Response>();
    const { clock, ask } = open(
      owner({
        fetch: ({ signal }) => {
          asked.resolve(signal);
          return late.promise;
        },
      }),
    );
    const canceled = new AbortController();
    const asking = ask(new Request(url, { signal: canceled.signal }));
    const signal = await asked.promise;
    const hungUp = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    canceled.abort();
    expect(await (await asking).json()).toEqual({ message: 'The request was canceled' });
    await hungUp;
    const givenUp = createDeferred<void>();
    late.resolve(new Response(new ReadableStream({ cancel: () => givenUp.resolve() })));
    await givenUp.promise;
    expect(clock.pending).toBe(0);
  });

  it('hears of one that is canceled in the middle of its answer', async () => {
    const hungUp = createDeferred<void>();
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('first')),
      cancel: () => hungUp.resolve(),
    });
    const { ask } = open(owner({ fetch: async () => new Response(endless) }));
    const canceled = new AbortController();
    const answer = await ask(new Request(url, { signal: canceled.signal }));
    const reader = answer.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first');
    const ending = reader?.read();
    canceled.abort();
    await expect(ending).rejects.toThrow();
    await hungUp.promise;
  });

  it('does not ask the page for what was canceled before', async () => {
    let requests = 0;
    const { ask } = open(
      owner({
        fetch: async () => {
          requests += 1;
          return new Response();
        },
      }),
    );
    const answer = await ask(new Request(url, { signal: AbortSignal.abort() }));
    expect([answer.status, requests]).toEqual([503, 0]);
  });

  it.each([
    ['fails', 'torn', 0, async () => Promise.reject(new Error('torn'))],
    ['takes too long', 'The page of the lab does not answer', 10 * 60_000, () => createDeferred<never>().promise],
  ])('closes the answer’s port when the page %s', async (_, message, ms, outcome: () => Promise<never>) => {
    const asked = createDeferred<MessagePort>();
    const line: EngineLine = {
      ready: async () => undefined,
      request: ({ answer }) => {
        asked.resolve(answer);
        return outcome();
      },
    };
    const { clock, ask } = open(page((port) => expose(line, port)));
    const asking = ask(new Request(url));
    const port = await asked.promise;
    const closed = isClosed(port);
    port.start();
    await clock.advance(ms);
    expect(await (await asking).json()).toEqual({ message });
    await closed;
  });
});

describe('the page’s end of it', () => {
  it('closes the answer’s port when a request is none', async () => {
    const line = new MessageChannel();
    opened.push(line.port1, line.port2);
    serveEngineLine({ fetch: async () => new Response() }, line.port2);
    const answer = new MessageChannel();
    const closed = isClosed(answer.port1);
    answer.port1.start();
    const asked = { method: 'TRACE', target: '/_ping', headers: [], answer: answer.port2 };
    const { remote } = connect<EngineLine>(line.port1);
    await expect(remote.request(transfer(asked, [answer.port2]))).rejects.toThrow('TRACE');
    await closed;
  });
});
