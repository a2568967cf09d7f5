import type { Digest } from './content-store';
import type { DiskGeneration } from './disk';
import type { InstanceId, VmSpec } from './instance';
import type { SnapshotConfig } from './machine';

export type SnapshotId = string;

/**
 * A machine at one instant: RAM, devices and the generation of every disk, taken while it stood still with
 * all its block requests answered.
 */
export interface SnapshotRecord {
  readonly id: SnapshotId;
  readonly name: string;
  readonly notes: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** The snapshot it descends from; absent for a root of the tree. */
  readonly parent?: SnapshotId;
  /** The instance it was taken of; it may be gone. */
  readonly instance: InstanceId;
  /** Of a kind that can be saved. */
  readonly spec: VmSpec;
  readonly config: SnapshotConfig;
  /** Blobs that make up RAM and devices, oldest first: a whole state, then what changed each time. */
  readonly layers: readonly Digest[];
  /** Which of the layers is a prepared snapshot's: it is shared by all and not this record's to delete. */
  readonly base?: Digest;
  /** Bytes of the last layer: what this snapshot alone costs, disks not counted. */
  readonly size: number;
  /** One for each disk of the spec, in its order. */
  readonly disks: readonly DiskGeneration[];
  /** Taken by the page itself, to come back after a reload. At most one for each instance. */
  readonly automatic: boolean;
}
