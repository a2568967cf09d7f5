import { setTimes } from './descriptor-calls';
import { type Descriptors, descriptorFlag, rights } from './descriptors';
import { WasiError } from './errno';
import { Directory, type FileSystemContext, type Inode, RegularFile, SymbolicLink } from './inode';
import { type Place, resolveInode, resolvePath } from './paths';
import { serializeFilestat } from './structures';
import type { WasiMemory } from './wasi-memory';

/** Bits of `oflags`. */
const openFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;

/** Bit of `lookupflags`: a symbolic link at the end of the path is followed. */
const follow = 1;

export interface PathCallsOptions {
  readonly memory: WasiMemory;
  readonly descriptors: Descriptors;
  readonly files: FileSystemContext;
}

/** The calls of preview 1 that begin with `path_`. */
export function pathCalls({ memory, descriptors, files }: PathCallsOptions) {
  const place = (number: number, pointer: number, length: number, following = false): Place =>
    resolvePath(descriptors.directory(number).inode, memory.text(pointer, length), following);
  const inodeAt = (number: number, flags: number, pointer: number, length: number): Inode =>
    resolveInode(descriptors.directory(number).inode, memory.text(pointer, length), (flags & follow) !== 0);

  return {
    path_create_directory(number: number, pointer: number, length: number) {
      const { directory, name, inode } = place(number, pointer, length);
      if (inode) throw new WasiError('exists');
      directory.link(name, new Directory(files));
    },
    path_filestat_get(number: number, flags: number, pointer: number, length: number, result: number) {
      memory.set(result, serializeFilestat(inodeAt(number, flags, pointer, length)));
    },
    path_filestat_set_times(
      number: number,
      flags: number,
      pointer: number,
      length: number,
      accessed: bigint,
      modified: bigint,
      timeFlags: number,
    ) {
      setTimes(inodeAt(number, flags, pointer, length), accessed, modified, timeFlags, files.now());
    },
    path_link(
      oldNumber: number,
      flags: number,
      oldPointer: number,
      oldLength: number,
      newNumber: number,
      newPointer: number,
      newLength: number,
    ) {
      const inode = inodeAt(oldNumber, flags, oldPointer, oldLength);
      const to = place(newNumber, newPointer, newLength);
      if (inode instanceof Directory) throw new WasiError('notPermitted');
      if (to.inode) throw new WasiError('exists');
      if (to.asDirectory) throw new WasiError('noEntry');
      to.directory.link(to.name, inode);
    },
    path_open(
      number: number,
      lookup: number,
      pointer: number,
      length: number,
      flags: number,
      base: bigint,
      _inheriting: bigint,
      descriptorFlags: number,
      result: number,
    ) {
      const found = place(number, pointer, length, (lookup & follow) !== 0);
      const wanted = base & rights.all;
      const inode = found.inode ?? create(found, flags);
      if (found.inode && (flags & openFlag.create) !== 0 && (flags & openFlag.exclusive) !== 0) {
        throw new WasiError('exists');
      }
      if (inode instanceof SymbolicLink) throw new WasiError('loop');
      const opening = descriptorFlags & descriptorFlag.all;
      if (inode instanceof Directory) {
        if (flags & openFlag.truncate || (wanted & rights.write && !(flags & openFlag.directory)))
          throw new WasiError('isDirectory');
        memory.setU32(result, descriptors.add({ kind: 'directory', inode, flags: opening, listing: [] }));
        return;
      }
      if (flags & openFlag.directory) throw new WasiError('notDirectory');
      if (flags & openFlag.truncate) {
        if (!(wanted & rights.write)) throw new WasiError('invalid');
        inode.resize(0);
      }
      memory.setU32(result, descriptors.add({ kind: 'file', inode, rights: wanted, flags: opening, position: 0 }));
    },
    path_readlink(number: number, pointer: number, length: number, buffer: number, size: number, result: number) {
      const { inode } = place(number, pointer, length);
      if (!inode) throw new WasiError('noEntry');
      if (!(inode instanceof SymbolicLink)) throw new WasiError('invalid');
      const target = new TextEncoder().encode(inode.target).subarray(0, size >>> 0);
      memory.set(buffer, target);
      memory.setU32(result, target.length);
    },
    path_remove_directory(number: number, pointer: number, length: number) {
      const { directory, name, inode } = place(number, pointer, length);
      if (!inode) throw new WasiError('noEntry');
      if (!(inode instanceof Directory)) throw new WasiError('notDirectory');
      if (name === '') throw new WasiError('invalid');
      if (inode.entries.size > 0) throw new WasiError('notEmpty');
      directory.unlink(name);
    },
    path_rename(
      oldNumber: number,
      oldPointer: number,
      oldLength: number,
      newNumber: number,
      newPointer: number,
      newLength: number,
    ) {
      const from = place(oldNumber, oldPointer, oldLength);
      const to = place(newNumber, newPointer, newLength);
      if (!from.inode) throw new WasiError('noEntry');
      if (from.name === '' || to.name === '') throw new WasiError('invalid');
      if (from.inode === to.inode) return;
      checkReplacement(from.inode, to);
      to.directory.link(to.name, from.inode);
      from.directory.unlink(from.name);
    },
    path_symlink(targetPointer: number, targetLength: number, number: number, pointer: number, length: number) {
      const target = memory.text(targetPointer, targetLength);
      const { directory, name, inode, asDirectory } = place(number, pointer, length);
      if (inode) throw new WasiError('exists');
      if (asDirectory || target === '') throw new WasiError('noEntry');
      if (target.startsWith('/')) throw new WasiError('notCapable');
      if (new TextEncoder().encode(target).length > 4096) throw new WasiError('nameTooLong');
      directory.link(name, new SymbolicLink(files, target));
    },
    path_unlink_file(number: number, pointer: number, length: number) {
      const { directory, name, inode } = place(number, pointer, length);
      if (!inode) throw new WasiError('noEntry');
      if (inode instanceof Directory) throw new WasiError('isDirectory');
      directory.unlink(name);
    },
  };

  function create({ directory, name, asDirectory }: Place, flags: number): RegularFile {
    if (!(flags & openFlag.create)) throw new WasiError('noEntry');
    if (flags & openFlag.directory || asDirectory) throw new WasiError('invalid');
    const file = new RegularFile(files);
    directory.link(name, file);
    return file;
  }
}

/** What may take the place of what (POSIX, rename). */
function checkReplacement(moved: Inode, to: Place): void {
  if (moved instanceof Directory) {
    for (let above = to.directory; ; above = above.parent) {
      if (above === moved) throw new WasiError('invalid');
      if (above === above.parent) break;
    }
    if (to.inode && !(to.inode instanceof Directory)) throw new WasiError('notDirectory');
    if (to.inode instanceof Directory && to.inode.entries.size > 0) throw new WasiError('notEmpty');
    return;
  }
  if (to.inode instanceof Directory) throw new WasiError('isDirectory');
  if (to.asDirectory) throw new WasiError('notDirectory');
}
