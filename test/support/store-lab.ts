import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type JSHandle, type Page } from 'playwright-core';
import { build } from 'vite';
import type { HeaderOptions } from '../../scripts/headers.mjs';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, root } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { StorePage } from './store-page/store-page';

/** The product's store in real tabs: the page of test/support/store-page, built and served as the product is. */
export interface StoreLab {
  readonly url: string;
  readonly browser: Browser;
  /** A profile of its own, as on a first visit. */
  newContext(): Promise<BrowserContext>;
  close(): Promise<void>;
}

/** One tab. */
export interface StoreTab {
  readonly page: Page;
  readonly store: JSHandle<StorePage>;
}

export async function openStoreLab(headers: HeaderOptions = {}): Promise<StoreLab> {
  const site = await mkdtemp(join(tmpdir(), 'strata-store-page-'));
  await build({
    configFile: false,
    logLevel: 'warn',
    root: join(root, 'test', 'support', 'store-page'),
    base: './',
    worker: { format: 'es' },
    build: {
      outDir: site,
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
  const server = await startServer({ site, registry: registryDir, headers });
  const browser = await chromium.launch(chromiumLaunch);
  return {
    url: server.url,
    browser,
    async newContext() {
      const context = await browser.newContext();
      // Compilers that keep names wrap functions in a helper that functions sent to the page lack.
      await context.addInitScript({ content: 'globalThis.__name = (named) => named' });
      return context;
    },
    async close() {
      await browser.close();
      await server.close();
      await rm(site, { recursive: true, force: true });
    },
  };
}

/** Opens a tab and waits until its store is open. */
export async function openTab(lab: StoreLab, context: BrowserContext): Promise<StoreTab> {
  const page = await context.newPage();
  await page.goto(lab.url);
  await page.waitForFunction(() => 'storePage' in globalThis);
  const store = await page.evaluateHandle(() => (globalThis as unknown as { storePage: StorePage }).storePage);
  await store.evaluate((inside) => inside.persistent());
  return { page, store };
}
