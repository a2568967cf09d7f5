import type { FileAttributes, FileChanges, FileTree } from '../../api/file-tree';
import { fileError } from '../../formats/linux-errno';
import type { Reply } from '../../formats/nine-p/messages';
import type { Fid, FidTable } from './fid-table';
import type { HeldLocks } from './held-locks';

/** What one client has agreed with the server, from its `version` to the next. */
export interface Session {
  readonly tree: FileTree;
  readonly fids: FidTable;
  readonly locks: HeldLocks;
  /** Bytes of a message at most, both ways. */
  readonly messageBytes: number;
}

/** A reply whose data is not copied into the message. */
export interface DataReply {
  readonly type: 'read' | 'readdir';
  readonly pieces: readonly Uint8Array[];
}

export type Outcome = Reply | DataReply;

/** EROFS where nothing can be changed. */
export function requireChanges({ tree }: Session): FileChanges {
  if (!tree.changes) throw fileError('EROFS', 'These files cannot be changed');
  return tree.changes;
}

/** A fid that names a file, not an extended attribute of one. */
export function fileOf({ fids }: Session, number: number): Fid {
  const fid = fids.get(number);
  if (fid.xattr) throw fileError('EBADF', `The fid ${number} is one of an extended attribute`);
  return fid;
}

/** The fid of a file that was found at `parent`. */
export function foundBelow(from: Fid, { inode }: FileAttributes, name: string): Fid {
  return { inode, parent: from.inode, name, root: from.root, uid: from.uid };
}
