import type { SeededRandom } from '../../src/base/seeded-random';
import { openStoreLab } from '../../test/support/store-lab';
import { killInMidIngest, mixTabs, takeOverAfterKills, upgradeUnderUse } from '../../test/support/store-runs';

/** Tabs of a real browser that write and die, in full counts. */
export async function storeInTabs(random: SeededRandom): Promise<void> {
  const lab = await openStoreLab();
  try {
    console.log('tabs and store workers ended in mid ingest:', await killInMidIngest(lab, 50, random));
    for (const tabs of [2, 4]) {
      for (let round = 0; round < 50; round += 1) await mixTabs(lab, tabs, 60, random);
      console.log(`50 times ${tabs} tabs that write at once: one order of things each time`);
    }
    const slowestMs = await takeOverAfterKills(lab, 25);
    console.log(`25 owners of the lab killed; the slowest take-over took ${slowestMs.toFixed(0)} ms`);
    await upgradeUnderUse(lab, 100);
    console.log('100 upgrades under tabs that use the database');
  } finally {
    await lab.close();
  }
}
