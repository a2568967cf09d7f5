import { openDB } from 'idb';
import type { Digest } from '../../api/content-store';
import { SandboxError } from '../../base/errors';
import type { SeededRandom } from '../../base/seeded-random';
import type { StoreSchema } from '../database';
import { openIdbContentStore } from '../open-content-store';
import { randomId } from '../random-id';
import { collectBytes, makeImage, makeLayer, pullImage } from './image-fixture';
import { checkImages } from './image-invariants-fixture';
import { ImageLibrary } from './image-library';
import type { ImageStore } from './image-store';

const chunkSize = 2000;

/**
 * Inverts one bit of a stored blob of an image, again and again, each of its blobs at
 * least once. Throws unless the damage is told with the blob's digest when it is read, the other image goes on working,
 * another pull heals it, and everything is whole in the end. Needs an IndexedDB. For tests.
 */
export async function damageAndHeal(random: SeededRandom, flips: number): Promise<void> {
  const databaseName = `test-${randomId()}`;
  const opened = await openIdbContentStore({ databaseName, chunkSize, locks: undefined });
  const { images, store } = opened;
  const base = await makeLayer({ 'bin/sh': 'shell'.repeat(1500) });
  const damaged = await makeImage([base, await makeLayer({ 'a.txt': 'a'.repeat(5000) }, 'none')]);
  const sound = await makeImage([await makeLayer({ 'b.txt': 'b' })]);
  await pullImage(images, damaged, 'damaged');
  await pullImage(images, sound, 'sound');
  const library = new ImageLibrary(images, store);
  const record = (await images.records()).images.find(({ descriptor }) => descriptor.digest === damaged.root.digest);
  // Manifest and config, of each layer what came, what it holds and its index.
  const parts = record?.parts ?? [];
  ensure(parts.length === 7, `the image has ${parts.length} blobs`);
  for (let flip = 0; flip < flips; flip += 1) {
    const part = parts[flip < parts.length ? flip : random.below(parts.length)];
    if (!part) throw broken('the image has no blobs');
    const bit = random.below(part.size * 8);
    const where = `bit ${bit} of ${part.digest}`;
    await flipBit(databaseName, part.digest, bit);
    const told = await readError(images, part.digest, flip % 2 === 0);
    ensure(told?.code === 'DataLoss' && told.details?.digest === part.digest, `${where} is not told: ${told}`);
    ensure((await library.select('sound')).layers.length === 1, `${where} is in the way of another image`);
    ensure((await library.list()).length === 2, `${where} keeps images from being listed`);
    await pullImage(images, damaged, 'damaged');
    ensure((await images.read(part.digest)).length === part.size, `${where} is not healed`);
  }
  ensure((await checkImages(opened)).length === 2, 'an image is missing');
  await images.collect();
  ensure((await library.select('damaged')).layers.length === 2, 'a layer is missing');
  await store.close();
  indexedDB.deleteDatabase(databaseName);
}

/** Inverts one bit of what is stored of a blob. */
async function flipBit(databaseName: string, digest: Digest, bit: number): Promise<void> {
  const back = await openDB<StoreSchema>(databaseName);
  const record = await back.get('blobs', digest);
  const key: [string, number] = [record?.content ?? '', Math.floor(bit / 8 / chunkSize)];
  const chunk = new Uint8Array(await ((await back.get('chunks', key)) ?? new Blob()).arrayBuffer());
  const at = (bit >> 3) % chunkSize;
  chunk[at] = (chunk[at] ?? 0) ^ (1 << (bit & 7));
  await back.put('chunks', new Blob([chunk]), key);
  back.close();
}

/** What is said when a blob is read, whole or in pieces; nothing when it is taken for sound. */
async function readError(images: ImageStore, digest: Digest, whole: boolean): Promise<SandboxError | undefined> {
  try {
    await (whole ? images.read(digest) : collectBytes(images.open(digest)));
    return undefined;
  } catch (error) {
    if (error instanceof SandboxError) return error;
    throw error;
  }
}

function ensure(isSo: boolean, otherwise: string): void {
  if (!isSo) throw broken(otherwise);
}

function broken(what: string): SandboxError {
  return new SandboxError('Internal', `Damage in the store: ${what}`);
}
