import type { FileAttributes } from '../../api/file-tree';
import type { Qid } from '../../formats/nine-p/fields';

/** File types in a mode (Linux's inode(7)). */
export const fileType = {
  mask: 0o170000,
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  regular: 0o100000,
  symlink: 0o120000,
} as const;

/** Permissions with setuid, setgid and sticky. */
export const permissionBits = 0o7777;

export function typeOf(mode: number): number {
  return mode & fileType.mask;
}

export function isDirectory({ mode }: Pick<FileAttributes, 'mode'>): boolean {
  return typeOf(mode) === fileType.directory;
}

/** As directory entries have it. */
export function kindOf(mode: number): number {
  return (mode & fileType.mask) >> 12;
}

/** A client that caches takes another version for another content. */
export function qidOf({ inode, mode, size, mtime }: FileAttributes): Qid {
  const version = (mtime.seconds ^ mtime.nanoseconds ^ (size << 8)) >>> 0;
  return { type: qidType(kindOf(mode)), version, path: inode };
}

/** High bits of the mode in 9P (QTDIR, QTSYMLINK). */
export function qidType(kind: number): number {
  if (kind === fileType.directory >> 12) return 0x80;
  return kind === fileType.symlink >> 12 ? 0x02 : 0;
}
