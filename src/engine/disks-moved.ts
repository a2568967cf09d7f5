import type { DiskStore } from '../api/disk';
import type { SnapshotRecord } from '../api/snapshot';

/** Whether the disks are not as they were when the machine was saved: its memory does not match them any more. */
export async function disksMoved(disks: Pick<DiskStore, 'info'>, saved: SnapshotRecord): Promise<boolean> {
  for (const { disk, generation } of saved.disks) {
    const { changed, head } = await disks.info(disk);
    if (changed || head !== generation) return true;
  }
  return false;
}
