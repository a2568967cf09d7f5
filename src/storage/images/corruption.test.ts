import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { printedRandom } from '../../base/seed-fixture';
import { damageAndHeal } from './damage-fixture';

/** `npm run soak -- --only images` has more of them. */
const flips = 40;

it('a damaged blob of an image is told with its digest, the others go on working, and another pull heals it', async () => {
  await expect(damageAndHeal(printedRandom('damaged blobs'), flips)).resolves.toBeUndefined();
});
