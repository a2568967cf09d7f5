import type { Digest } from '../../api/content-store';
import type { DiskGeneration, DiskId } from '../../api/disk';
import type { SnapshotRecord } from '../../api/snapshot';
import type { VolumeRecord } from '../../api/volume';
import { isDigest } from '../../formats/digest';
import type { ArchivedRecord, LabDocument } from '../../formats/lab-document';
import { appLabel } from '../app-library';
import { logLabel, type StoredLog } from '../containers/log-store';
import type { StoredInstance } from '../lab-records';
import { moduleLabel } from '../unikernel-library';

/** What the records of a lab name that is no record. */
export interface LabData {
  readonly generations: readonly DiskGeneration[];
  /** Disks that are written to; `as`: the state in which their machine was saved. */
  readonly heads: readonly { readonly disk: DiskId; readonly as?: DiskGeneration }[];
  /** Layers of snapshots. */
  readonly memory: readonly Digest[];
  readonly blobs: LabDocument['blobs'];
}

export function dataOf(records: readonly ArchivedRecord[]): LabData {
  const instances = valuesOf<StoredInstance>(records, 'instances');
  const snapshots = valuesOf<SnapshotRecord>(records, 'snapshots');
  const volumes = valuesOf<VolumeRecord>(records, 'disks');
  const logs = valuesOf<StoredLog>(records, 'containerLogs');
  const saved = new Map<DiskId, DiskGeneration>();
  for (const { id, disks } of instances) {
    const automatic = snapshots.find((each) => each.automatic && each.instance === id);
    for (const [at, disk] of disks.entries()) {
      const generation = automatic?.disks[at];
      if (generation) saved.set(disk, generation);
    }
  }
  const heads = new Set([...instances.flatMap(({ disks }) => disks), ...volumes.map(({ disk }) => disk)]);
  const generations = [
    ...snapshots.flatMap(({ disks }) => disks),
    ...volumes.flatMap(({ disk, snapshots: states }) => states.map(({ generation }) => ({ disk, generation }))),
    ...instances.flatMap(sourcesOf),
    ...snapshots.flatMap(sourcesOf),
  ];
  const blobs = [
    ...instances.flatMap(({ spec }) => blobsOf(spec)),
    ...logs.flatMap(({ pieces }) => pieces.map(({ digest }) => ({ digest, label: logLabel }))),
  ];
  return {
    generations: unique(generations, generationKey),
    heads: [...heads].map((disk) => {
      const as = saved.get(disk);
      return as ? { disk, as } : { disk };
    }),
    memory: [...new Set(snapshots.flatMap(({ layers }) => layers))],
    blobs: unique(blobs, ({ digest }) => digest),
  };
}

/** The files of a user's that disks of an instance or a snapshot stand on. */
function sourcesOf({ spec }: Pick<StoredInstance, 'spec'>): readonly DiskGeneration[] {
  return (spec.disks ?? []).flatMap(({ source }) => (source?.generation ? [source.generation] : []));
}

/** Modules that a user brought, and files for apps: blobs of the store that are named by digest. */
export function blobsOf(spec: StoredInstance['spec']): LabDocument['blobs'] {
  if (spec.kind === 'vm') return [];
  const [, ...digests] = spec.image.split('@');
  const label = spec.kind === 'app' ? appLabel : moduleLabel;
  const files = spec.kind === 'app' ? spec.files.map(({ digest }) => digest) : [];
  return [...digests, ...files].filter(isDigest).map((digest) => ({ digest, label }));
}

export function valuesOf<T>(
  records: readonly ArchivedRecord[],
  collection: ArchivedRecord['collection'],
): readonly T[] {
  return records.filter((each) => each.collection === collection).map(({ value }) => value as T);
}

export function generationKey({ disk, generation }: DiskGeneration): string {
  return `${disk}@${generation}`;
}

function unique<T>(all: readonly T[], key: (each: T) => string): readonly T[] {
  return [...new Map(all.map((each) => [key(each), each])).values()];
}
