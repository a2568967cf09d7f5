import type { FileAttributes } from '../../api/file-tree';
import { fileType, kindOf } from '../../formats/file-type';
import type { Qid } from '../../formats/nine-p/fields';

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
