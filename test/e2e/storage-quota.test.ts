import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStoreLab, type StoreLab } from '../support/store-lab';
import { fillToQuota } from '../support/store-runs';

describe('the store in a full browser', () => {
  let lab: StoreLab;
  beforeAll(async () => {
    lab = await openStoreLab();
  });
  afterAll(() => lab?.close());

  it.each([8, 32, 64])(
    'says what is needed and what is left when %i MiB are full, keeps what it has, and goes on after a delete',
    async (quotaMiB) => {
      const report = await fillToQuota(lab, quotaMiB);
      console.log(report);
      expect(report.storedMiB).toBeGreaterThan(quotaMiB / 2);
      expect(report.message).toMatch(/^No room to store .+ available/);
    },
  );
});
