import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { ensureSite } from '../scripts/lib/build-site.mjs';
import { chromiumLaunch } from '../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../scripts/lib/paths.mjs';
import { startServer } from '../scripts/serve/server.mjs';

/** The built page, served as `npm start` serves it, and a Chromium to open it in. */
export interface BrowserLab {
  readonly url: string;
  /** A page in a new profile, as on a first visit. */
  firstVisit(): Promise<Visit>;
  close(): Promise<void>;
}

/** One browser profile. */
export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** CDP of the page. */
  readonly cdp: CDPSession;
  /** Processor time that the page's process has used, seconds. */
  rendererSeconds(): Promise<number>;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<BrowserLab> {
  await ensureSite();
  const server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
  const visits = new Set<Visit>();
  return {
    url: server.url,
    async firstVisit() {
      const visit = await openVisit();
      visits.add(visit);
      return visit;
    },
    async close() {
      for (const visit of visits) await visit.close();
      await server.close();
    },
  };
}

async function openVisit(): Promise<Visit> {
  const profile = await mkdtemp(join(tmpdir(), 'strata-bench-'));
  const context = await chromium.launchPersistentContext(profile, chromiumLaunch);
  // The compiler that runs this file names functions by a helper that functions sent to the page lack.
  await context.addInitScript({ content: 'globalThis.__name = (named) => named' });
  const page = context.pages()[0] ?? (await context.newPage());
  const cdp = await context.newCDPSession(page);
  const browser = context.browser();
  let closed = false;
  return {
    context,
    page,
    cdp,
    async rendererSeconds() {
      const session = await browser?.newBrowserCDPSession();
      const info = await session?.send('SystemInfo.getProcessInfo');
      await session?.detach();
      const renderers = info?.processInfo.filter(({ type }) => type === 'renderer') ?? [];
      return renderers.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
    },
    async close() {
      if (closed) return;
      closed = true;
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
