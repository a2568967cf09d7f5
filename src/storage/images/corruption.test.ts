import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../api/content-store';
import { printedRandom } from '../../base/seed-fixture';
import type { StoreSchema } from '../database';
import { type OpenedStore, openIdbContentStore } from '../open-content-store';
import { randomId } from '../random-id';
import { collectBytes, makeImage, makeLayer, pullImage } from './image-fixture';
import { checkImages } from './image-invariants-fixture';
import { ImageLibrary } from './image-library';

const chunkSize = 2000;
const flips = 40;

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

describe('a blob of an image that was damaged in the store', () => {
  it('is told with its digest when it is read; the others go on working, and another pull heals it', async () => {
    const random = printedRandom('damaged blobs');
    const databaseName = `test-${randomId()}`;
    const opened: OpenedStore = await openIdbContentStore({ databaseName, chunkSize, locks: undefined });
    const { images, store } = opened;
    const base = await makeLayer({ 'bin/sh': 'shell'.repeat(1500) });
    const damaged = await makeImage([base, await makeLayer({ 'a.txt': 'a'.repeat(5000) }, 'none')]);
    const sound = await makeImage([await makeLayer({ 'b.txt': 'b' })]);
    await pullImage(images, damaged, 'damaged');
    await pullImage(images, sound, 'sound');
    const library = new ImageLibrary(images, store);
    const record = (await images.records()).images.find(({ descriptor }) => descriptor.digest === damaged.root.digest);
    // Every blob of the image, documents and indexes among them, and again at random.
    const parts = record?.parts ?? [];
    expect(parts.length).toBe(7);
    for (let flip = 0; flip < flips; flip += 1) {
      const part = parts[flip < parts.length ? flip : random.below(parts.length)]!;
      await flipBit(databaseName, part.digest, random.below(part.size * 8));
      const lost = { code: 'DataLoss', details: { digest: part.digest } };
      const reading = flip % 2 === 0 ? images.read(part.digest) : collectBytes(images.open(part.digest));
      await expect(reading).rejects.toMatchObject(lost);
      expect((await library.select('sound')).layers).toHaveLength(1);
      expect(await library.list()).toHaveLength(2);
      await pullImage(images, damaged, 'damaged');
      expect(await images.read(part.digest)).toHaveLength(part.size);
    }
    expect(await checkImages(opened)).toHaveLength(2);
    await images.collect();
    expect((await library.select('damaged')).layers).toHaveLength(2);
    await store.close();
    indexedDB.deleteDatabase(databaseName);
  });
});
