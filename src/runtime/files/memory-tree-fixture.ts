import type {
  AttributeChange,
  FileAttributes,
  FileChanges,
  FileLock,
  FileTime,
  FileTree,
  InodeNumber,
  LockOwner,
  NewFile,
  TreeEntry,
  TreeUsage,
} from '../../api/file-tree';
import { fileType, isDirectory, kindOf, typeOf } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';

interface Entry {
  readonly inode: InodeNumber;
  /** Counts up in a directory, so that readers go on where they were while it changes. */
  readonly cookie: number;
}

interface Node extends NewFile {
  mode: number;
  uid: number;
  gid: number;
  links: number;
  /** Of a directory. */
  readonly entries: Map<string, Entry>;
  parent: InodeNumber;
  bytes: Uint8Array;
  readonly xattrs: Map<string, Uint8Array>;
  locks: FileLock[];
  held: number;
  atime: FileTime;
  mtime: FileTime;
  ctime: FileTime;
}

const blockBytes = 4096;
const maxFileBytes = 1 << 28;

/** Files in memory that can be changed, for tests of what serves such. */
export class MemoryTree implements FileTree, FileChanges {
  readonly root = 1;
  readonly changes = this;
  readonly #nodes = new Map<InodeNumber, Node>();
  #lastInode = 0;
  #lastCookie = 0;
  #now = 1_700_000_000;
  /** How often everything was made durable. */
  syncs = 0;

  constructor() {
    this.#add({ mode: fileType.directory | 0o755, uid: 0, gid: 0 }, 1);
  }

  /** Files that there are, those without a name included. */
  get files(): number {
    return this.#nodes.size;
  }

  attributes(inode: InodeNumber): FileAttributes {
    const { mode, uid, gid, links, device, bytes, target, atime, mtime, ctime } = this.#node(inode);
    const size = target === undefined ? bytes.length : new TextEncoder().encode(target).length;
    const storedBytes = Math.ceil(bytes.length / blockBytes) * blockBytes;
    return { inode, mode, uid, gid, links, ...(device && { device }), size, storedBytes, atime, mtime, ctime };
  }

  lookup(directory: InodeNumber, name: string): FileAttributes | undefined {
    const { entries, parent } = this.#directory(directory);
    const inode = name === '..' ? parent : entries.get(name)?.inode;
    return inode === undefined ? undefined : this.attributes(inode);
  }

