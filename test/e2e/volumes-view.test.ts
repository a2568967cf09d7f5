import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { openPage, recordsOf, runInGuest, type StrataPage } from '../support/page-fleet';

/** Volumes as a person meets them: made, given to a machine, put back, copied, and carried out and in. */
describe('the view of volumes', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
    page = await context.newPage();
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, `${server.url}#/volumes`);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const view = () => page.locator('strata-volumes-view');
  const choose = async (name: string, item: RegExp): Promise<void> => {
    await view()
      .getByRole('button', { name: `More about ${name}`, exact: true })
      .click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  const machine = async (): Promise<string> => (await recordsOf(page))[0]?.id ?? '';
  const stop = async (): Promise<void> => {
    await page.evaluate(
      async (id) => {
        await (globalThis as unknown as StrataPage).strata.lab.stop(id).finished;
      },
      await machine(),
    );
  };
  const start = async (): Promise<void> => {
    await page.evaluate(
      async (id) => {
        await (globalThis as unknown as StrataPage).strata.lab.start(id).finished;
      },
      await machine(),
    );
  };

  it('makes one with a file system, by keys alone', async () => {
    await view().getByText('No volumes yet').waitFor();
    await view().getByRole('button', { name: 'New volume' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'New volume' }).waitFor();
    await page.keyboard.type('data');
    await page.keyboard.press('Enter');
    await view()
      .getByRole('row', { name: /data 1024 MB .* ext4 Nobody/ })
      .waitFor();
    await page.evaluate(axe.source);
    const problems = await page.evaluate(
      "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id }) => id))",
    );
    expect(problems).toEqual([]);
  });

  it('gives it to a machine when that is made', async () => {
    await page.keyboard.press('n');
    const dialog = page.getByRole('dialog', { name: 'New virtual machine' });
    await dialog.getByRole('checkbox', { name: 'data, 1024 MB' }).check();
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await page.locator('strata-instance-view').getByText('Running').first().waitFor();
    await runInGuest(page, await machine(), 'mount /dev/vda /mnt && echo first > /mnt/file && sync');
    await page.getByRole('link', { name: 'Volumes' }).click();
    await view()
      .getByRole('row', { name: /data .* vm-1/ })
      .waitFor();
  });

  it('takes snapshots of it, puts it back, and refuses what would pull it from under a machine', async () => {
    await view().getByRole('button', { name: 'data', exact: true }).click();
    await view().getByLabel('Name of the snapshot').fill('before');
    await page.keyboard.press('Enter');
    await view().getByText('before').waitFor();
    await runInGuest(page, await machine(), 'echo second > /mnt/file && sync');
    await choose('the snapshot before', /Revert/);
    await page.getByRole('button', { name: 'Revert to it' }).click();
    await page.getByText('Could not revert the volume data').waitFor();
    await stop();
    await choose('the snapshot before', /Revert/);
    await page.getByRole('button', { name: 'Revert to it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    // Changes of volumes follow one another: this one, to nothing new, comes after it.
    await page.evaluate(async () => {
      await (await (globalThis as unknown as StrataPage).strata.lab.volumes()).rename('data', 'data');
    });
    await start();
    expect(await runInGuest(page, await machine(), 'mount /dev/vda /mnt && cat /mnt/file')).toBe('first\n');
    await stop();
  });

  it('copies, detaches, carries out and in again, and removes', async () => {
    await choose('data', /^Detach/);
    await view()
      .getByRole('row', { name: /^data .* Nobody/ })
      .waitFor();
    await choose('data', /^Clone/);
    await view()
      .getByRole('row', { name: /^data-2 / })
      .waitFor();
    const downloading = page.waitForEvent('download');
    await choose('data', /sparse tar/);
    const file = await downloading;
    expect(file.suggestedFilename()).toBe('data.img.tar');
    await choose('data', /^Remove/);
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await view()
      .getByRole('row', { name: /^data / })
      .waitFor({ state: 'detached' });
    await view()
      .locator('#import')
      .setInputFiles(await file.path());
    await expect.poll(() => view().getByRole('row').count()).toBe(3);
    await choose('data-2', /^Attach to vm-1/);
    await view()
      .getByRole('row', { name: /^data-2 .* vm-1/ })
      .waitFor();
    await start();
    expect(await runInGuest(page, await machine(), 'mount /dev/vda /mnt && cat /mnt/file')).toBe('first\n');
  });
});
