import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { bootSector } from '../support/boot-disks';
import { openPage, type StrataPage } from '../support/page-fleet';
import { dropFile } from '../support/page-screen';

/** A machine of a person's own disk as they meet it: dropped, started, typed to, still there after a reload. */
describe('the screen of a machine in the page', { timeout: 300_000 }, () => {
  let browser: Browser;
  const ends: (() => unknown)[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch(chromiumLaunch);
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(() => browser?.close());

  async function open(): Promise<Page> {
    const server = await startServer({ site: siteDir, registry: registryDir });
    ends.push(() => server.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    ends.push(() => page.close());
    page.on('pageerror', (error) => complaints.push(String(error)));
    // The compiler that runs this file names functions by a helper that functions sent to the page lack.
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, server.url);
    return page;
  }

  const says = async (page: Page, text: string): Promise<void> => {
    await page.locator('strata-screen pre').filter({ hasText: text }).waitFor({ state: 'attached', timeout: 60_000 });
  };

  it('is there after a disk was dropped, takes keys, and outlives a reload', async () => {
    const page = await open();
    await dropFile(page, 'hello.img', bootSector());
    const dialog = page.getByRole('dialog', { name: 'Machine from a disk' });
    await dialog.getByText('Floppy disk: hello.img').waitFor();
    await dialog.getByLabel('Name').fill('pc');
    await dialog.getByRole('button', { name: 'Store the disks and start it' }).click();
    await says(page, 'Strata boot sector. Start 1.');
    await page.locator('strata-screen canvas').click();
    await page.keyboard.type('hello', { delay: 20 });
    await says(page, '> hello');
    const size = await page.locator('strata-screen canvas').evaluate((canvas: HTMLCanvasElement) => canvas.width);
    expect(size).toBe(720);
    await page.evaluate(() => (globalThis as unknown as StrataPage).strata.lab.saveForReload());
    await page.reload();
    await says(page, '> hello');
    await page.locator('strata-screen canvas').click();
    await page.keyboard.type('again', { delay: 20 });
    await says(page, '> helloagain');
  });

  it('is not made of a file that is no disk, and the page says why', async () => {
    const page = await open();
    await dropFile(page, 'notes.txt', new TextEncoder().encode('to do: nothing'));
    await page.getByText('notes.txt is no disk that a PC reads').first().waitFor();
  });

  it('comes from a profile that was saved, once its disk is here', async () => {
    const page = await open();
    const profile = {
      format: 'strata-machine',
      version: 1,
      name: 'from-profile',
      memoryMiB: 64,
      boot: ['floppy'],
      disks: [
        { device: 'floppy', source: { file: 'hello.img', digest: await digestOf(bootSector()), sizeBytes: 512 } },
      ],
      interfaces: [{ network: 'default', model: 'ne2k' }],
    };
    await dropFile(page, 'machine.json', new TextEncoder().encode(JSON.stringify(profile)));
    const dialog = page.getByRole('dialog', { name: 'Machine from a disk' });
    await dialog.getByText('hello.img is not stored here').waitFor();
    const start = dialog.getByRole('button', { name: 'Store the disks and start it' });
    expect(await start.isDisabled()).toBe(true);
    await dialog
      .getByLabel('A disk image: .iso, .img and the like')
      .setInputFiles({ name: 'hello.img', mimeType: 'application/octet-stream', buffer: Buffer.from(bootSector()) });
    await start.click();
    await says(page, 'Strata boot sector. Start 1.');
  });
});

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha256:${Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')}`;
}
