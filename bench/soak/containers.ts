import { containersComeAndGo, type StoredBytes, storedWithoutHosts } from '../../test/support/page-containers';
import { openPage } from '../../test/support/page-fleet';
import { openBrowser } from '../browser';

const [warmUp, cycles] = [20, 500];

/** What may remain of five hundred containers: Chromium's own caches, and records of the last hundred tasks and placements. */
const [heapSlack, storageSlack] = [5_000_000, 1_000_000];

/** Test 17: containers are created, started, stopped and removed, and leave no worker, no memory and no bytes behind. */
export async function createAndRemove(): Promise<void> {
  const lab = await openBrowser();
  try {
    const { page, cdp } = await lab.firstVisit();
    page.setDefaultTimeout(120_000);
    await openPage(page, lab.url);
    // What the first visit keeps by the way is none of theirs.
    await page.waitForFunction(() => localStorage.getItem('strata.first-machine') === 'kept');
    await containersComeAndGo(page, cdp, warmUp);
    // The disk of a host is written round: its journal of 32 MB, and the blocks that ext4 takes in turn.
    const atFirst = await storedWithoutHosts(page);
    // A host of its own again, and a worker that is ready for the next one.
    await containersComeAndGo(page, cdp, warmUp);
    const { before, after } = await containersComeAndGo(page, cdp, cycles);
    console.log(`${cycles} containers created, started, stopped and removed:`, { before, after });
    if (after.containers !== 0) throw new Error('Containers are left');
    if (after.workers !== before.workers) throw new Error('Workers are left');
    if (after.listeners > before.listeners + 5) throw new Error('Listeners are left');
    if (after.heap - before.heap > heapSlack) throw new Error('The page has grown');
    const atLast = await storedWithoutHosts(page);
    console.log('stored without the host, at first and at last:', atFirst, atLast);
    const left = sumOf(atLast) - sumOf(atFirst);
    console.log(`${left} bytes more are in the store, ${atLast.told - atFirst.told} by what the browser says`);
    if (left > storageSlack) throw new Error('The store has grown');
  } finally {
    await lab.close();
  }
}

function sumOf({ read }: StoredBytes): number {
  return Object.values(read).reduce((sum, bytes) => sum + bytes, 0);
}
