import { type Browser, type BrowserContext, chromium, type Frame, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { previewDir, registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { launch, openPage, type StrataPage, shellIn, smallVm } from '../support/page-fleet';
import { previewSite } from '../support/preview-guest';

/** As in preview.test.ts. */
const launchOptions = { ...chromiumLaunch, args: [...chromiumLaunch.args, '--disable-features=Translate'] };

const patience = { timeout: 60_000, interval: 100 };
const image = 'strata/unikernel-httpd:1';

/** What a preview origin gives beyond pages: sockets, cookies of scripts, tabs, and a life of its own. */
describe('the origin of a preview', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    server = await startServer({
      site: siteDir,
      registry: registryDir,
      previewSite: previewDir,
      host: '127.0.0.1',
      port: 0,
    });
    browser = await chromium.launch(launchOptions);
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.addInitScript({ content: 'globalThis.__name = (named) => named' });
    page = await context.newPage();
    await openPage(page, server.url);
    ids.set('web', await launch(page, { ...smallVm, name: 'web' }));
    await shellIn(page, 'web', previewSite);
    const draft = { kind: 'unikernel', image, args: [], memoryMiB: 4, addressing: 'static' } as const;
    for (const name of ['one', 'two']) {
      const config = {
        '/www/index.html': `<!doctype html><title>${name}</title><h1>${name}</h1>`,
        '/www/data.txt': name,
      };
      ids.set(name, await launch(page, { ...draft, name, config }));
    }
    for (const id of ids.values()) {
      await page.evaluate((which) => (globalThis as unknown as StrataPage).strata.lab.publish(which, 80), id);
    }
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const originOf = (name: string): string => server.previews!.replace('{name}', `${ids.get(name)}-80`);

  /** Shows a port; the guest's page, once it is there. */
  async function show(name: string, path = '/', of = page): Promise<Frame> {
    await of.evaluate(
      (hash) => {
        location.hash = hash;
      },
      `#/machines/${ids.get(name)}/ports`,
    );
    await of.getByRole('button', { name: 'Go', exact: true }).waitFor();
    await of.getByLabel('Path').fill(path);
    await of.getByRole('button', { name: 'Go', exact: true }).click();
    return frameAt(`${originOf(name)}${path}`, of);
  }

  async function frameAt(url: string, of = page): Promise<Frame> {
    let found: Frame | undefined;
    await expect
      .poll(async () => {
        found = of.frames().find((frame) => frame.url() === url);
        return (await found?.evaluate(() => document.readyState).catch(() => '')) ?? '';
      }, patience)
      .toBe('complete');
    return found as Frame;
  }

  it('has WebSockets, in both directions', async () => {
    const frame = await show('web');
    const said = await frame.evaluate(
      () =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket('ws://web:7000/chat');
          socket.onmessage = ({ data }) => {
            socket.send('to guest');
            resolve(String(data));
          };
          socket.onclose = ({ code }) => resolve(`closed with ${code}`);
        }),
    );
    expect(said).toBe('from guest');
    const wire = async (): Promise<string> => {
      const hex = await shellIn(page, 'web', `hexdump -v -e '1/1 "%02x"' /tmp/socket.bin`);
      const bytes = Buffer.from(hex, 'hex');
      return bytes
        .subarray(6)
        .map((byte, index) => byte ^ (bytes[2 + (index % 4)] ?? 0))
        .toString();
    };
    await expect.poll(wire, patience).toBe('to guest');
  });

  it('says of a WebSocket that nobody takes that it failed', async () => {
    const frame = await show('web');
    const events = await frame.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const seen: string[] = [];
          const socket = new WebSocket('/nobody');
          socket.onerror = () => seen.push('error');
          socket.onclose = ({ code, wasClean }) => resolve([...seen, `${code} ${wasClean}`]);
        }),
    );
    expect(events).toEqual(['error', '1006 false']);
  });

  it('gives scripts the cookies of their instance, and servers those of scripts', async () => {
    const frame = await show('web');
    await frame.evaluate("document.cookie = 'script=1; path=/'");
    expect(await frame.evaluate(() => document.cookie)).toContain('script=1');
    expect(await frame.evaluate(async () => (await fetch('/cgi-bin/cookie')).text())).toContain('script=1');
    await frame.evaluate(() => fetch('/cgi-bin/moved'));
    await expect.poll(() => frame.evaluate(() => document.cookie), patience).toBe('script=1; visits=1');
    const other = await show('one');
    expect(await other.evaluate(() => document.cookie)).toBe('');
  });

  it('keeps what pages store apart from other ports’', async () => {
    const one = await show('one');
    await one.evaluate(() => localStorage.setItem('mine', 'one'));
    const two = await show('two');
    expect(await two.evaluate(() => localStorage.getItem('mine'))).toBeNull();
    const again = await show('one');
    expect(await again.evaluate(() => localStorage.getItem('mine'))).toBe('one');
  });

  it('reaches neighbours of the instance by name, and nobody else', async () => {
    const one = await show('one');
    expect(await one.evaluate(async () => (await fetch('http://two/data.txt')).text())).toBe('two');
    const outside = (url: string): Promise<string> =>
      one.evaluate(
        (address) =>
          fetch(address).then(
            ({ status }) => `answered ${status}`,
            () => 'refused',
          ),
        url,
      );
    expect(await outside('http://example.com/')).toBe('refused');
    expect(await outside(server.url)).toBe('refused');
  });

  it('takes two hundred requests at once', async () => {
    const one = await show('one');
    const right = await one.evaluate(async () => {
      const texts = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => (await fetch(`/data.txt?${index}`)).text()),
      );
      return texts.filter((text) => text === 'one').length;
    });
    expect(right).toBe(200);
  });

  it('stays usable while a guest never ends one answer and never goes on with another', async () => {
    const frame = await show('web');
    await frame.evaluate(() => {
      void fetch('/cgi-bin/slow').then((response) => response.text());
      void fetch('/cgi-bin/endless').then((response) => response.body?.getReader().read());
    });
    expect(await frame.evaluate(async () => (await fetch('/style.css')).text())).toContain('color');
    const began = Date.now();
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(Date.now() - began).toBeLessThan(20_000);
  });

  it('opens in a tab of its own, which asks the lab too', async () => {
    await show('one');
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      page.getByRole('button', { name: 'Open in a tab of its own' }).click(),
    ]);
    const frame = await frameAt(`${originOf('one')}/`, tab);
    expect(await frame.locator('h1').innerText()).toBe('one');
    expect(new URL(tab.url()).origin).toBe(new URL(server.url).origin);
    await tab.close();
  });

  it('says in its own tab that it cannot be found when the server does not tell where', async () => {
    // Somebody's first visit: the service worker keeps what the server said last.
    const visit = await browser.newContext();
    const tab = await visit.newPage();
    const complaints: string[] = [];
    tab.on('pageerror', (error) => complaints.push(String(error)));
    await tab.route('**/preview.json', (route) => route.abort());
    await tab.goto(`${server.url}preview-tab.html#${originOf('one')}/`);
    await tab.getByText('This tab could not read where previews are shown').waitFor();
    expect(complaints).toEqual([]);
    await visit.close();
  });

  it('goes on when the browser has ended its service worker', async () => {
    const frame = await show('one');
    const cdp = await context.newCDPSession(page);
    await cdp.send('ServiceWorker.enable');
    await cdp.send('ServiceWorker.stopAllWorkers');
    expect(await frame.evaluate(async () => (await fetch('/data.txt?again')).text())).toBe('one');
    await cdp.detach();
  });

  it('is spoken to by hand', async () => {
    await show('one');
    await page.getByRole('button', { name: 'Connect by TCP' }).click();
    await page.getByRole('tab', { name: 'one tcp 80' }).waitFor();
    const screen = async (): Promise<string> => (await page.locator('.xterm-rows > div').allTextContents()).join('\n');
    await expect.poll(screen, patience).toContain('Connected to port 80');
    await page.locator('strata-terminal:visible .xterm-helper-textarea').last().focus();
    await page.keyboard.type('GET /data.txt HTTP/1.0\n\n');
    await expect.poll(screen, patience).toContain('200 OK');
  });

  it('says so when the lab’s page is gone', async () => {
    await show('two');
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      page.getByRole('button', { name: 'Open in a tab of its own' }).click(),
    ]);
    await frameAt(`${originOf('two')}/`, tab);
    await page.close();
    await tab.reload();
    await tab.frameLocator('strata-preview iframe').getByText('The lab is not here').waitFor({ timeout: 60_000 });
  });
});
