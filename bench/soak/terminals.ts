import type { CDPSession, Locator } from 'playwright-core';
import { openPage, recordsOf, runInGuest } from '../../test/support/page-fleet';
import { openBrowser } from '../browser';

const warmUp = 20;
const cycles = 200;

/** What may remain of two hundred terminals, bytes: Chromium's own caches grow a little for a while. */
const heapSlack = 5_000_000;

interface Remains {
  readonly heap: number;
  readonly listeners: number;
  readonly nodes: number;
}

/** Test 17: shells are opened and closed in the dock, and leave neither memory nor listeners nor programs behind. */
export async function openAndClose(): Promise<void> {
  const lab = await openBrowser();
  try {
    const { page, cdp } = await lab.firstVisit();
    page.setDefaultTimeout(120_000);
    await openPage(page, lab.url);
    await page.getByRole('button', { name: 'Start a Linux VM' }).click();
    await page.getByRole('tab').first().waitFor();
    const id = (await recordsOf(page))[0]?.id ?? '';
    const shells = (): Promise<string> => runInGuest(page, id, "ps | grep -c '[ -]sh$'");
    const row = (text: RegExp): Locator =>
      page.locator('.xterm-rows > div').filter({ hasText: text, visible: true }).first();
    const cycle = async (): Promise<void> => {
      await page.getByRole('button', { name: 'New shell', exact: true }).first().click();
      await page.getByRole('tab').nth(1).waitFor();
      await row(/~# /).waitFor();
      await page.keyboard.type('echo $((6 * 7))\n');
      await row(/^42\s*$/).waitFor();
      await page.getByTitle('Close the tab').last().click();
      await page.getByRole('tab').nth(1).waitFor({ state: 'detached' });
    };
    await row(/# /).waitFor();
    for (let round = 0; round < warmUp; round += 1) await cycle();
    const before = { ...(await remains(cdp)), shells: await shells() };
    for (let round = 0; round < cycles; round += 1) await cycle();
    const after = { ...(await remains(cdp)), shells: await shells() };
    console.log(`${cycles} terminals opened and closed:`, { before, after });
    if (after.heap - before.heap > heapSlack) throw new Error('The page has grown');
    if (after.listeners > before.listeners + 5) throw new Error('Listeners are left');
    if (after.shells !== before.shells) throw new Error(`Programs are left in the guest: ${after.shells}`);
  } finally {
    await lab.close();
  }
}

async function remains(cdp: CDPSession): Promise<Remains> {
  await cdp.send('HeapProfiler.enable');
  // What finalizers let go in one round is collected in the next.
  for (let round = 0; round < 3; round += 1) await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  const { jsEventListeners, nodes } = await cdp.send('Memory.getDOMCounters');
  return { heap: usedSize, listeners: jsEventListeners, nodes };
}
