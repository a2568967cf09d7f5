import type { FileTime, InodeNumber, NewFile } from '../../api/file-tree';
import type { Operation } from '../../api/operation';
import { SandboxError } from '../../base/errors';
import { fileType, isDirectory } from '../../formats/file-type';
import type { TarEntry, TarEntryKind } from '../../formats/tar/tar-entry';
import type { FolderPortClient } from '../../rpc/folder-port';
import { scanTar, type TarReader } from './scan-tar';
import { noWay, tarNames } from './tar-names';

type Tree = FolderPortClient;

const types: Readonly<Record<Exclude<TarEntryKind, 'link'>, number>> = {
  file: fileType.regular,
  directory: fileType.directory,
  symlink: fileType.symlink,
  character: fileType.character,
  block: fileType.block,
  fifo: fileType.fifo,
};

/** Some bytes of a file that are still to come. */
interface Coming {
  readonly inode: InodeNumber;
  /** Where they are in the file. */
  readonly start: number;
  readonly size: number;
  /** Where they begin in the tar. */
  readonly offset: number;
}

/** What is still to be done to files that were made. */
interface Left {
  coming: readonly Coming[];
  readonly times: Map<InodeNumber, FileTime>;
}

/**
 * Unpacks a tar into a directory, as it streams by. What is there of the same name is replaced, directories stay. Paths
 * lead through directories only, so nothing leaves the one that was named. `InvalidArgument` for what is no tar.
 */
export async function importFolder(
  tree: Tree,
  into: InodeNumber,
  archive: ReadableStream<Uint8Array>,
  operation: Operation,
): Promise<void> {
  const left: Left = { coming: [], times: new Map() };
  const reader: TarReader = {
    phase: 'Unpacking',
    entry: (entry) => unpack(tree, into, entry, left),
    async chunk(bytes, position) {
      left.coming = await writeComing(tree, left.coming, bytes, position);
    },
  };
  await scanTar(archive, reader, operation);
  // Last of all, since whatever is made in a directory changes its time.
  for (const [inode, mtime] of left.times) await tree.setAttributes(inode, { mtime });
}

/** What of the chunk belongs to files; returns what is still to come. */
async function writeComing(
  tree: Tree,
  coming: readonly Coming[],
  chunk: Uint8Array,
  position: number,
): Promise<readonly Coming[]> {
  for (const { inode, start, size, offset } of coming) {
    const [from, to] = [Math.max(offset, position), Math.min(offset + size, position + chunk.length)];
    if (from < to) await tree.write(inode, start + from - offset, chunk.subarray(from - position, to - position));
  }
  return coming.filter(({ offset, size }) => offset + size > position + chunk.length);
}

async function unpack(tree: Tree, into: InodeNumber, entry: TarEntry, left: Left): Promise<void> {
  const names = tarNames(entry.path);
  const name = names.at(-1);
  if (name === undefined) return;
  const directory = await makeWay(tree, into, names.slice(0, -1));
  const there = await tree.lookup(directory, name);
  const { kind, mode, uid, gid, mtime, size, offset, parts } = entry;
  if (there && isDirectory(there) && kind === 'directory') {
    await tree.setAttributes(there.inode, { mode, uid, gid });
    left.times.set(there.inode, toFileTime(mtime));
    return;
  }
  if (there) {
    await tree.unlink(directory, name, 'either');
    if (isDirectory(there) || there.links === 1) forget(there.inode, left);
  }
  if (kind === 'link') {
    await tree.link(directory, name, await findLinked(tree, into, entry));
    return;
  }
  const { inode } = await tree.create(directory, name, newFile(entry, kind));
  for (const [key, value] of entry.xattrs ?? []) await tree.setXattr(inode, key, value, 'any');
  left.times.set(inode, toFileTime(mtime));
  if (kind !== 'file') return;
  if (parts) await tree.setAttributes(inode, { size });
  left.coming = [...left.coming, ...(parts ?? [{ start: 0, size, offset }]).map((part) => ({ inode, ...part }))];
}

/** A tar may have a file twice (`tar -r`): the first one has gone before its bytes have come. */
function forget(inode: InodeNumber, left: Left): void {
  left.coming = left.coming.filter((each) => each.inode !== inode);
  left.times.delete(inode);
}

function newFile({ mode, uid, gid, device, target }: TarEntry, kind: Exclude<TarEntryKind, 'link'>): NewFile {
  const isDevice = kind === 'character' || kind === 'block';
  return { mode: types[kind] | mode, uid, gid, ...(isDevice && { device }), ...(kind === 'symlink' && { target }) };
}

async function makeWay(tree: Tree, into: InodeNumber, names: readonly string[]): Promise<InodeNumber> {
  let directory = into;
  for (const name of names) {
    const found =
      (await tree.lookup(directory, name)) ??
      (await tree.create(directory, name, { mode: fileType.directory | 0o755, uid: 0, gid: 0 }));
    if (!isDirectory(found)) throw noWay(name);
    directory = found.inode;
  }
  return directory;
}

async function findLinked(tree: Tree, into: InodeNumber, { path, target }: TarEntry): Promise<InodeNumber> {
  let at = into;
  for (const name of tarNames(target)) {
    const found = await tree.lookup(at, name);
    if (!found) throw new SandboxError('InvalidArgument', `A hard link of the tar leads nowhere: ${path} to ${target}`);
    at = found.inode;
  }
  return at;
}

function toFileTime(time: number): FileTime {
  const seconds = Math.floor(time);
  return { seconds, nanoseconds: Math.min(999_999_999, Math.round((time - seconds) * 1e9)) };
}
