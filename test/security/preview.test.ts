import { type Browser, chromium, type Frame, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { previewDir, registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { createDeferred } from '../../src/base/deferred';
import { launch, openPage, type StrataPage } from '../support/page-fleet';
import { shellIsKept } from '../support/page-offline';

/** As in test/e2e/preview.test.ts. */
const launchOptions = { ...chromiumLaunch, args: [...chromiumLaunch.args, '--disable-features=Translate'] };
const patience = { timeout: 60_000, interval: 100 };

const guestPage = '<!doctype html><title>Hostile</title><h1>Hostile</h1><iframe id="inner" srcdoc="inner"></iframe>';

/** Starts a unikernel that serves the page, and shows that. */
async function showHostile(page: Page, name: string): Promise<void> {
  const config = { '/www/index.html': guestPage };
  const draft = { kind: 'unikernel', name, image: 'strata/unikernel-httpd:1' } as const;
  const id = await launch(page, { ...draft, args: [], config, memoryMiB: 4, addressing: 'static' });
  await page.evaluate(async (which) => {
    await (globalThis as unknown as StrataPage).strata.lab.publish(which, 80);
    location.hash = `#/machines/${which}/ports`;
  }, id);
}

/** The frame of the pane, once the page is in it. */
async function hostileFrame(page: Page): Promise<Frame> {
  const place = page.frameLocator('strata-preview iframe');
  await place.getByRole('heading', { name: 'Hostile' }).waitFor({ timeout: 60_000 });
  const handle = await page.locator('strata-preview iframe').elementHandle();
  return (await handle?.contentFrame()) as Frame;
}

/** What a guest's page tries to do to the page that shows it, and to the world. */
describe
  .runIf(findProgram('chromium'))
  .each(['an origin of its own', 'no origin', 'no origin and without a network'] as const)(
  'a hostile page of a guest with %s',
  { timeout: 300_000 },
  (way) => {
    const own = way === 'an origin of its own';
    const offline = way === 'no origin and without a network';
    let server: Awaited<ReturnType<typeof startServer>>;
    let browser: Browser;
    let page: Page;
    let frame: Frame;
    const complaints: string[] = [];

    beforeAll(async () => {
      const served = own ? { previewSite: previewDir } : {};
      server = await startServer({ site: siteDir, registry: registryDir, ...served });
      browser = await chromium.launch(launchOptions);
      page = await browser.newPage();
      await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await openPage(page, server.url);
      await showHostile(page, 'first');
      if (offline) {
        await shellIsKept(page);
        await page.context().setOffline(true);
        await page.goto('about:blank');
        await page.goto(server.url);
        await page.waitForFunction(() => 'strata' in globalThis);
        await showHostile(page, 'second');
      }
      frame = await hostileFrame(page);
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    /** What became of it: the name of the error, or what it gave. */
    const attempt = (source: string): Promise<string> =>
      frame.evaluate(
        `(async () => { try { return String(await (${source})); } catch (error) { return error.name; } })()`,
      );

    it('is of another origin than the page', async () => {
      const origin = await attempt('self.origin');
      if (own) expect(origin).toMatch(/^http:\/\/[0-9a-f]+-80\.preview\.localhost:\d+$/);
      else expect(origin).toBe('null');
    });

    it.each([
      ['reads the page', 'parent.document.title', 'SecurityError'],
      ['calls the lab', 'parent.strata.lab.list()', 'SecurityError'],
      [
        'looks for what the page keeps',
        own ? 'Object.keys(localStorage).length' : 'localStorage',
        own ? '0' : 'SecurityError',
      ],
      ['looks for its files', 'caches.keys().then(({ length }) => length)', own ? '0' : 'SecurityError'],
      ['leads the page away', "(top.location = 'http://example.com/', 'led')", 'SecurityError'],
      ['opens a window', "window.open('http://example.com/')", 'null'],
      ['asks the page’s server', "fetch('{app}')", 'TypeError'],
      ['asks the world', "fetch('http://example.com/')", 'TypeError'],
      ['loads a script of the world', "import('http://example.com/x.js')", 'TypeError'],
    ])('%s: refused', async (_, source, outcome) => {
      expect(await attempt(source.replace('{app}', server.url))).toBe(outcome);
      expect(page.url().startsWith(server.url)).toBe(true);
    });

    it('has no dialogs', async () => {
      let shown = 0;
      page.on('dialog', (dialog) => {
        shown += 1;
        void dialog.dismiss();
      });
      await attempt("(alert('mine'), confirm('yours'))");
      expect(shown).toBe(0);
    });

    it('says what it likes to the page, and gets nothing for it', async () => {
      const before = await page.evaluate(() => (globalThis as unknown as StrataPage).strata.lab.list().length);
      const answers = await frame.evaluate(async (url) => {
        let heard = 0;
        addEventListener('message', () => {
          heard += 1;
        });
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          heard += 1;
        };
        const kinds = ['strata-preview', 'strata-preview-port', 'strata-at', 'strata-frame', 'strata-port'];
        for (const kind of kinds) {
          for (const state of ['ready', 'wanted', 'failed']) {
            parent.postMessage({ kind, state, nonce: '', path: 'no path', url, method: 'GET', title: {} }, '*');
          }
        }
        parent.postMessage({ kind: 'strata-at', path: '/<img src=x onerror=alert(1)>', title: '' }, '*', [port2]);
        parent.postMessage(null, '*');
        parent.postMessage({ ['__proto__']: { kind: 'strata-at' }, path: 7 }, '*');
        await new Promise((resolve) => setTimeout(resolve, 500));
        return heard;
      }, server.url);
      expect(answers).toBe(0);
      expect(await page.getByLabel('Path').inputValue()).toBe('/<img src=x onerror=alert(1)>');
      expect(await page.evaluate(() => (globalThis as unknown as StrataPage).strata.lab.list().length)).toBe(before);
      expect(complaints).toEqual([]);
    });

    it.skipIf(own)('finds no origin in the page’s own file either', async () => {
      // It may be gone before it has said what became of it.
      await attempt(`(location.href = '${server.url}index.html')`).catch(() => {});
      // Without a network the file does not come at all.
      await expect
        .poll(() => frame.url(), patience)
        .toBe(offline ? 'chrome-error://chromewebdata/' : `${server.url}index.html`);
      expect(await frame.evaluate('self.origin')).toBe('null');
      await page.getByLabel('Path').fill('/');
      await page.getByRole('button', { name: 'Go', exact: true }).click();
      frame = await hostileFrame(page);
    });

    it.skipIf(offline)('cannot make its frame the page’s own', async () => {
      await attempt(`(location.href = '${server.url}preview-frame.html')`).catch(() => {});
      const origin = async (): Promise<unknown> => {
        const inside = page.frames().find((each) => each.url().endsWith('/preview-frame.html'));
        return inside?.evaluate('self.origin').catch(() => undefined);
      };
      await expect.poll(origin, patience).toBe('null');
    });
  },
);

/** Says in the page around it, if it can, what came after it had asked for content; else where it is when content comes. */
const greedyFrame = `<!doctype html><script>
const heard = [];
addEventListener('message', ({ data }) => {
  heard.push(data.kind ?? data);
  try {
    parent.document.documentElement.dataset.heard = heard.join();
  } catch {
    if (data.kind === 'strata-frame') parent.postMessage({ kind: 'strata-at', path: '/' + self.origin, title: '' }, '*');
  }
});
parent.postMessage({ kind: 'strata-ready' }, '*');
parent.postMessage('asked', '*');
</script><link rel="stylesheet" href="held.css">`;

describe.runIf(findProgram('chromium'))('the frame for pages without an origin', () => {
  it('shows nothing where it has one', async () => {
    const server = await startServer({ site: siteDir, registry: registryDir });
    const browser = await chromium.launch(launchOptions);
    try {
      const page = await browser.newPage();
      // As a static host serves it: without its policy, and so with the origin of the app.
      await page.route('**/preview-frame.html', async (route) => {
        const response = await route.fetch();
        const headers = {
          'content-type': 'text/html',
          'cross-origin-embedder-policy': 'require-corp',
          'document-isolation-policy': 'isolate-and-require-corp',
        };
        await route.fulfill({ response, headers });
      });
      await page.goto(`${server.url}icons/strata.svg`);
      const shown = await page.evaluate(
        () =>
          new Promise<string>((resolve) => {
            const frame = document.createElementNS('http://www.w3.org/1999/xhtml', 'iframe') as HTMLIFrameElement;
            frame.src = '/preview-frame.html';
            frame.onload = () => {
              const { port1, port2 } = new MessageChannel();
              port1.onmessage = () => resolve('asked the port');
              frame.contentWindow?.postMessage({ kind: 'strata-frame', url: 'http://a/', method: 'GET' }, '*', [port2]);
              setTimeout(() => resolve(`nothing in ${frame.contentDocument?.title}`), 500);
            };
            document.documentElement.append(frame);
          }),
      );
      expect(shown).toBe('nothing in Strata: a preview');
    } finally {
      await browser.close();
      await server.close();
    }
  });

  it('gets nothing to show where it has one, and loses that then', async () => {
    const server = await startServer({ site: siteDir, registry: registryDir });
    const browser = await chromium.launch(launchOptions);
    try {
      const page = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
      // Without the policy, and by somebody who wants the port with the page's own origin. Its load takes until that is known.
      const type = { 'content-type': 'text/html', 'cross-origin-embedder-policy': 'require-corp' };
      const headers = { ...type, 'document-isolation-policy': 'isolate-and-require-corp' };
      await page.route('**/preview-frame.html', (route) => route.fulfill({ headers, body: greedyFrame }));
      const told = createDeferred<void>();
      await page.route('**/held.css', async (route) => {
        await told.promise;
        await route.fulfill({ body: '' });
      });
      await openPage(page, server.url);
      await page.evaluate(() => {
        addEventListener('message', ({ source, data }) => {
          if (data === 'asked') (source as Window).postMessage('answered', '*');
        });
      });
      await showHostile(page, 'any');
      const heard = () => page.evaluate(() => document.documentElement.dataset['heard']);
      await expect.poll(heard, patience).toBe('answered');
      told.resolve();
      await expect.poll(() => page.getByLabel('Path').inputValue(), patience).toBe('/null');
      expect(await heard()).toBe('answered');
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
