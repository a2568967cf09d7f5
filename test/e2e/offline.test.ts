import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { portText } from '../../src/ui/text/ports';
import { launch, openPage, recordsOf, runInGuest, smallVm } from '../support/page-fleet';
import { solveInPage } from '../support/page-lesson';
import { keepOffline, machines, offlineLine, shellIsKept } from '../support/page-offline';
import { dropFile } from '../support/page-screen';
import { previewSite } from '../support/preview-guest';
import { talker } from '../support/wasix-programs';

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunch);
});
afterAll(() => browser?.close());

/** A machine serves a page, which is shown in the pane of its port. */
async function showsGuestsPage(page: Page, id: string): Promise<void> {
  await runInGuest(page, id, previewSite);
  await page.evaluate(`strata.lab.publish('${id}', 80)`);
  await page.evaluate(`location.hash = '#/machines/${id}/ports'`);
  const guest = page.frameLocator('strata-preview iframe');
  await guest.getByRole('heading', { name: 'Hello from a guest' }).waitFor({ timeout: 60_000 });
  await guest.getByText('script ran').waitFor();
  await guest.locator('#link').click();
  await guest.getByRole('heading', { name: 'A page below' }).waitFor({ timeout: 60_000 });
  expect(await guest.locator('h1').evaluate(() => self.origin)).toBe('null');
  await page.getByText(portText.preview.why(portText.preview.noConfig)).waitFor();
}

describe('the page without a network', { timeout: 300_000 }, () => {
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];
  let close: () => Promise<void>;

  beforeAll(async () => {
    const server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    close = () => server.close();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    await openPage(page, server.url);
    // Nothing is started: what a first machine needs comes by itself.
    await page.waitForFunction(() => localStorage.getItem('strata.first-machine') === 'kept');
    await shellIsKept(page);
    await close();
    close = async () => {};
    await page.reload();
    await page.waitForFunction('"strata" in globalThis');
  });
  afterAll(async () => {
    await context?.close();
    await close?.();
  });

  it('starts a machine after one visit', async () => {
    const id = await launch(page, smallVm);
    expect(await runInGuest(page, id, 'echo $((6 * 7))')).toBe('42\n');
  });

  it('shows what a guest serves', async () => {
    await showsGuestsPage(page, await launch(page, smallVm));
    expect(complaints).toEqual([]);
  });

  it('says what a program of WASIX lacks, which is fetched by the first of them', async () => {
    await dropFile(page, 'talker.wasm', talker);
    const dialog = page.getByRole('dialog', { name: 'New app' });
    await dialog.getByText('run by Wasmer, with an address on the network').waitFor();
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await page.getByText('Start the program once with a network').first().waitFor();
    expect((await recordsOf(page)).find(({ name }) => name === 'talker-1')?.state.phase).toBe('failed');
  });

  it('has every view and every dialog of the page', async () => {
    for (const [name, heading] of [
      ['Machines', 'Machines'],
      ['Networks', 'Networks'],
      ['Snapshots', 'Snapshots'],
      ['Images', 'Images'],
    ] as const) {
      await page.getByRole('navigation', { name: 'Strata' }).getByRole('link', { name }).click();
      await page.locator('main').getByRole('heading', { name: heading, level: 2 }).waitFor();
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByRole('heading', { level: 2 }).waitFor();
    await page.keyboard.press('Escape');
    expect(complaints).toEqual([]);
  });

  it('can be installed: a manifest with a name, a start and pictures that are there', async () => {
    const manifest = JSON.parse(readFileSync(join(siteDir, 'manifest.webmanifest'), 'utf8')) as {
      name: string;
      start_url: string;
      display: string;
      icons: { src: string; sizes: string }[];
    };
    expect(manifest).toMatchObject({ name: 'Strata', start_url: './', display: 'standalone' });
    const sizes = await page.evaluate(
      (icons) =>
        Promise.all(
          icons.map(async ({ src }) => {
            const { width, height } = await createImageBitmap(await (await fetch(src)).blob());
            return `${width}x${height}`;
          }),
        ),
      manifest.icons.filter(({ src }) => src.endsWith('.png')),
    );
    expect(sizes).toEqual(manifest.icons.filter(({ src }) => src.endsWith('.png')).map((icon) => icon.sizes));
    const cdp = await context.newCDPSession(page);
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
    // Nothing else: a context of tests is an incognito window, where no page can be installed.
    expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([]);
    await cdp.detach();
  });
});

it('loses its network in its first visit, and its views come all the same', { timeout: 120_000 }, async () => {
  const server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await context.setOffline(true);
    await page.evaluate("location.hash = '#/lessons'");
    await page.locator('strata-lessons-view').getByRole('listitem').first().waitFor();
    await page.evaluate("location.hash = '#/lab'");
    await page.locator('strata-lab-view').getByRole('heading', { level: 2 }).waitFor();
  } finally {
    await context.close();
    await server.close();
  }
});

