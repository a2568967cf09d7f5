import type { FileAttributes, FileTree, InodeNumber } from '../../api/file-tree';
import { fileType, isDirectory, typeOf } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';

/** What is looked up in: a folder, or a part of one. */
export type Names = Pick<FileTree, 'root' | 'attributes' | 'lookup' | 'readLink'>;

/** As Linux has it (MAXSYMLINKS). */
const maxLinks = 40;

/** Names of a path; `.` and empty ones say nothing. */
export function splitPath(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** The directory of a path, and the name in it. `InvalidArgument` for the root. */
export function splitLast(path: string): { readonly directory: string; readonly name: string } {
  const names = splitPath(path);
  const name = names.at(-1);
  if (name === undefined || name === '..') throw fileError('EINVAL', `Not a path of a file: ${JSON.stringify(path)}`);
  return { directory: names.slice(0, -1).join('/'), name };
}

/**
 * What a path leads to, through symbolic links that stay in the folder; `last` says whether one at the end is followed.
 * Undefined when there is no such file. A link whose target begins with `/` means a place in some guest, which nobody
 * knows here.
 */
export async function findPath(
  tree: Names,
  path: string,
  last: 'follow' | 'keep' = 'follow',
): Promise<FileAttributes | undefined> {
  const left = [...splitPath(path)].reverse();
  let at = await tree.attributes(tree.root);
  for (let links = 0; left.length > 0; ) {
    const name = left.pop() ?? '';
    if (!isDirectory(at)) throw fileError('ENOTDIR', `Not a directory on the way: ${path}`);
    const found = await tree.lookup(at.inode, name);
    if (!found) return undefined;
    if (typeOf(found.mode) !== fileType.symlink || (left.length === 0 && last === 'keep')) {
      at = found;
      continue;
    }
    links += 1;
    if (links > maxLinks) throw fileError('ELOOP', `Too many symbolic links: ${path}`);
    const target = await tree.readLink(found.inode);
    if (target.startsWith('/')) return undefined;
    left.push(...[...splitPath(target)].reverse());
  }
  return at;
}

/** As {@link findPath}, of what must be a directory. `NotFound`, `InvalidArgument`. */
export async function findDirectory(tree: Names, path: string): Promise<InodeNumber> {
  const found = await findPath(tree, path);
  if (!found) throw fileError('ENOENT', `No such directory in the shared folder: /${splitPath(path).join('/')}`);
  if (!isDirectory(found)) throw fileError('ENOTDIR', `Not a directory: ${path}`);
  return found.inode;
}
