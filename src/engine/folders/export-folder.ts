import type { FileAttributes, FileTime, InodeNumber } from '../../api/file-tree';
import { fileType, isDirectory, permissionBits, typeOf } from '../../formats/file-type';
import type { TarEntryKind } from '../../formats/tar/tar-entry';
import { serializeTarEntry, tarEnd, tarPadding } from '../../formats/tar/tar-writer';
import type { FolderPortClient } from '../../rpc/folder-port';
import { findDirectory } from './folder-paths';
import { listAll, readFile } from './read-tree';

type Tree = Pick<
  FolderPortClient,
  'root' | 'attributes' | 'lookup' | 'list' | 'read' | 'readLink' | 'xattr' | 'xattrNames'
>;

/** Sockets are no files of a tar; whoever made one makes it again. */
const kinds: Readonly<Record<number, TarEntryKind>> = {
  [fileType.regular]: 'file',
  [fileType.directory]: 'directory',
  [fileType.symlink]: 'symlink',
  [fileType.character]: 'character',
  [fileType.block]: 'block',
  [fileType.fifo]: 'fifo',
};

/**
 * What is below a directory, as a tar: with owners, times, attributes and hard links. A file that changes meanwhile is
 * there with the size that it had.
 */
export async function* exportFolder(
  tree: Tree,
  path: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  yield* exportBelow(tree, await findDirectory(tree, path), '', new Map());
  yield tarEnd;
}

/** `linked`: files with several names, by the first of them. */
async function* exportBelow(
  tree: Tree,
  directory: InodeNumber,
  prefix: string,
  linked: Map<InodeNumber, string>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  for await (const { name, inode } of listAll(tree, directory)) {
    // Removed since it was listed.
    const found = await tree.attributes(inode).catch(() => undefined);
    const kind = found && kinds[typeOf(found.mode)];
    if (!found || !kind) continue;
    const path = prefix + name;
    const first = linked.get(inode);
    if (first !== undefined) {
      yield serializeTarEntry({ ...(await describe(tree, found, path, 'link')), target: first });
      continue;
    }
    if (!isDirectory(found) && found.links > 1) linked.set(inode, path);
    yield serializeTarEntry(await describe(tree, found, path, kind));
    if (kind === 'file') yield* exactly(readFile(tree, inode), found.size);
    if (kind === 'directory') yield* exportBelow(tree, inode, `${path}/`, linked);
  }
}

async function describe(tree: Tree, found: FileAttributes, path: string, kind: TarEntryKind) {
  const { inode, mode, uid, gid, size, device, mtime } = found;
  const xattrs = new Map<string, Uint8Array>();
  for (const name of await tree.xattrNames(inode)) {
    const value = await tree.xattr(inode, name);
    if (value) xattrs.set(name, value);
  }
  return {
    kind,
    path,
    target: kind === 'symlink' ? await tree.readLink(inode) : '',
    mode: mode & permissionBits,
    uid,
    gid,
    mtime: toSeconds(mtime),
    size: kind === 'file' ? size : 0,
    device: device ?? { major: 0, minor: 0 },
    ...(xattrs.size > 0 && { xattrs }),
  };
}

/** As many bytes as the header has said, with zeros for what is not there any more. */
async function* exactly(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let left = size;
  for await (const piece of bytes) {
    if (left === 0) break;
    const part = piece.subarray(0, left);
    left -= part.length;
    yield part;
  }
  if (left > 0) yield new Uint8Array(left);
  const padding = tarPadding(size);
  if (padding.length > 0) yield padding;
}

function toSeconds({ seconds, nanoseconds }: FileTime): number {
  return seconds + nanoseconds / 1e9;
}
