import type { DiskId, DiskInfo, DiskStore } from '../api/disk';

/** Makes disks one after the other, all or none: those that were made are removed when one cannot be. */
export async function makeDisks(
  disks: DiskStore,
  makers: readonly (() => Promise<DiskInfo>)[],
): Promise<readonly DiskId[]> {
  const made: DiskId[] = [];
  try {
    for (const make of makers) made.push((await make()).id);
    return made;
  } catch (error) {
    await removeDisks(disks, made);
    throw error;
  }
}

/** What cannot be removed now is removed when the lab is opened the next time. */
export async function removeDisks(disks: DiskStore, ids: readonly DiskId[]): Promise<void> {
  for (const id of ids) await disks.delete(id).catch(() => {});
}
