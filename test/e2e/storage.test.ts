import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printedRandom } from '../../src/base/seed-fixture';
import { openStoreLab, type StoreLab } from '../support/store-lab';
import { killInMidIngest, mixTabs, takeOverAfterKills, upgradeUnderUse } from '../support/store-runs';

/** The store in real tabs, with faults. The soak runs the same with full counts. */
describe('the store in real tabs', () => {
  let lab: StoreLab;
  const random = printedRandom('storage in tabs');
  beforeAll(async () => {
    lab = await openStoreLab();
  });
  afterAll(() => lab?.close());

  it('leaves nothing of an ingest whose page is closed or whose worker ends, and disturbs no other tab', async () => {
    const report = await killInMidIngest(lab, 5, random);
    console.log(report);
    expect(report.interrupted).toBeGreaterThan(0);
  });

  it.each([2, 4])('shows %i tabs that write at once one order of things', async (tabs) => {
    expect(await mixTabs(lab, tabs, 60, random)).toBe(60 * tabs);
  });

  it('gives the lab to one tab, whoever dies', async () => {
    console.log('slowest take-over, ms:', await takeOverAfterKills(lab, 2));
  });

  it('lets a later version of the page upgrade the database under the tabs that use it', async () => {
    await upgradeUnderUse(lab, 20);
  });
});
