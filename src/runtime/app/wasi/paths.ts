import { WasiError } from './errno';
import { Directory, type Inode, SymbolicLink } from './inode';

/** Bytes of a name and of a path, as on Linux. */
const maxNameBytes = 255;
const maxPathBytes = 4096;

/** Symbolic links on the way of one path; more are taken for a ring, as on Linux. */
const maxLinks = 40;

/** Where a path leads. */
export interface Place {
  readonly directory: Directory;
  /** Empty when the path leads to a folder by itself (`.`, `..`): it cannot be made, renamed or removed so. */
  readonly name: string;
  /** Undefined when there is nothing of that name. */
  readonly inode: Inode | undefined;
  /** The path ends in a slash. */
  readonly asDirectory: boolean;
}

/**
 * Walks a path from a folder, which it cannot leave: neither by `..` nor by a symbolic link nor from the root
 * (`notCapable`). `follow` says what becomes of a symbolic link at its end.
 */
export function resolvePath(base: Directory, path: string, follow: boolean): Place {
  checkPath(path);
  const asDirectory = path.endsWith('/');
  const pending = path.split('/').filter(isStep).reverse();
  const way: Directory[] = [base];
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const directory = way.at(-1) ?? base;
    if (name === '..') {
      if (way.length === 1) throw new WasiError('notCapable');
      way.pop();
      continue;
    }
    if (new TextEncoder().encode(name).length > maxNameBytes) throw new WasiError('nameTooLong');
    const inode = directory.entries.get(name);
    const isLast = pending.length === 0;
    if (inode instanceof SymbolicLink && (!isLast || follow || asDirectory)) {
      links += 1;
      if (links > maxLinks) throw new WasiError('loop');
      checkPath(inode.target);
      pending.push(...inode.target.split('/').filter(isStep).reverse());
      continue;
    }
    if (isLast) {
      if (asDirectory && inode && !(inode instanceof Directory)) throw new WasiError('notDirectory');
      return { directory, name, inode, asDirectory };
    }
    if (!inode) throw new WasiError('noEntry');
    if (!(inode instanceof Directory)) throw new WasiError('notDirectory');
    way.push(inode);
  }
  const directory = way.at(-1) ?? base;
  return { directory, name: '', inode: directory, asDirectory };
}

/** The same for something that has to be there. */
export function resolveInode(base: Directory, path: string, follow: boolean): Inode {
  const { inode } = resolvePath(base, path, follow);
  if (!inode) throw new WasiError('noEntry');
  return inode;
}

function checkPath(path: string): void {
  if (path === '') throw new WasiError('noEntry');
  if (path.startsWith('/')) throw new WasiError('notCapable');
  if (path.includes('\0')) throw new WasiError('invalid');
  if (new TextEncoder().encode(path).length > maxPathBytes) throw new WasiError('nameTooLong');
}

function isStep(name: string): boolean {
  return name !== '' && name !== '.';
}
