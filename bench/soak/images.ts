import type { SeededRandom } from '../../src/base/seeded-random';
import { makeSharingImages, runCollectionSchedule } from '../../src/storage/images/gc-schedule-fixture';
import { createMemoryContentStore } from '../../src/storage/open-content-store';

/** Test 10 of the reliability plan with its full count: collections beside pulls and removals. */
export async function collectBesideWork(random: SeededRandom): Promise<void> {
  const images = await makeSharingImages();
  for (let schedule = 0; schedule < 2000; schedule += 1) {
    const seed = random.below(2 ** 32);
    const opened = createMemoryContentStore({ chunkSize: 4096 });
    await runCollectionSchedule(opened, images, seed).catch((error: unknown) => {
      throw new Error(`Schedule ${seed}`, { cause: error });
    });
  }
  console.log('2,000 schedules of pulls, removals and collections: nothing needed was lost, nothing else was left');
}
