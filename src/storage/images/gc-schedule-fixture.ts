import { SandboxError } from '../../base/errors';
import { type FailpointHandler, handleFailpoints } from '../../base/failpoint';
import { createSeededRandom, type SeededRandom } from '../../base/seeded-random';
import type { OpenedStore } from '../open-content-store';
import { makeImage, makeLayer, pieces, type TestImage } from './image-fixture';
import { checkImages, checkNothingLeft } from './image-invariants-fixture';
import { ImageLibrary } from './image-library';

/** Images that share layers, to be pulled and removed again and again. For tests. */
export async function makeSharingImages(): Promise<readonly TestImage[]> {
  const layers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => makeLayer({ [name]: name.repeat(400) })));
  const plain = await makeLayer({ plain: 'x' }, 'none');
  const [a, b, c, d] = layers;
  if (!a || !b || !c || !d) throw new SandboxError('Internal', 'Four layers were made');
  return Promise.all([[a], [a, b], [a, b, c], [a, d], [d, plain], [plain]].map((each) => makeImage(each)));
}

/**
 * Pulls under leases, removals and collections at the same time, in an order that the seed gives; `other` is the same
 * store as another tab has it, which removes and collects as well. Throws when a pull fails, a named image lacks
 * something, or something is left in the end.
 */
export async function runCollectionSchedule(
  opened: OpenedStore,
  images: readonly TestImage[],
  seed: number,
  other: OpenedStore = opened,
): Promise<void> {
  const random = createSeededRandom(seed);
  const handling = handleFailpoints(interleave(random));
  const library = new ImageLibrary(opened.images, opened.store);
  try {
    const pulls = Array.from({ length: 3 }, (_, at) => pullSometimes(opened, images, random, at));
    const elsewhere = new ImageLibrary(other.images, other.store);
    await Promise.all([
      ...pulls,
      removeSometimes(elsewhere, random),
      collectOften(opened, random),
      collectOften(other, random),
    ]);
    await checkImages(opened);
    await opened.images.collect();
    await checkImages(opened);
    await checkNothingLeft(opened);
    await library.prune({ all: true });
    await checkNothingLeft(opened);
  } finally {
    handling.dispose();
  }
}

/** Each step of anybody may come after some of everybody else's. */
function interleave(random: SeededRandom): FailpointHandler {
  return () => (random.chance(0.4) ? pause(random) : undefined);
}

async function pause(random: SeededRandom): Promise<void> {
  for (let turns = random.below(4); turns >= 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
}

async function pullSometimes(
  { images: store }: OpenedStore,
  images: readonly TestImage[],
  random: SeededRandom,
  puller: number,
): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    const image = images[random.below(images.length)];
    if (!image) continue;
    const lease = await store.lease();
    const order = random.chance(0.5) ? image.blobs : [...image.blobs].reverse();
    for (const { descriptor, bytes } of order) {
      // As a pull does that asks first.
      if (!(await store.has(descriptor, lease))) await store.put(descriptor, pieces(bytes), lease);
      await pause(random);
    }
    // One in four gives up.
    if (random.chance(0.75)) await store.tag(`image:${puller}-${random.below(2)}`, image.root);
    await pause(random);
    await lease.release();
  }
}

async function removeSometimes(library: ImageLibrary, random: SeededRandom): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    await pause(random);
    const [image] = await library.list();
    const name = image?.references[0] ?? image?.id;
    if (name !== undefined) await library.remove(name).catch(unlessGone);
    if (random.chance(0.3)) await library.prune();
  }
}

async function collectOften({ images }: OpenedStore, random: SeededRandom): Promise<void> {
  for (let round = 0; round < 8; round += 1) {
    await pause(random);
    await images.collect();
  }
}

/** Somebody else has removed it, or given its name to another. */
function unlessGone(error: unknown): void {
  if (error instanceof SandboxError && (error.code === 'NotFound' || error.code === 'FailedPrecondition')) return;
  throw error;
}
