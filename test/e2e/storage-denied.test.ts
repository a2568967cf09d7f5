import { type Browser, chromium, type Frame, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { openForeignFrame } from '../support/foreign-frame';
import type { StrataPage } from '../support/page-fleet';
import { openStoreLab } from '../support/store-lab';
import type { StorePage } from '../support/store-page/store-page';

describe('where the browser denies storage', () => {
  let browser: Browser;
  const ends: (() => unknown)[] = [];
  const pages: Page[] = [];
  beforeAll(async () => {
    // With its usual switches playwright denies storage to frames of other sites, as strict browsers do.
    browser = await chromium.launch(chromiumLaunch);
  });
  afterAll(async () => {
    // The page may still be fetching what it needs later.
    for (const page of pages) await page.unrouteAll({ behavior: 'ignoreErrors' });
    await browser?.close();
    for (const end of ends.reverse()) await end();
  });

  /** A page of another site with the address in a frame. */
  const openFramed = async (address: string, attributes = ''): Promise<Frame> => {
    const page = await browser.newPage();
    pages.push(page);
    // To a sandboxed frame even its own scripts are another origin's, and have to be released.
    await page.route(`${address}**`, async (route) => {
      const response = await route.fetch();
      const released = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' };
      await route.fulfill({ response, headers: { ...response.headers(), ...(attributes && released) } });
    });
    const { frame, close } = await openForeignFrame(page, address, attributes);
    ends.push(close);
    return frame;
  };

  it('the page says in a frame of another site that nothing is saved, and still runs a machine', async () => {
    const server = await startServer({ site: siteDir, registry: registryDir, headers: { frameAncestors: ['*'] } });
    ends.push(() => server.close());
    const frame = await openFramed(server.url);
    await frame.getByText('Not saved').waitFor();
    const stored = await frame.evaluate(
      () =>
        new Promise((resolve) => {
          const request = indexedDB.open('strata');
          request.onerror = () => resolve('denied');
          request.onsuccess = () => resolve('granted');
        }),
    );
    expect(stored).toBe('denied');
    await frame.getByRole('button', { name: 'Start a Linux VM' }).click();
    await frame.waitForFunction(
      () => (globalThis as unknown as StrataPage).strata.lab.list()[0]?.state.phase === 'running',
    );
  });

  it('the store keeps things in memory, and says why, in a sandboxed frame', async () => {
    const lab = await openStoreLab({ frameAncestors: ['*'] });
    ends.push(() => lab.close());
    const frame = await openFramed(lab.url, 'sandbox="allow-scripts"');
    await frame.waitForFunction(() => 'storePage' in globalThis);
    const opened = await frame.evaluate(() =>
      (globalThis as unknown as { storePage: StorePage }).storePage.inThisThread(),
    );
    expect(opened).toMatchObject({
      persistent: false,
      size: 100_000,
      reason: expect.stringContaining('Nothing is saved'),
    });
  });
});
