import type { FileAttributes, InodeNumber } from '../../api/file-tree';
import { fileType } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';

/** The directory whose entries are layers. */
export const rootInode = 1;

const epoch = { seconds: 0, nanoseconds: 0 };

/** One of several layers in one tree: its inodes are those after `base`. */
export interface LayerPart {
  /** What is added to the layer's own inode numbers. */
  readonly base: number;
  readonly nodes: number;
}

export function rootAttributes(links: number): FileAttributes {
  return {
    inode: rootInode,
    mode: fileType.directory | 0o755,
    uid: 0,
    gid: 0,
    links,
    size: 0,
    storedBytes: 0,
    atime: epoch,
    mtime: epoch,
    ctime: epoch,
  };
}

/** Of the root directory itself nothing else can be asked: it is no link and no file. */
export function partOf<Part extends LayerPart>(parts: readonly Part[], inode: InodeNumber): Part {
  const part = parts.find(({ base, nodes }) => inode > base && inode <= base + nodes);
  if (part) return part;
  throw inode === rootInode
    ? fileError('EISDIR', 'A directory of layers')
    : fileError('ESTALE', `No such inode: ${inode}`);
}

export function outward({ base }: LayerPart, attributes: FileAttributes): FileAttributes {
  return { ...attributes, inode: attributes.inode + base };
}
