/**
 * What a file server serves: inodes by number, as VFS and NFS have them. Who holds a number may use it as long as the
 * file exists; opening and closing are the server's own business, except that a file which was removed stays while
 * somebody {@link FileTree.hold}s it.
 *
 * Answers come at once where they are known (a layer's metadata) and as promises where they are not. Errors carry the
 * number a guest shall see (formats/linux-errno.ts).
 */
export type Awaitable<T> = T | Promise<T>;

/** Number of a file in its tree, from 1; safe integers. */
export type InodeNumber = number;

/** Seconds and nanoseconds since the epoch. */
export interface FileTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface FileAttributes {
  readonly inode: InodeNumber;
  /** File type and permissions (Linux's inode(7)). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names that lead here. */
  readonly links: number;
  /** Of a device, as `major` and `minor`. */
  readonly device?: { readonly major: number; readonly minor: number };
  /** Bytes. */
  readonly size: number;
  /** Bytes that its content takes where it is kept. */
  readonly storedBytes: number;
  readonly atime: FileTime;
  readonly mtime: FileTime;
  readonly ctime: FileTime;
}

export interface TreeEntry {
  readonly name: string;
  readonly inode: InodeNumber;
  /** File type: the mode's upper four bits. */
  readonly kind: number;
  /** What to give {@link FileTree.list} to go on behind this entry; stays good while the directory changes. */
  readonly next: number;
}

/** statfs(2). */
export interface TreeUsage {
  readonly blockSize: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly files: number;
  readonly freeFiles: number;
}

export interface FileTree {
  readonly root: InodeNumber;
  /** Absent: nothing can be changed (EROFS). */
  readonly changes?: FileChanges;
  /** Present where inode numbers are given out as files are met: what they mean is saved with a machine. */
  readonly numbering?: TreeNumbering;
  attributes(inode: InodeNumber): Awaitable<FileAttributes>;
  /** Undefined when there is no such name; `..` is the parent, at the root the root. ENOTDIR. */
  lookup(directory: InodeNumber, name: string): Awaitable<FileAttributes | undefined>;
  /** At most `limit` entries behind `after`, 0 being the beginning; without `.` and `..`. None at the end. */
  list(directory: InodeNumber, after: number, limit: number): Awaitable<readonly TreeEntry[]>;
  readLink(inode: InodeNumber): Awaitable<string>;
  /** The bytes in pieces, fewer than asked for at the end of the file. Not to be written to. */
  read(inode: InodeNumber, offset: number, length: number): Awaitable<readonly Uint8Array[]>;
  /** Undefined when there is none of that name. */
  xattr(inode: InodeNumber, name: string): Awaitable<Uint8Array | undefined>;
  xattrNames(inode: InodeNumber): Awaitable<readonly string[]>;
  usage(): Awaitable<TreeUsage>;
}

/** Which inode numbers mean what, in values that a machine's state can hold (runtime/vm/state-values.ts). */
export interface TreeNumbering {
  save(): unknown;
  /** Before anything else is asked of the tree. What is damaged is passed over: its inodes are stale then. */
  restore(saved: unknown): void;
}

/** An owner of locks: one process of one client. */
export interface LockOwner {
  readonly client: string;
  readonly process: number;
}

export interface FileLock {
  readonly exclusive: boolean;
  readonly start: number;
  /** First byte behind it; infinite for "to the end". */
  readonly end: number;
  readonly owner: LockOwner;
}

/** What a file is created with. */
export interface NewFile {
  /** File type and permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Of a symbolic link. */
  readonly target?: string;
}

/** What setattr(2) and its like change; absent things stay. `'now'` is the tree's own clock. */
export interface AttributeChange {
  /** Permissions. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly atime?: FileTime | 'now';
  readonly mtime?: FileTime | 'now';
}

/** What a writable tree can do beyond reading. */
export interface FileChanges {
  /** EEXIST when the name is taken. */
  create(directory: InodeNumber, name: string, file: NewFile): Awaitable<FileAttributes>;
  link(directory: InodeNumber, name: string, inode: InodeNumber): Awaitable<void>;
  /** ENOTDIR or EISDIR when it is not what is to be removed, ENOTEMPTY. */
  unlink(directory: InodeNumber, name: string, what: 'directory' | 'file' | 'either'): Awaitable<void>;
  rename(
    from: { readonly directory: InodeNumber; readonly name: string },
    to: { readonly directory: InodeNumber; readonly name: string },
  ): Awaitable<void>;
  /** Returns how many bytes were written; `'end'` is behind whatever the file has then. */
  write(inode: InodeNumber, offset: number | 'end', bytes: Uint8Array): Awaitable<number>;
  setAttributes(inode: InodeNumber, change: AttributeChange): Awaitable<void>;
  setXattr(inode: InodeNumber, name: string, value: Uint8Array, when: 'any' | 'new' | 'existing'): Awaitable<void>;
  removeXattr(inode: InodeNumber, name: string): Awaitable<void>;
  /** Resolves when everything that was changed before is durable. */
  sync(): Awaitable<void>;
  /** The inode stays readable after its last name has gone, until it was released as often as it was held. */
  hold(inode: InodeNumber): void;
  release(inode: InodeNumber): void;
  /** False when another owner's lock is in the way. */
  lock(inode: InodeNumber, lock: FileLock): Awaitable<boolean>;
  unlock(inode: InodeNumber, range: Omit<FileLock, 'exclusive'>): Awaitable<void>;
  /** A lock of another owner that would be in the way. */
  findLock(inode: InodeNumber, lock: FileLock): Awaitable<FileLock | undefined>;
}
