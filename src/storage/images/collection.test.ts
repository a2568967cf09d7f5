import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlobInfo, Digest } from '../../api/content-store';
import { printedRandom } from '../../base/seed-fixture';
import { imageLabel } from '../layers/stored-layer';
import { createMemoryContentStore, type OpenedStore, openIdbContentStore } from '../open-content-store';
import { randomId } from '../random-id';
import { makeSharingImages, runCollectionSchedule } from './gc-schedule-fixture';
import type { ImageRecord } from './image-record';
import { planCollection } from './plan-collection';

const digestOf = (n: number): Digest => `sha256:${n.toString(16).padStart(64, '0')}`;
const blob = (n: number, label?: string): BlobInfo => ({
  digest: digestOf(n),
  size: n,
  committedAt: 0,
  ...(label !== undefined && { label }),
});
const part = (n: number) => ({ digest: digestOf(n), size: n });
const imageOf = (parts: readonly number[]): ImageRecord => ({
  descriptor: { mediaType: '', ...part(parts[0] ?? 0) },
  references: [],
  addedAt: 0,
  variants: [],
  absent: [],
  parts: parts.map(part),
});

describe('a collection', () => {
  it('takes exactly what is of images and needed by none, by no living lease', () => {
    const numbers = fc.array(fc.nat(20), { maxLength: 8 });
    const input = fc.record({
      blobs: fc.uniqueArray(fc.tuple(fc.nat(20), fc.constantFrom(imageLabel, 'other', undefined)), {
        selector: ([n]) => n,
      }),
      images: fc.array(numbers, { maxLength: 3 }),
      leases: fc.array(fc.record({ digests: numbers, living: fc.boolean() }), { maxLength: 3 }),
      layers: fc.array(numbers, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(input, ({ blobs, images, leases, layers }) => {
        const given = leases.map(({ digests, living }, at) => ({
          kind: 'lease' as const,
          id: String(at),
          expiresAt: living ? 1 : 0,
          digests: digests.map(digestOf),
        }));
        const { remove = [], changes = [] } = planCollection({
          records: { images: images.map(imageOf), leases: given, users: [], steps: [] },
          layers: layers.map((parts, at) => ({ digest: digestOf(100 + at), parts: parts.map(part) })),
          blobs: blobs.map(([n, label]) => blob(n, label)),
          isLiving: ({ expiresAt }) => expiresAt > 0,
        });
        const needed = new Set([
          ...images.flat(),
          ...leases.filter(({ living }) => living).flatMap(({ digests }) => digests),
        ]);
        const expected = blobs.filter(([n, label]) => label === imageLabel && !needed.has(n)).map(([n]) => digestOf(n));
        expect(new Set(remove)).toEqual(new Set(expected));
        const dropped = new Set(changes.filter(({ collection }) => collection === 'layers').map(({ key }) => key));
        const there = new Set(blobs.map(([n]) => n));
        layers.forEach((parts, at) => {
          const stays = parts.every((n) => there.has(n) && needed.has(n));
          expect(dropped.has(digestOf(100 + at))).toBe(!stays);
        });
        const ended = changes.filter(({ collection }) => collection === 'imageLeases').map(({ key }) => key);
        expect(ended).toEqual(given.filter(({ expiresAt }) => expiresAt === 0).map(({ id }) => id));
      }),
    );
  });

  const inOneTab = async (): Promise<[OpenedStore]> => [createMemoryContentStore({ chunkSize: 4096 })];
  const inTwoTabs = async (): Promise<[OpenedStore, OpenedStore]> => {
    const options = { databaseName: `test-${randomId()}`, locks: undefined };
    return [await openIdbContentStore(options), await openIdbContentStore(options)];
  };

  it.each<[string, number, () => Promise<[OpenedStore, OpenedStore?]>]>([
    ['in one tab, in memory', 15, inOneTab],
    ['in two tabs, in IndexedDB', 4, inTwoTabs],
  ])(
    'beside pulls and removals takes nothing that is needed, and in the end all that is not (%s)',
    async (where, schedules, open) => {
      const random = printedRandom(`collections ${where}`);
      const images = await makeSharingImages();
      for (let schedule = 0; schedule < schedules; schedule += 1) {
        const seed = random.below(2 ** 32);
        const [opened, other] = await open();
        await runCollectionSchedule(opened, images, seed, other).catch((error: unknown) => {
          throw new Error(`Schedule ${seed}`, { cause: error });
        });
        await opened.store.close();
        await other?.store.close();
      }
    },
  );
});
