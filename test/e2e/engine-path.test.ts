import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { openPage } from '../support/page-fleet';

describe('the Docker Engine API below the address of the page', { timeout: 300_000 }, () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let url: string;
  let close: () => Promise<void>;

  beforeAll(async () => {
    browser = await chromium.launch(chromiumLaunch);
    const server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    close = () => server.close();
    url = server.url;
    context = await browser.newContext();
    page = await context.newPage();
    await openPage(page, url);
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    // The worker has the pages that come after it.
    await page.reload();
    await page.waitForFunction('"strata" in globalThis && navigator.serviceWorker.controller !== null');
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await close?.();
  }, 300_000);

  type Asked = { readonly method?: string; readonly body?: string; readonly headers?: Record<string, string> };
  const ask = (path: string, init: Asked = {}) =>
    page.evaluate(
      async ([path, init]) => {
        const answer = await fetch(path, init);
        return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
      },
      [path, init] as const,
    );

  it('is answered by the page that has the lab, by fetch and by the object of the page', async () => {
    expect(await ask('engine/_ping')).toMatchObject({ status: 200, text: 'OK' });
    const body = JSON.stringify({ Name: 'below' });
    const headers = { 'content-type': 'application/json' };
    expect((await ask('engine/v1.47/volumes/create', { method: 'POST', headers, body })).status).toBe(201);
    const listed = await page.evaluate(async () => {
      const { strata } = globalThis as unknown as { strata: { engine: { fetch: typeof fetch } } };
      return (await strata.engine.fetch(new Request('http://engine/v1.47/volumes'))).json();
    });
    expect(listed).toMatchObject({ Volumes: [{ Name: 'below' }] });
    expect(await ask('engine/v1.47/containers/none/json')).toEqual({
      status: 404,
      type: 'application/json',
      text: '{"message":"No such container: none"}\n',
    });
    expect((await ask('engine/v1.47/volumes/below', { method: 'DELETE' })).status).toBe(204);
  });

  it('streams, and is hung up', async () => {
    const first = await page.evaluate(async () => {
      const canceled = new AbortController();
      const events = await fetch('engine/v1.47/events?filters={"type":["volume"]}', { signal: canceled.signal });
      const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
      await fetch('engine/v1.47/volumes/create', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"Name":"told"}',
      });
      const line = (await reader?.read())?.value ?? '';
      canceled.abort();
      return JSON.parse(line);
    });
    expect(first).toMatchObject({ Type: 'volume', Action: 'create', Actor: { ID: 'told' } });
  });

  it('is not for what other sites can make a browser ask', async () => {
    const other = await context.newPage();
    const answer = await other.goto(`${url}engine/v1.47/containers/json`);
    expect(answer?.status()).toBe(403);
    await other.close();
    const framed = await page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          const frame = document.createElement('iframe');
          frame.src = 'engine/v1.47/containers/json';
          frame.onload = () => resolve(frame.contentDocument?.body.textContent ?? 'nothing to be seen');
          document.body.append(frame);
        }),
    );
    expect(framed).not.toContain('[');
  });

  it('answers in every tab of the page, by the one that has the lab', async () => {
    const other = await context.newPage();
    await other.goto(url);
    await other.waitForFunction('navigator.serviceWorker.controller !== null');
    const answer = other.evaluate(async () => (await fetch('engine/v1.47/volumes')).json());
    expect(await answer).toMatchObject({ Volumes: [{ Name: 'told' }] });
    await other.close();
  });
});
