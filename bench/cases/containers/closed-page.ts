import { hostDraft } from '../../../src/engine/host-draft';
import { launch, type StrataPage } from '../../../test/support/page-fleet';
import type { BrowserLab } from '../../browser';
import { openPageEngine } from '../../page-engine';
import { atMost, type Row } from '../../row';
import { median } from '../../statistics';

const rounds = 5;

/**
 * The first container of a page that is opened with all stored, from the beginning of the navigation: with its host running when
 * the page was closed, and with its host off.
 */
export async function fromClosedPage(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  let engine = await openPageEngine(page, lab.url);
  await engine.evaluate((inside) => inside.pull('busybox'));
  const host = await launch(page, { ...hostDraft(), name: 'host-1' });
  await engine.evaluate((inside) => inside.run(['true']));
  const saved: number[] = [];
  const off: number[] = [];
  const measure = async (): Promise<number> => {
    const begun = performance.now();
    engine = await openPageEngine(page, lab.url);
    await engine.evaluate((inside) => inside.run(['true']));
    return performance.now() - begun;
  };
  for (let round = 0; round < rounds; round += 1) {
    await page.evaluate(() => (globalThis as unknown as StrataPage).strata.lab.saveForReload());
    await page.goto('about:blank');
    saved.push(await measure());
  }
  for (let round = 0; round < rounds; round += 1) {
    await page.evaluate((id) => (globalThis as unknown as StrataPage).strata.lab.stop(id).finished, host);
    await page.goto('about:blank');
    off.push(await measure());
  }
  await close();
  const list = (values: readonly number[]): string => values.map((ms) => (ms / 1000).toFixed(2)).join(', ');
  return [
    {
      name: 'closed page to the end of docker run --rm busybox true, host saved',
      value: median(saved) / 1000,
      unit: 's',
      goal: atMost(1.2),
      peer: list(saved),
    },
    {
      name: 'closed page to the end of docker run --rm busybox true, host off',
      value: median(off) / 1000,
      unit: 's',
      goal: atMost(1.2),
      peer: list(off),
    },
  ];
}
