import { openPage } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { removeInstance, startToAnswer } from '../page-lab';
import { atMost, type Row } from '../row';
import { median } from '../statistics';

const runs = 7;

/** The page has been open for a while: a worker with the emulator compiled waits. */
export async function promptWarm(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  const stored = await startToAnswer(page);
  await removeInstance(page, stored.id);
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    // Longer than the page waits until it prepares the next worker, and than that takes.
    await page.waitForTimeout(4000);
    const { id, ms } = await startToAnswer(page);
    times.push(ms);
    await removeInstance(page, id);
  }
  await close();
  const peer = `fastest ${Math.min(...times).toFixed(0)}`;
  return [{ name: 'click to answered prompt, warm page', value: median(times), unit: 'ms', goal: atMost(300), peer }];
}

/** The page has just been opened, everything is stored: the click comes as soon as it can. */
export async function promptCold(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  await startToAnswer(page);
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await openPage(page, lab.url);
    times.push((await startToAnswer(page)).ms);
  }
  await close();
  const peer = `fastest ${Math.min(...times).toFixed(0)}`;
  return [{ name: 'click to answered prompt, cold page', value: median(times), unit: 'ms', goal: atMost(800), peer }];
}

/** Everything that comes over the wire until the first machine answers, headers and compression included. */
export async function firstVisit(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, context, cdp, close } = await lab.firstVisit();
  let bytes = 0;
  // Workers fetch by themselves, so their sessions are watched too.
  const watch = async (session: typeof cdp): Promise<void> => {
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await session.send('Network.enable');
  };
  await watch(cdp);
  const transferred = new Map<string, number>();
  context.on('requestfinished', async (request) => {
    const { responseBodySize, responseHeadersSize } = await request.sizes();
    transferred.set(request.url(), responseBodySize + responseHeadersSize);
  });
  await openPage(page, lab.url);
  const { ms } = await startToAnswer(page);
  await page.waitForTimeout(500);
  const total = Math.max(
    bytes,
    [...transferred.values()].reduce((sum, size) => sum + size, 0),
  );
  await close();
  const peer = `${transferred.size} requests, first prompt after ${ms.toFixed(0)} ms`;
  return [{ name: 'first visit, over the wire', value: total / 1e6, unit: 'MB', goal: atMost(9), peer }];
}
