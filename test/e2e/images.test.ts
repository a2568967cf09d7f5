import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { openPage, recordsOf, runInGuest, type StrataPage } from '../support/page-fleet';

/** Images as a person meets them: pulled by name, looked into, saved, and started as a machine. */
describe('images in the page', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    // The compiler that runs this file names functions by a helper that functions sent to the page lack.
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const view = () => page.locator('strata-images-view');

  const problems = async (): Promise<unknown> => {
    await page.evaluate(axe.source);
    return page.evaluate(
      "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html)))",
    );
  };

  it('are pulled by their short name, and found signed', async () => {
    await page.getByRole('link', { name: 'Images' }).click();
    await view().getByText('No images yet').waitFor();
    await view().getByLabel('Image to pull').fill('busybox');
    await view().getByRole('button', { name: 'Pull' }).click();
    await view()
      .getByRole('row', { name: /busybox:latest/ })
      .getByText('Signed')
      .waitFor();
    expect(await problems()).toEqual([]);
  });

  it('are looked into, layer by layer', async () => {
    await view().getByRole('button', { name: 'busybox:latest', exact: true }).click();
    const tree = view().getByRole('tree', { name: /Layer 1/ });
    await tree.getByRole('treeitem', { name: /^etc/ }).click();
    await tree.getByRole('treeitem', { name: /passwd/ }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => tree.getByRole('treeitem', { name: /passwd/ }).count()).toBe(0);
    expect(await problems()).toEqual([]);
  });

  it('are saved as a file', async () => {
    await view().getByRole('button', { name: 'More about busybox:latest' }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: /OCI archive/ }).click();
    expect((await downloading).suggestedFilename()).toBe('busybox-latest.tar');
  });

  it('are the root of a machine, which keeps what it wrote over a reload', async () => {
    await view().getByRole('button', { name: 'More about busybox:latest' }).click();
    await page.getByRole('menuitem', { name: /Start a VM/ }).click();
    await page.locator('strata-instance-view').getByText('Running').first().waitFor();
    const [record] = await recordsOf(page);
    const id = record?.id ?? '';
    expect(await runInGuest(page, id, 'cat /proc/1/mounts | grep " / "')).toMatch(/^root \/ overlay /);
    await runInGuest(page, id, 'echo kept > /root/file && sync');
    await page.evaluate(async (which) => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      await lab.stop(which).finished;
    }, id);
    await page.reload();
    await expect.poll(() => recordsOf(page)).toHaveLength(1);
    await page.evaluate(async (which) => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      await lab.start(which).finished;
    }, id);
    expect(await runInGuest(page, id, 'cat /root/file')).toBe('kept\n');
  });

  it('stay for as long as a machine needs them', async () => {
    await page.getByRole('link', { name: 'Images' }).click();
    await view()
      .getByRole('row', { name: /busybox:latest.*vm-1/ })
      .waitFor();
    await view().getByRole('button', { name: 'More about busybox:latest' }).click();
    await page.getByRole('menuitem', { name: /Remove/ }).click();
    await page.getByText('Could not remove busybox:latest').waitFor();
    expect(complaints).toEqual([]);
  });
});
