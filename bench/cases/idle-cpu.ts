import { openPage } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { startToAnswer } from '../page-lab';
import { atMost, type Row } from '../row';

/** After a start the browser compiles and collects for a while; that is not the idle machine. */
const settleMs = 60_000;
const sampleMs = 15_000;

/** Processor time of the page's process with one machine at its prompt, less the same page without. */
export async function idleCpu(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, rendererSeconds, close } = await lab.firstVisit();
  const share = async (): Promise<number> => {
    const before = await rendererSeconds();
    const begun = performance.now();
    await page.waitForTimeout(sampleMs);
    return ((await rendererSeconds()) - before) / ((performance.now() - begun) / 1000);
  };
  await openPage(page, lab.url);
  await page.waitForTimeout(settleMs / 6);
  const empty = await share();
  await startToAnswer(page);
  await page.waitForTimeout(settleMs);
  const idle = await share();
  await close();
  const peer = `page without a machine ${(empty * 100).toFixed(1)}`;
  return [{ name: 'idle VM', value: (idle - empty) * 100, unit: '% of a core', goal: atMost(3), peer }];
}
