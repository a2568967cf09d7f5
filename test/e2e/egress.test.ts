import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { launch, openPage, shellIn, smallVm } from '../support/page-fleet';

const patience = { timeout: 60_000, interval: 500 };

/** What leaves a network, as the browser lets it: set in the page, asked for by a machine. */
describe('egress', { timeout: 300_000 }, () => {
  const outside: Server[] = [];
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Browser;
  let page: Page;

  /** A server of somebody else's; its port. */
  async function serve(allowed: boolean): Promise<number> {
    const made = createServer((_, response) => {
      if (allowed) response.setHeader('Access-Control-Allow-Origin', '*');
      response.end('from outside');
    });
    outside.push(made);
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    return (made.address() as AddressInfo).port;
  }

  let [open, closed, unnamed] = [0, 0, 0];
  beforeAll(async () => {
    [open, closed, unnamed] = [await serve(true), await serve(false), await serve(true)];
    const connect = [open, closed].map((port) => `http://127.0.0.1:${port}`);
    server = await startServer({ site: siteDir, registry: registryDir, headers: { connect } });
    browser = await chromium.launch(chromiumLaunch);
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await openPage(page, server.url);
    await launch(page, { ...smallVm, name: 'web' });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    for (const each of outside) each.close();
  });

  const ask = (port: number): Promise<string> =>
    shellIn(page, 'web', `printf 'GET http://127.0.0.1:${port}/ HTTP/1.0\\r\\n\\r\\n' | nc 10.0.0.1 3128 || true`);

  it('is off, and the view of networks says so', async () => {
    await page.evaluate(() => {
      location.hash = '#/networks';
    });
    await page.getByRole('button', { name: 'Egress: off' }).waitFor();
    expect(await ask(open)).not.toContain('from outside');
  });

  it('is opened to hosts that a person names', async () => {
    await page.getByRole('button', { name: 'Egress: off' }).click();
    const dialog = page.getByRole('dialog', { name: 'What may leave default' });
    await dialog.getByLabel('HTTP to the hosts below, by this page').check();
    await dialog.getByLabel('Hosts, one a line').fill('https://wrong');
    await dialog.getByText('Not a host: "https://wrong"').waitFor();
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await dialog.getByLabel('Hosts, one a line').fill('127.0.0.1');
    await dialog.getByText('http_proxy=http://10.0.0.1:3128').waitFor();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Egress: HTTP by this page, to 1 host' }).waitFor();
    await expect.poll(() => ask(open), patience).toContain('from outside');
  });

  it('says what the browser keeps: an answer without CORS, a host that the page’s policy does not name', async () => {
    const kept = await ask(closed);
    expect(kept).toMatch(/^HTTP\/1\.1 502 /);
    expect(kept).toContain('Access-Control-Allow-Origin is missing');
    const refused = await ask(unnamed);
    expect(refused).toMatch(/^HTTP\/1\.1 403 /);
    expect(refused).toContain('npm start -- --egress');
  });
});