describe('what a person makes available offline', { timeout: 600_000 }, () => {
  let context: BrowserContext;
  let page: Page;
  let close: () => Promise<void>;
  const view = () => page.locator('strata-images-view');

  beforeAll(async () => {
    const server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    close = () => server.close();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    await openPage(page, `${server.url}#/images`);
  });
  afterAll(async () => {
    await context?.close();
    await close?.();
  });

  it('is told with its size, and comes and goes', async () => {
    const line = offlineLine(page, 'strata/unikernel-kv:1');
    await line.getByText(/^Unikernel, \d+ kB$/).waitFor();
    await keepOffline(page, ['strata/unikernel-kv:1']);
    await line.getByRole('button', { name: 'Remove strata/unikernel-kv:1' }).click();
    await line.getByRole('button', { name: 'Make available offline: strata/unikernel-kv:1' }).waitFor();
    await page.evaluate(axe.source);
    expect(
      await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes[0].html))'),
    ).toEqual([]);
  });

  it('is enough for the first lesson, from a cold page without a network', async () => {
    await keepOffline(page, [machines, 'strata/unikernel-httpd:1', 'busybox:latest']);
    await view()
      .getByRole('row', { name: /busybox:latest/ })
      .waitFor();
    await shellIsKept(page);
    await close();
    close = async () => {};
    await page.reload();
    await page.waitForFunction('"strata" in globalThis');
    await solveInPage(page, '01-cloud');
  });
});

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
};

/** The plainest of hosts: files below a folder, and no header but their type. */
async function plainHost(folder: string, under: string): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://host').pathname);
    const file = path.endsWith('/') ? `${path}index.html` : path;
    try {
      if (!file.startsWith(under)) throw new Error('Not below the folder');
      const bytes = readFileSync(join(folder, file.slice(under.length)));
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${under}`, server };
}

describe('the built folder on a host that sets no headers', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-site-'));
  const complaints: string[] = [];
  let context: BrowserContext;
  let page: Page;
  let host: Awaited<ReturnType<typeof plainHost>>;

  beforeAll(async () => {
    cpSync(siteDir, folder, { recursive: true });
    host = await plainHost(folder, '/courses/cloud/');
    context = await browser.newContext();
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    await openPage(page, host.url);
  });
  afterAll(async () => {
    await context?.close();
    host?.server.close();
    host?.server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  it('works at the first visit, and is isolated from the second on, with the whole policy', async () => {
    expect(await page.evaluate('crossOriginIsolated')).toBe(false);
    const first = await launch(page, smallVm);
    expect(await runInGuest(page, first, 'echo one')).toBe('one\n');
    await showsGuestsPage(page, first);
    await shellIsKept(page);
    const answer = await page.reload();
    expect(answer?.headers()['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval'");
    await page.waitForFunction('"strata" in globalThis');
    expect(await page.evaluate('crossOriginIsolated')).toBe(true);
    const second = await launch(page, smallVm);
    expect(await runInGuest(page, second, 'echo two')).toBe('two\n');
    await showsGuestsPage(page, second);
    expect(complaints).toEqual([]);
  });

  it('tells of a new version, reloads nothing by itself, and begins it when asked, with the machines that ran', async () => {
    const id = await launch(page, smallVm);
    await runInGuest(page, id, 'echo kept > /tmp/file');
    deploy(folder);
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    const notice = page.getByRole('region', { name: 'New version' });
    await notice.waitFor();
    expect(await page.locator(later).count()).toBe(0);
    expect(await runInGuest(page, id, 'cat /tmp/file')).toBe('kept\n');
    await Promise.all([page.waitForEvent('load'), notice.getByRole('button', { name: 'Begin now' }).click()]);
    await page.waitForFunction('"strata" in globalThis');
    expect(await page.locator(later).count()).toBe(1);
    await expect
      .poll(() => page.evaluate(`strata.lab.list().find((record) => record.id === '${id}')?.state.phase`), {
        timeout: 60_000,
      })
      .toBe('running');
    expect(await runInGuest(page, id, 'cat /tmp/file')).toBe('kept\n');
    expect(complaints).toEqual([]);
  });
});

/** In the head of the version that comes later. */
const later = 'meta[name="generator"][content="later"]';

/** Puts another version of the page on the host, and the worker that names it. */
function deploy(folder: string): void {
  const index = readFileSync(join(folder, 'index.html'), 'utf8');
  const changed = index.replace('<title>', '<meta name="generator" content="later" /><title>');
  expect(changed).not.toBe(index);
  writeFileSync(join(folder, 'index.html'), changed);
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const worker = readFileSync(join(folder, 'service-worker.js'), 'utf8');
  const renamed = worker.replace(md5(index), md5(changed));
  expect(renamed).not.toBe(worker);
  writeFileSync(join(folder, 'service-worker.js'), renamed);
}
