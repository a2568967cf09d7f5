import type { FileTime, InodeNumber } from '../../api/file-tree';

/** Name of a shared folder. */
export type FolderName = string;

/**
 * Bytes of a file that are kept as one value. Smaller ones make Chromium keep a file for each few of them, larger ones
 * make a small change dear; see `disks/extent.ts` for what was measured.
 */
export const chunkBytes = 128 * 1024;

/** What is kept of a folder as a whole. */
export interface FolderHead {
  /** What its files may take, bytes. */
  readonly quotaBytes: number;
  /** Numbers are given once, so that a number that a machine remembers never means another file. */
  readonly lastInode: InodeNumber;
  /** The same for places in directories. */
  readonly lastCookie: number;
}

/** An inode. Records are replaced, never changed. */
export interface NodeRecord {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Of a symbolic link. */
  readonly target?: string;
  /** Of a file, bytes. */
  readonly size: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
  readonly atime: FileTime;
  readonly mtime: FileTime;
  readonly ctime: FileTime;
}

/** A name in a directory. */
export interface EntryRecord {
  readonly directory: InodeNumber;
  /** Counts up in a folder, so that readers of a directory go on where they were while it changes. */
  readonly cookie: number;
  readonly name: string;
  readonly inode: InodeNumber;
}

/**
 * What a client has asked to be changed and may not have heard the answer of, by the numbers of its questions (NFS
 * calls it a duplicate request cache). Written together with the changes, so that a question which is asked again of
 * a store that was started again is not obeyed twice.
 */
export type AnswerRecord = ReadonlyMap<number, unknown>;

/** All of a folder but the bytes of its files. */
export interface FolderRecords {
  readonly head: FolderHead;
  readonly nodes: ReadonlyMap<InodeNumber, NodeRecord>;
  /** In the order of their cookies. */
  readonly entries: readonly EntryRecord[];
  readonly answers: ReadonlyMap<string, AnswerRecord>;
  /** Which chunks of which file there are. What is missing is zeros. */
  readonly chunks: readonly (readonly [inode: InodeNumber, index: number])[];
}

/** A change of a folder: all of it is written, or nothing. Undefined: the thing goes. */
export interface FolderChange {
  readonly head: FolderHead;
  readonly nodes: ReadonlyMap<InodeNumber, NodeRecord | undefined>;
  /** By cookie. */
  readonly entries: ReadonlyMap<number, EntryRecord | undefined>;
  readonly answers: ReadonlyMap<string, AnswerRecord | undefined>;
  readonly chunks: readonly ChunkChange[];
}

export interface ChunkChange {
  readonly inode: InodeNumber;
  readonly index: number;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** Bytes in the chunks that a change writes. */
export function bytesOfChange({ chunks }: Pick<FolderChange, 'chunks'>): number {
  return chunks.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
}
