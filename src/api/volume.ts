import type { DiskFormat, DiskId, DiskInfo, DiskSpec } from './disk';
import type { InstanceId } from './instance';

export type VolumeId = string;

/** A volume as it was at one instant: a generation of its disk, with a name. */
export interface VolumeSnapshot {
  /** Of the disk; it names the snapshot within its volume. */
  readonly generation: number;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A disk that is no instance's: it outlives those that it is attached to, which is one at a time. */
export interface VolumeRecord {
  readonly kind: 'volume';
  readonly id: VolumeId;
  /** Unique among volumes. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly disk: DiskId;
  readonly sizeMiB: number;
  /** The file system that it was made with; what a guest or a file has put there is not known. */
  readonly format?: DiskFormat;
  /** Oldest first. */
  readonly snapshots: readonly VolumeSnapshot[];
}

export interface VolumeStatus extends VolumeRecord, Pick<DiskInfo, 'storedBytes' | 'sharedBytes'> {
  readonly attachedTo?: { readonly id: InstanceId; readonly name: string };
  /** Who has it open without being an instance, for people: "the container web". */
  readonly usedBy?: string;
}

/** A volume to be made. */
export interface VolumeDraft extends DiskSpec {
  /** Left to the lab when absent. */
  readonly name?: string;
}

/** In the place of a disk that is to be made: a volume, by id or name. */
export interface VolumeReference {
  readonly volume: string;
}

/** How a volume leaves: as the disk's bytes, those compressed, or a tar that GNU tar makes a file with holes of. */
export type VolumeFileForm = 'raw' | 'gzip' | 'tar';
