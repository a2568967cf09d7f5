import type { Digest } from './content-store';

/** A disk, by a random id. */
export type DiskId = string;

/** A frozen state of a disk. Later writes go elsewhere, so it never changes. */
export interface DiskGeneration {
  readonly disk: DiskId;
  /** Counts up from 1 with each freeze of the disk. */
  readonly generation: number;
}

/** A file system that a new disk can have. */
export type DiskFormat = 'ext4';

/**
 * Sizes in MiB of the empty file systems that there are. A formatted disk has one of them: a size in between is
 * rounded up, which costs nothing, since what was never written takes no room.
 */
export const templateSizesMiB: readonly number[] = [
  64, 128, 256, 512, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12_288, 16_384, 24_576, 32_768, 49_152, 65_536,
];

/** What a disk is to a machine that starts from a BIOS. */
export type DriveKind = 'floppy' | 'disk' | 'cdrom';

/** A file of a user's that a disk began as. */
export interface DiskSource {
  /** What the file was called. */
  readonly name: string;
  /** Of the whole file. */
  readonly digest: Digest;
  /** The file's length, to the byte: what the machine sees. */
  readonly sizeBytes: number;
  /** The file as it is kept here. The machine's disk stands on it and never changes it. Absent: it is not here. */
  readonly generation?: DiskGeneration;
}

/** A disk to be made. */
export interface DiskSpec {
  /** A whole number of sectors of 512 bytes: an imported disk is as large as its file was. */
  readonly sizeMiB: number;
  /** The file system that it has from the beginning; without one it is all zeros. */
  readonly format?: DiskFormat;
  /** Of a machine that starts from a BIOS; absent: a hard disk. */
  readonly drive?: DriveKind;
  /** Absent: it begins empty. */
  readonly source?: DiskSource;
}

export interface DiskInfo {
  readonly id: DiskId;
  readonly sizeBytes: number;
  /** Bytes in extents of its own, over all its generations. */
  readonly storedBytes: number;
  /** Bytes in extents of other disks that its head stands on. */
  readonly sharedBytes: number;
  /** Generations that are kept, oldest first. */
  readonly generations: readonly number[];
  /** What its writable head stands on, if it is a copy-on-write copy. */
  readonly base?: DiskGeneration;
  /** The last generation of its own that its head stands on; absent before the first freeze. */
  readonly head?: number;
  /** True when something was written (and flushed) after that generation. */
  readonly changed: boolean;
}

/** How a disk is opened by somebody who has to come back to it when the store was started again. */
export interface DiskOpening {
  /** Random; names this opening. */
  readonly mark: string;
  /** Refused (`FailedPrecondition`) unless one of these was the last opening, and nobody froze or reverted it since. */
  readonly after?: readonly string[];
}

/**
 * Copy-on-write block disks. A disk is a writable head over frozen generations. At most one machine has a
 * disk open. Errors: `NotFound`, `FailedPrecondition` (in use, or deleted with generations that are kept).
 */
export interface DiskStore {
  create(spec: DiskSpec): Promise<DiskInfo>;
  /** A new disk whose head stands on another's generation. */
  fork(base: DiskGeneration): Promise<DiskInfo>;
  info(disk: DiskId): Promise<DiskInfo>;
  list(): Promise<readonly DiskInfo[]>;
  /** The end of a block port (rpc/block-port.ts) that goes to the machine's worker. Closing it frees the disk. */
  open(disk: DiskId, opening?: DiskOpening): Promise<MessagePort>;
  /**
   * Frees a disk whose machine has ended, after writing what it had not flushed. Browsers that do not tell when a
   * worker has gone need it; harmless when the disk is not open.
   */
  close(disk: DiskId): Promise<void>;
  /**
   * Makes what was acknowledged so far a generation, durably; the machine may go on writing. With the mark of an
   * opening only if that is still the one: `Unavailable` if the store has ended since, with what it had not written.
   */
  freeze(disk: DiskId, mark?: string): Promise<DiskGeneration>;
  /** Drops the head and begins a new one on that generation. Not while the disk is open. */
  revert(generation: DiskGeneration): Promise<void>;
  /**
   * The generation can be used no more, and its extents are freed. What stands on it reads as before: where that
   * is one layer the two are joined, where several do the extents stay until at most one is left.
   */
  deleteGeneration(generation: DiskGeneration): Promise<void>;
  /** Frees the head. Generations stay until each is deleted, the last of them with the disk's record. */
  delete(disk: DiskId): Promise<void>;
}