  list(directory: InodeNumber, after: number, limit: number): readonly TreeEntry[] {
    const all = [...this.#directory(directory).entries].filter(([, { cookie }]) => cookie > after).slice(0, limit);
    return all.map(([name, { inode, cookie }]) => {
      return { name, inode, kind: kindOf(this.#node(inode).mode), next: cookie };
    });
  }

  readLink(inode: InodeNumber): string {
    const { target } = this.#node(inode);
    if (target === undefined) throw fileError('EINVAL', 'Not a symbolic link');
    return target;
  }

  read(inode: InodeNumber, offset: number, length: number): readonly Uint8Array[] {
    return [this.#node(inode).bytes.slice(offset, offset + length)];
  }

  xattr(inode: InodeNumber, name: string): Uint8Array | undefined {
    return this.#node(inode).xattrs.get(name);
  }

  xattrNames(inode: InodeNumber): readonly string[] {
    return [...this.#node(inode).xattrs.keys()];
  }

  usage(): TreeUsage {
    return { blockSize: blockBytes, blocks: 1000, freeBlocks: 900, files: this.files, freeFiles: 1000 };
  }

  create(directory: InodeNumber, name: string, file: NewFile): FileAttributes {
    this.#requireFree(directory, name);
    const inode = this.#add(file, directory);
    if (isDirectory(file)) this.#node(directory).links += 1;
    this.#enter(directory, name, inode);
    return this.attributes(inode);
  }

  link(directory: InodeNumber, name: string, inode: InodeNumber): void {
    this.#requireFree(directory, name);
    const node = this.#node(inode);
    if (isDirectory(node)) throw fileError('EPERM', 'A directory has one name');
    node.links += 1;
    this.#enter(directory, name, inode);
    node.ctime = this.#tick();
  }

  unlink(directory: InodeNumber, name: string, what: 'directory' | 'file' | 'either'): void {
    const { entries } = this.#directory(directory);
    const found = entries.get(name);
    if (!found) throw fileError('ENOENT', `No such file: ${name}`);
    const node = this.#node(found.inode);
    if (what === 'directory' && !isDirectory(node)) throw fileError('ENOTDIR', `Not a directory: ${name}`);
    if (what === 'file' && isDirectory(node)) throw fileError('EISDIR', `A directory: ${name}`);
    if (node.entries.size > 0) throw fileError('ENOTEMPTY', `Not empty: ${name}`);
    this.#leave(directory, name);
  }

  rename(from: { directory: InodeNumber; name: string }, to: { directory: InodeNumber; name: string }): void {
    const found = this.#directory(from.directory).entries.get(from.name);
    if (!found) throw fileError('ENOENT', `No such file: ${from.name}`);
    const node = this.#node(found.inode);
    const there = this.#directory(to.directory).entries.get(to.name);
    if (there?.inode === found.inode) return;
    if (isDirectory(node)) this.#requireOutside(to.directory, found.inode);
    if (there) {
      const old = this.#node(there.inode);
      if (isDirectory(node) && !isDirectory(old)) throw fileError('ENOTDIR', `Not a directory: ${to.name}`);
      this.unlink(to.directory, to.name, isDirectory(node) ? 'directory' : 'file');
    }
    this.#directory(from.directory).entries.delete(from.name);
    this.#enter(to.directory, to.name, found.inode);
    if (isDirectory(node) && from.directory !== to.directory) {
      this.#node(from.directory).links -= 1;
      this.#node(to.directory).links += 1;
      node.parent = to.directory;
    }
    node.ctime = this.#touch(from.directory);
  }

  write(inode: InodeNumber, offset: number | 'end', bytes: Uint8Array): number {
    const node = this.#node(inode);
    const at = offset === 'end' ? node.bytes.length : offset;
    this.#resize(node, Math.max(node.bytes.length, at + bytes.length));
    node.bytes.set(bytes, at);
    node.mtime = this.#tick();
    node.ctime = node.mtime;
    return bytes.length;
  }

  setAttributes(inode: InodeNumber, { mode, uid, gid, size, atime, mtime }: AttributeChange): void {
    const node = this.#node(inode);
    const now = this.#tick();
    if (mode !== undefined) node.mode = typeOf(node.mode) | mode;
    if (uid !== undefined) node.uid = uid;
    if (gid !== undefined) node.gid = gid;
    if (size !== undefined) this.#resize(node, size);
    if (atime) node.atime = atime === 'now' ? now : atime;
    if (mtime || size !== undefined) node.mtime = mtime && mtime !== 'now' ? mtime : now;
    node.ctime = now;
  }

  setXattr(inode: InodeNumber, name: string, value: Uint8Array, when: 'any' | 'new' | 'existing'): void {
    const { xattrs } = this.#node(inode);
    if (when === 'new' && xattrs.has(name)) throw fileError('EEXIST', `There is one: ${name}`);
    if (when === 'existing' && !xattrs.has(name)) throw fileError('ENODATA', `There is none: ${name}`);
    xattrs.set(name, value.slice());
  }

  removeXattr(inode: InodeNumber, name: string): void {
    if (!this.#node(inode).xattrs.delete(name)) throw fileError('ENODATA', `There is none: ${name}`);
  }

  async sync(): Promise<void> {
    await Promise.resolve();
    this.syncs += 1;
  }

  hold(inode: InodeNumber): void {
    this.#node(inode).held += 1;
  }

  release(inode: InodeNumber): void {
    const node = this.#nodes.get(inode);
    if (!node) return;
    node.held -= 1;
    this.#forgetUnused(inode, node);
  }

  lock(inode: InodeNumber, lock: FileLock): boolean {
    if (this.findLock(inode, lock)) return false;
    this.unlock(inode, lock);
    this.#node(inode).locks.push(lock);
    return true;
  }

  unlock(inode: InodeNumber, { start, end, owner }: Omit<FileLock, 'exclusive'>): void {
    const node = this.#node(inode);
    node.locks = node.locks.flatMap((each) => {
      if (!isSame(each.owner, owner) || each.end <= start || end <= each.start) return [each];
      const left = each.start < start ? [{ ...each, end: start }] : [];
      return each.end > end ? [...left, { ...each, start: end }] : left;
    });
  }

  findLock(inode: InodeNumber, { start, end, owner, exclusive }: FileLock): FileLock | undefined {
    return this.#node(inode).locks.find(
      (each) => !isSame(each.owner, owner) && each.start < end && start < each.end && (each.exclusive || exclusive),
    );
  }

  #add(file: NewFile, parent: InodeNumber): InodeNumber {
    this.#lastInode += 1;
    const now = this.#tick();
    this.#nodes.set(this.#lastInode, {
      ...file,
      links: isDirectory(file) ? 2 : 0,
      entries: new Map(),
      parent,
      bytes: new Uint8Array(0),
      xattrs: new Map(),
      locks: [],
      held: 0,
      atime: now,
      mtime: now,
      ctime: now,
    });
    return this.#lastInode;
  }

  #enter(directory: InodeNumber, name: string, inode: InodeNumber): void {
    const node = this.#node(inode);
    if (!isDirectory(node) && node.links === 0) node.links = 1;
    this.#lastCookie += 1;
    this.#node(directory).entries.set(name, { inode, cookie: this.#lastCookie });
    this.#touch(directory);
  }

  #leave(directory: InodeNumber, name: string): void {
    const { entries } = this.#directory(directory);
    const found = entries.get(name);
    if (!found) return;
    entries.delete(name);
    const node = this.#node(found.inode);
    node.links -= isDirectory(node) ? 2 : 1;
    if (isDirectory(node)) this.#node(directory).links -= 1;
    node.ctime = this.#touch(directory);
    this.#forgetUnused(found.inode, node);
  }

