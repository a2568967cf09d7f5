import 'fake-indexeddb/auto';
import type { SeededRandom } from '../../src/base/seeded-random';
import { damageAndHeal } from '../../src/storage/images/damage-fixture';
import { makeSharingImages, runCollectionSchedule } from '../../src/storage/images/gc-schedule-fixture';
import { createMemoryContentStore } from '../../src/storage/open-content-store';

const damages = 200;

/** Collections beside work and blobs that were damaged, in full counts. */
export async function damageAndCollect(random: SeededRandom): Promise<void> {
  await collectBesideWork(random);
  await damageAndHeal(random, damages);
  console.log(`${damages} damaged blobs: each told, nothing else was touched, and a pull healed it`);
}

/** Collections beside pulls and removals. */
async function collectBesideWork(random: SeededRandom): Promise<void> {
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
