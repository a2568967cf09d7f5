import type { DiskGeneration, DiskId, DiskStore } from '../api/disk';

export interface DisksInUse {
  /** Disks of instances, and volumes. */
  readonly disks: readonly DiskId[];
  /** Generations of snapshots, and what new disks are made from. */
  readonly generations: readonly DiskGeneration[];
}

/**
 * Removes disks and generations that no record names: what a page left that closed between the making of a disk
 * and the writing of its record. To be run when the records were read and nothing is under way yet. What cannot
 * be removed is tried again the next time.
 */
export async function sweepDisks(store: DiskStore, { disks, generations }: DisksInUse): Promise<void> {
  const owned = new Set(disks);
  const kept = new Set(generations.map(keyOf));
  for (const { id, generations: found } of await store.list()) {
    // The head first: a generation that nothing stands on goes without being joined with it.
    if (!owned.has(id)) await store.delete(id).catch(() => undefined);
    for (const generation of found) {
      const each = { disk: id, generation };
      if (!kept.has(keyOf(each))) await store.deleteGeneration(each).catch(() => undefined);
    }
  }
}

function keyOf({ disk, generation }: DiskGeneration): string {
  return `${disk}@${generation}`;
}
