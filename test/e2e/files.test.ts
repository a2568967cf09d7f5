import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { openPage, recordsOf, runInGuest, type StrataPage } from '../support/page-fleet';

/** The shared folder as a person meets it: filled, edited by keys alone, seen in machines, kept over a reload. */
describe('files in the page', { timeout: 300_000 }, () => {
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

  const view = () => page.locator('strata-files-view');
  const item = (name: string | RegExp) => view().getByRole('treeitem', { name });
  const problems = async (): Promise<unknown> => {
    await page.evaluate(axe.source);
    // Colours as they are, not on their way.
    await page.evaluate(() => document.documentElement.style.setProperty('--quick', '0ms'));
    return page.evaluate(
      "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html)))",
    );
  };
  const machine = async (): Promise<string> => (await recordsOf(page))[0]?.id ?? '';

  /** What a command says in the machine, sooner or later. */
  const becomes = async (command: string, output: string): Promise<void> => {
    const id = await machine();
    await expect.poll(() => runInGuest(page, id, `${command} 2>&1 || true`)).toBe(output);
  };

  it('are brought by a machine that was asked to have the folder', async () => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('new virtual');
    await page.keyboard.press('Enter');
    await page.getByLabel('Have the shared folder at /shared').check();
    expect(await problems()).toEqual([]);
    await page.getByRole('button', { name: 'Start it' }).click();
    await page.locator('strata-instance-view').getByText('Running').first().waitFor();
    await runInGuest(page, await machine(), 'mkdir /shared/from-guest && echo hello > /shared/from-guest/note');
    await page.locator('strata-nav').getByRole('link', { name: 'Files' }).click();
    await view()
      .getByText(/^In use by /)
      .waitFor();
    await item('from-guest').click();
    await item(/^note/).waitFor();
    expect(await problems()).toEqual([]);
  });

  it('are uploaded, and there for the machine', async () => {
    await view()
      .locator('#upload')
      .setInputFiles({ name: 'upload.txt', mimeType: 'text/plain', buffer: Buffer.from('brought\n') });
    await item(/^upload.txt/).waitFor();
    expect(await runInGuest(page, await machine(), 'cat /shared/from-guest/upload.txt')).toBe('brought\n');
    await runInGuest(page, await machine(), 'echo seen > /shared/seen');
    await item(/^seen/).waitFor();
  });

  it('are made, edited, renamed, deleted and had back by keys alone', async () => {
    await item('from-guest').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('F2');
    await page.keyboard.type('renamed');
    await page.keyboard.press('Enter');
    await item(/^renamed/).waitFor();
    await item('from-guest').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const editor = view().getByRole('textbox', { name: /^Content of/ });
    await editor.fill('edited here\n');
    expect(await problems()).toEqual([]);
    await page.keyboard.press('Control+s');
    await page.getByRole('status').getByText('is saved').waitFor({ state: 'attached' });
    expect(await runInGuest(page, await machine(), 'cat /shared/from-guest/renamed')).toBe('edited here\n');
    await view().getByRole('button', { name: 'Close' }).click();
    await item(/^renamed/).focus();
    await page.keyboard.press('Delete');
    // While it is offered.
    await page.getByRole('button', { name: 'Undo' }).click();
    await becomes('cat /shared/from-guest/renamed', 'edited here\n');
    await item(/^renamed/).waitFor();
    await item(/^seen/).focus();
    await page.keyboard.press('Delete');
    await page.getByRole('button', { name: 'Dismiss: seen is deleted' }).click();
    await becomes('ls /shared', 'from-guest\n');
  });

  it('are saved, one and all', async () => {
    await item(/^renamed/).click();
    const one = page.waitForEvent('download');
    await view().getByRole('button', { name: 'Download' }).click();
    expect((await one).suggestedFilename()).toBe('renamed');
    const all = page.waitForEvent('download');
    await view().getByRole('button', { name: 'Save all as tar' }).click();
    expect((await all).suggestedFilename()).toBe('shared.tar');
  });

  it('are readable on a narrow page and in the dark', async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.emulateMedia({ colorScheme: 'dark' });
    // Of the view; the page around it has tests of its own.
    const found = await view().evaluate(async (element) => {
      const { run } = (globalThis as unknown as { readonly axe: typeof axe }).axe;
      return (await run(element)).violations.map(({ id }) => id);
    });
    expect(found).toEqual([]);
    const wide = await view().evaluate((element) => element.scrollWidth > element.clientWidth);
    expect(wide).toBe(false);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('of a machine itself are in a tab of it: browsed, brought, edited, deleted and had back, saved', async () => {
    const id = await machine();
    await page.evaluate((hash) => {
      location.hash = hash;
    }, `#/machines/${id}/files`);
    const own = page.locator('strata-instance-files');
    const file = (name: string | RegExp) => own.getByRole('treeitem', { name });
    await file(/^etc/).click();
    await file(/^passwd/).waitFor();
    await runInGuest(page, id, 'mkdir -p /root/work && echo first > /root/work/note && ln -s note /root/work/link');
    await own.getByRole('button', { name: 'Read again' }).click();
    await file(/^root/).click();
    await file(/^work/).click();
    await file(/^link.*to note$/).waitFor();
    expect(await problems()).toEqual([]);
    await own.locator('#upload').setInputFiles({ name: 'a b', mimeType: '', buffer: Buffer.alloc(200_000, 'x') });
    await file(/^a b/).waitFor();
    expect(await runInGuest(page, id, "wc -c < '/root/work/a b'")).toBe('200000\n');
    const dropped = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(['dropped\n'], 'dropped'));
      return data;
    });
    await file(/^work/).dispatchEvent('drop', { dataTransfer: dropped });
    await file(/^dropped/).waitFor();
    expect(await runInGuest(page, id, 'cat /root/work/dropped')).toBe('dropped\n');
    await file(/^note/).focus();
    await page.keyboard.press('Enter');
    await own.getByRole('textbox', { name: /^Content of/ }).fill('second\n');
    await page.keyboard.press('Control+s');
    await becomes('cat /root/work/note', 'second\n');
    await own.getByRole('button', { name: 'Close' }).click();
    await file(/^note/).focus();
    await page.keyboard.press('Delete');
    // While it is offered: that the file is gone may be told later than that.
    await page.getByRole('button', { name: 'Undo' }).click();
    await becomes('cat /root/work/note', 'second\n');
    await file(/^note/).click();
    const saved = page.waitForEvent('download');
    await own.getByRole('button', { name: 'Download' }).click();
    expect((await saved).suggestedFilename()).toBe('note');
    expect(await runInGuest(page, id, 'cat /root/work/note')).toBe('second\n');
    await page.setViewportSize({ width: 320, height: 800 });
    const wide = await own.evaluate((element) => element.scrollWidth > element.clientWidth);
    expect(wide).toBe(false);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.locator('strata-nav').getByRole('link', { name: 'Files' }).click();
  });

  it('are there after a reload, and the machine has them still', async () => {
    await page.evaluate(() => (globalThis as unknown as StrataPage).strata.lab.saveForReload());
    await page.reload();
    await item('from-guest').waitFor();
    await expect.poll(async () => (await recordsOf(page))[0]?.state.phase, { timeout: 120_000 }).toBe('running');
    expect(await runInGuest(page, await machine(), 'cat /shared/from-guest/renamed')).toBe('edited here\n');
    expect(complaints).toEqual([]);
  });
});
