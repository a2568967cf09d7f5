import { mkdir } from 'node:fs/promises';
import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { screenOf } from '../support/page-screen';

describe('the first prompt', () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.addInitScript(`
      globalThis.askedToKeep = 0;
      const { persist } = StorageManager.prototype;
      StorageManager.prototype.persist = function () {
        globalThis.askedToKeep += 1;
        return persist.call(this);
      };
    `);
    await page.goto(server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** What the terminal in view shows, line by line. */
  const screen = (): Promise<string> => screenOf(page);
  const answered = async (expected: string): Promise<void> => {
    await expect.poll(screen, { interval: 50 }).toContain(expected);
  };

  it('comes at a click, and answers what is typed', async () => {
    await page
      .getByRole('button', { name: /start|new/i })
      .first()
      .click();
    await answered('# ');
    await page.keyboard.type('echo the answer is $((6 * 7))\n');
    await answered('the answer is 42');
  });

  it('makes the page ask the browser once to keep what is stored', async () => {
    await expect.poll(() => page.evaluate('globalThis.askedToKeep')).toBe(1);
  });

  it('runs real programs on a real kernel', async () => {
    await page.keyboard.type('uname -rs; head -1 /proc/cpuinfo\n');
    await answered('Linux 6.1');
    await answered('processor');
  });

  it('leaves no complaint in the console: no CSP or Trusted Types violation, no error', () => {
    expect(complaints).toEqual([]);
  });

  it('comes back from the store after a reload, and a new one starts, without the registry', async () => {
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/registry/blobs/')) asked.push(request.url());
    });
    await page.context().route('**/registry/**', (route) => route.abort());
    await page.reload();
    await answered('# ');
    await page.locator('.xterm-screen').click();
    await page.keyboard.type('echo again $((3 * 3))\n');
    await answered('again 9');
    await page.getByRole('button', { name: 'New VM', exact: true }).click();
    // Until the first one's terminal has gone, keys are its.
    await expect.poll(screen, { interval: 50 }).toMatch(/^(?!.*again 9).*# /s);
    await page.keyboard.type('echo anew $((2 * 2))\n');
    await answered('anew 4');
    expect(asked).toEqual([]);
  });

  it('shows the same in a screenshot', async () => {
    await mkdir('build/screenshots', { recursive: true });
    const picture = await page.screenshot({ path: 'build/screenshots/first-prompt.png' });
    expect(picture.length).toBeGreaterThan(10_000);
  });
});
