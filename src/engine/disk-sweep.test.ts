import { describe, expect, it } from 'vitest';
import { LayeredDiskStore } from '../storage/disks/layered-disk-store';
import { MemoryDiskBackend } from '../storage/disks/memory-disk-backend';
import { sweepDisks } from './disk-sweep';

describe('sweeping disks', () => {
  it('removes what no record names and nothing else', async () => {
    const store = new LayeredDiskStore(new MemoryDiskBackend());
    const [owned, lost, removed] = [
      await store.create({ sizeMiB: 1 }),
      await store.create({ sizeMiB: 1 }),
      await store.create({ sizeMiB: 1 }),
    ];
    const [kept, unnamed] = [await store.freeze(owned.id), await store.freeze(owned.id)];
    await store.freeze(lost.id);
    // Its instance is gone, its snapshot is not.
    const snapshot = await store.freeze(removed.id);
    await store.delete(removed.id);
    await sweepDisks(store, { disks: [owned.id], generations: [kept, snapshot] });
    const found = await store.list();
    expect(new Map(found.map(({ id, generations }) => [id, generations]))).toEqual(
      new Map([
        [owned.id, [kept.generation]],
        [removed.id, [snapshot.generation]],
      ]),
    );
    expect(unnamed.generation).toBe(2);
    await expect(store.fork(snapshot)).resolves.toBeDefined();
  });
});