  #forgetUnused(inode: InodeNumber, { links, held }: Node): void {
    if (links <= 0 && held <= 0) this.#nodes.delete(inode);
  }

  #resize(node: Node, size: number): void {
    if (size > maxFileBytes) throw fileError('EFBIG', `A file of ${size} bytes`);
    if (size === node.bytes.length) return;
    const resized = new Uint8Array(size);
    resized.set(node.bytes.subarray(0, size));
    node.bytes = resized;
  }

  #requireFree(directory: InodeNumber, name: string): void {
    if (this.#directory(directory).entries.has(name)) throw fileError('EEXIST', `There is a file: ${name}`);
  }

  /** A directory does not move into itself. */
  #requireOutside(directory: InodeNumber, moving: InodeNumber): void {
    for (let at = directory; at !== this.root; at = this.#node(at).parent) {
      if (at === moving) throw fileError('EINVAL', 'A directory cannot be moved into itself');
    }
  }

  #touch(directory: InodeNumber): FileTime {
    const now = this.#tick();
    const node = this.#node(directory);
    node.mtime = now;
    node.ctime = now;
    return now;
  }

  #tick(): FileTime {
    this.#now += 1;
    return { seconds: this.#now, nanoseconds: 0 };
  }

  #node(inode: InodeNumber): Node {
    const node = this.#nodes.get(inode);
    if (!node) throw fileError('ESTALE', `No such inode: ${inode}`);
    return node;
  }

  #directory(inode: InodeNumber): Node {
    const node = this.#node(inode);
    if (!isDirectory(node)) throw fileError('ENOTDIR', 'Not a directory');
    if (node.links <= 0) throw fileError('ENOENT', 'The directory was removed');
    return node;
  }
}

function isSame(a: LockOwner, b: LockOwner): boolean {
  return a.client === b.client && a.process === b.process;
}
