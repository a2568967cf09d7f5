import type { DiskId, DiskInfo, DiskStore } from '../api/disk';
import type { InstanceSpec } from '../api/instance';
import type { VolumeId } from '../api/volume';
import type { StoredInstance } from './lab-records';

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

/** The disks that go with an instance: volumes stay. */
export function ownDisks({ spec, disks }: Pick<StoredInstance, 'spec' | 'disks'>): readonly DiskId[] {
  return disks.filter((_, index) => volumeAt(spec, index) === undefined);
}

/** The volume that a disk of an instance is. */
export function volumeAt(spec: InstanceSpec, index: number): VolumeId | undefined {
  return spec.kind === 'vm' ? spec.disks?.[index]?.volume : undefined;
}

export function volumesOf(spec: InstanceSpec): readonly VolumeId[] {
  return (spec.disks ?? []).flatMap((_, index) => volumeAt(spec, index) ?? []);
}
