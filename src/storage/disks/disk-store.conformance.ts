import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock';
import { FakeClock } from '../../base/fake-clock';
import { BlockPortClient } from '../../rpc/block-port';
import type { DiskBackend } from './disk-backend';
import { DiskModel, readAll, readGeneration, same, steps, withDisk } from './disk-model-fixture';
import { extentSize } from './extent';
import { LayeredDiskStore } from './layered-disk-store';

export interface DiskFixture {
  readonly backend: DiskBackend;
  dispose(): Promise<void>;
}

const filled = (value: number, length = extentSize) => new Uint8Array(length).fill(value);

/** What every disk store promises. */
export function describeDiskStore(name: string, open: () => Promise<DiskFixture>, { runs }: { runs: number }): void {
  describe(`a disk store over ${name}`, () => {
    let fixture: DiskFixture;
    let store: LayeredDiskStore;
    beforeEach(async () => {
      fixture = await open();
      store = new LayeredDiskStore(fixture.backend, systemClock);
    });
    afterEach(async () => {
      await store.dispose();
      await fixture.dispose();
    });

    it('makes disks of zeros that cost nothing', async () => {
      const disk = await store.create({ sizeMiB: 2 });
      expect(disk).toEqual({
        id: disk.id,
        sizeBytes: 2 * 1024 * 1024,
        storedBytes: 0,
        sharedBytes: 0,
        generations: [],
        changed: false,
      });
      expect(await store.list()).toEqual([disk]);
      expect(same(await withDisk(store, disk.id, readAll), new Uint8Array(1024 * 1024))).toBe(true);
    });

    it.each([0, -1, 1 / 4096, 1.3, 65 * 1024, Number.NaN])('refuses a disk of %d MiB', async (sizeMiB) => {
      await expect(store.create({ sizeMiB })).rejects.toMatchObject({ code: 'InvalidArgument' });
    });

    it('says that there is no such disk or generation', async () => {
      const missing = { code: 'NotFound' };
      await expect(store.info('x')).rejects.toMatchObject(missing);
      await expect(store.open('x')).rejects.toMatchObject(missing);
      await expect(store.delete('x')).rejects.toMatchObject(missing);
      await expect(store.freeze('x')).rejects.toMatchObject(missing);
      await expect(store.fork({ disk: 'x', generation: 1 })).rejects.toMatchObject(missing);
      const { id } = await store.create({ sizeMiB: 1 });
      await expect(store.revert({ disk: id, generation: 1 })).rejects.toMatchObject(missing);
      await expect(store.deleteGeneration({ disk: id, generation: 1 })).rejects.toMatchObject(missing);
      // A failed opening leaves the disk free.
      await store.close(id);
      await withDisk(store, id, (client) => client.flush());
    });

    it('keeps what was flushed, across extents and from one opening to the next', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      await withDisk(store, id, async (client) => {
        await client.write(extentSize - 100, filled(7, 200));
        await client.flush();
        expect(await client.extents()).toEqual(Uint32Array.of(0, 1));
      });
      expect(await store.info(id)).toMatchObject({ storedBytes: 2 * extentSize, changed: true });
      const again = new LayeredDiskStore(fixture.backend, systemClock);
      const bytes = await withDisk(again, id, (client) => client.read(extentSize - 101, 202));
      expect(bytes).toEqual(Uint8Array.of(0, ...filled(7, 200), 0));
    });

    it('stores no zeros where there is nothing under them', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      await withDisk(store, id, async (client) => {
        await client.write(0, filled(0, 3 * extentSize));
        await client.write(3 * extentSize, filled(1));
        await client.flush();
      });
      expect((await store.info(id)).storedBytes).toBe(extentSize);
      const generation = await store.freeze(id);
      await withDisk(store, id, (client) => client.write(3 * extentSize, filled(0)));
      expect(same(await withDisk(store, id, readAll), filled(0, 1024 * 1024))).toBe(true);
      expect((await readGeneration(store, generation))[3 * extentSize]).toBe(1);
    });

    it('refuses a request beyond the end', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      await withDisk(store, id, async (client) => {
        await expect(client.read(1024 * 1024 - 1, 2)).rejects.toMatchObject({ code: 'InvalidArgument' });
        await expect(client.write(1024 * 1024, filled(1, 1))).rejects.toMatchObject({ code: 'InvalidArgument' });
      });
    });

    it('lets many requests meet in the same extents', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      await withDisk(store, id, (client) => client.write(0, filled(9, 1024 * 1024)));
      await withDisk(store, id, async (client) => {
        const sectors = Array.from({ length: 100 }, (_, index) => (index * 37) % 100);
        await Promise.all(
          sectors.flatMap((sector) => [
            client.write(sector * 5000, filled(sector, 5000)),
            ...(sector % 20 === 0 ? [client.flush()] : []),
          ]),
        );
        const bytes = await readAll(client);
        expect(
          sectors.every((sector) => bytes[sector * 5000 + 4999] === sector && bytes[sector * 5000] === sector),
        ).toBe(true);
        expect(bytes[100 * 5000]).toBe(9);
      });
    });

    it('takes more than its cache holds before any flush', async () => {
      const { id } = await store.create({ sizeMiB: 32 });
      await withDisk(store, id, async (client) => {
        for (let at = 0; at < 12; at += 1) await client.write(at * 1024 * 1024, filled(at + 1, 1024 * 1024));
        for (let at = 0; at < 12; at += 1) {
          expect(same(await client.read(at * 1024 * 1024, 1024 * 1024), filled(at + 1, 1024 * 1024))).toBe(true);
        }
      });
      expect((await store.info(id)).storedBytes).toBe(12 * 1024 * 1024);
    });

    it('freezes under a running machine, forks and reverts', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      const client = new BlockPortClient(await store.open(id));
      await client.write(0, filled(1, 10));
      const first = await store.freeze(id);
      expect(first).toEqual({ disk: id, generation: 1 });
      expect(await store.info(id)).toMatchObject({ generations: [1], head: 1, changed: false });
      await client.write(5, filled(2, 10));
      await client.flush();
      expect(await store.info(id)).toMatchObject({ changed: true });
      expect((await client.read(0, 15))[4]).toBe(1);
      const copy = await store.fork(first);
      expect(copy).toMatchObject({ base: first, storedBytes: 0, changed: false, generations: [] });
      expect((await withDisk(store, copy.id, readAll)).slice(0, 15)).toEqual(
        Uint8Array.of(...filled(1, 10), ...filled(0, 5)),
      );
      await client.close();
      await store.revert(first);
      expect((await withDisk(store, id, readAll))[5]).toBe(1);
      expect(await store.info(id)).toMatchObject({ head: 1, changed: false, storedBytes: extentSize });
    });

    it('counts generations on after a revert', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      const first = await store.freeze(id);
      await store.freeze(id);
      await store.revert(first);
      expect(await store.freeze(id)).toEqual({ disk: id, generation: 3 });
      expect(await store.info(id)).toMatchObject({ generations: [1, 2, 3], head: 3 });
    });

    it('has one opener at a time, and says so at once', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      const first = await store.freeze(id);
      const client = new BlockPortClient(await store.open(id));
      const refused = { code: 'FailedPrecondition', details: { disk: id } };
      await expect(store.open(id)).rejects.toMatchObject(refused);
      await expect(store.revert(first)).rejects.toMatchObject(refused);
      await expect(store.delete(id)).rejects.toMatchObject(refused);
      // Not waited for: what comes behind it finds the disk free all the same.
      const closed = client.close();
      await store.revert(first);
      await closed;
    });

    it('is free when its opener was closed from outside, or died without a word', async () => {
      const clock = new FakeClock();
      const strict = new LayeredDiskStore(fixture.backend, clock);
      const { id } = await strict.create({ sizeMiB: 1 });
      const closed = new BlockPortClient(await strict.open(id));
      await closed.write(0, filled(3, 1));
      await strict.close(id);
      const dead = await strict.open(id);
      const acknowledged = new Promise((resolve) => {
        dead.onmessage = resolve;
      });
      dead.postMessage({ id: 1, type: 'write', offset: 1, bytes: filled(4, 1) });
      await acknowledged;
      const waiting = strict.open(id);
      await clock.advance(2000);
      const client = new BlockPortClient(await waiting);
      expect(await client.read(0, 3)).toEqual(Uint8Array.of(3, 4, 0));
      await client.close();
      await strict.close(id);
    });

    it('lets only one of two come through that open at once', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      const outcomes = await Promise.allSettled([store.open(id), store.open(id)]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    });

    it('takes the disk from an opener of another thread, which may write no more', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      const client = new BlockPortClient(await store.open(id));
      await client.write(0, filled(1, 1));
      const other = new LayeredDiskStore(fixture.backend, systemClock);
      await withDisk(other, id, (taken) => taken.write(0, filled(2, 1)));
      await expect(client.flush()).rejects.toMatchObject({ code: 'FailedPrecondition' });
      expect((await withDisk(other, id, readAll))[0]).toBe(2);
    });

    it('joins a deleted generation with the one layer on it, either way, under a running machine', async () => {
      for (const [lower, upper] of [
        [2, 5],
        [5, 2],
      ]) {
        const { id } = await store.create({ sizeMiB: 1 });
        const client = new BlockPortClient(await store.open(id));
        await client.write(0, filled(1, (lower ?? 0) * extentSize));
        const first = await store.freeze(id);
        await client.write(extentSize, filled(2, (upper ?? 0) * extentSize));
        await client.flush();
        const reads = Array.from({ length: 16 }, (_, index) => client.read(index * extentSize, extentSize));
        await Promise.all([store.deleteGeneration(first), ...reads]);
        const expected = filled(0, 1024 * 1024);
        expected.fill(1, 0, (lower ?? 0) * extentSize);
        expected.fill(2, extentSize, ((upper ?? 0) + 1) * extentSize);
        expect(same(await readAll(client), expected)).toBe(true);
        await client.write(7 * extentSize, filled(3, 1));
        await client.close();
        expected[7 * extentSize] = 3;
        expect(same(await withDisk(store, id, readAll), expected)).toBe(true);
        expect(await store.info(id)).toMatchObject({
          generations: [],
          storedBytes: (Math.max(lower ?? 0, (upper ?? 0) + 1) + 1) * extentSize,
        });
        await store.delete(id);
      }
    });

    it('keeps a deleted generation for as long as several stand on it, and a deleted disk for its generations', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      await withDisk(store, id, (client) => client.write(0, filled(1, 10)));
      const first = await store.freeze(id);
      const copies = [await store.fork(first), await store.fork(first)];
      await store.delete(id);
      expect(await store.info(id)).toMatchObject({ generations: [1], storedBytes: extentSize, changed: false });
      await expect(store.open(id)).rejects.toMatchObject({ code: 'FailedPrecondition' });
      await store.deleteGeneration(first);
      await expect(store.info(id)).rejects.toMatchObject({ code: 'NotFound' });
      for (const { id: copy } of copies) {
        expect((await withDisk(store, copy, readAll))[9]).toBe(1);
        await store.delete(copy);
      }
      const { layers } = await fixture.backend.records();
      expect(layers.size).toBe(0);
    });

    it('reads through a chain of a hundred generations', async () => {
      const { id } = await store.create({ sizeMiB: 1 });
      const client = new BlockPortClient(await store.open(id));
      for (let round = 0; round < 100; round += 1) {
        await client.write((round % 16) * extentSize + round, filled(round + 1, 1));
        await store.freeze(id);
      }
      await client.close();
      const bytes = await withDisk(store, id, readAll);
      expect(Array.from({ length: 100 }, (_, round) => bytes[(round % 16) * extentSize + round])).toEqual(
        Array.from({ length: 100 }, (_, round) => round + 1),
      );
    });

    it('is what a plain array is, through freezes, forks, reverts, deletions and crashes', {
      timeout: 120_000,
    }, async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          const own = await open();
          try {
            await new DiskModel(own.backend).run(all);
          } finally {
            await own.dispose();
          }
        }),
        { numRuns: runs, endOnFailure: true },
      );
    });
  });
}
