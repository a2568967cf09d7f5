import type { Page } from 'playwright-core';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { openPage } from '../../test/support/page-fleet';
import { shellIsKept } from '../../test/support/page-offline';
import type { BrowserLab } from '../browser';
import { startToAnswer } from '../page-lab';
import { atMost, type Row } from '../row';
import { median } from '../statistics';

const runs = 7;

/** First contentful paint (W3C Paint Timing) on this machine's own server, with nothing kept, and with everything. */
export async function firstPaint(lab: BrowserLab): Promise<readonly Row[]> {
  const [uncached, cached]: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run += 1) {
    const { page, close } = await lab.firstVisit();
    await openPage(page, lab.url);
    uncached.push(await paintOf(page));
    await shellIsKept(page);
    await openPage(page, lab.url);
    cached.push(await paintOf(page));
    await close();
  }
  const row = (name: string, times: readonly number[], goal: number): Row => ({
    name,
    value: median(times),
    unit: 'ms',
    goal: atMost(goal),
    peer: `fastest ${Math.min(...times).toFixed(0)}, slowest ${Math.max(...times).toFixed(0)}`,
  });
  return [row('first paint, cached', cached, 500), row('first paint, uncached', uncached, 1500)];
}

function paintOf(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list, observer) => {
          const [paint] = list.getEntriesByName('first-contentful-paint');
          if (!paint) return;
          observer.disconnect();
          resolve(paint.startTime);
        }).observe({ type: 'paint', buffered: true });
      }),
  );
}

/** From the beginning of the navigation to the answer of a new machine, after one visit that started one; the server is gone. */
export async function offlineStart(lab: BrowserLab): Promise<readonly Row[]> {
  const server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
  const { page, close } = await lab.firstVisit();
  await openPage(page, server.url);
  await startToAnswer(page);
  await shellIsKept(page);
  await server.close();
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await page.goto(server.url, { waitUntil: 'commit' });
    await page.waitForFunction(() => 'strata' in globalThis, undefined, { polling: 5 });
    await startToAnswer(page);
    times.push(await page.evaluate(() => performance.now()));
  }
  await close();
  const peer = `fastest ${Math.min(...times).toFixed(0)}`;
  return [{ name: 'offline start to answered prompt', value: median(times), unit: 'ms', goal: atMost(1000), peer }];
}
