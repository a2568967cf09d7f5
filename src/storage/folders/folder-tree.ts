import type {
  AttributeChange,
  FileAttributes,
  FileTime,
  InodeNumber,
  NewFile,
  TreeEntry,
  TreeUsage,
} from '../../api/file-tree';
import { requireName, serializeFileName } from '../../formats/file-name';
import { fileType, isDirectory, kindOf, permissionBits, typeOf } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';
import {
  type ChunkChange,
  chunkBytes,
  type EntryRecord,
  type FolderChange,
  type FolderHead,
  type FolderRecords,
  type NodeRecord,
} from './folder-records';

/** A name in a directory. */
export interface Place {
  readonly directory: InodeNumber;
  readonly name: string;
}

/** What was changed since it was last asked. */
export type TreeChange = Omit<FolderChange, 'answers' | 'chunks'>;

export const rootInode: InodeNumber = 1;

const blockSize = 4096;

/** What an inode counts against the quota: about what it takes where it is kept. */
const inodeBytes = 512;

/** Files of a folder at most; each takes some of the store's memory. */
const maxFiles = 1 << 18;

/** Largest file: what chunks can be counted for. */
const maxFileBytes = 2 ** 40;

/** Values of one file's attributes together, bytes (ext4 has about one block). */
const maxXattrBytes = 64 * 1024;

/** A folder in which there is nothing yet: its root directory. */
export function emptyFolder(quotaBytes: number, now: number): Pick<FolderRecords, 'head' | 'nodes'> {
  const time = toFileTime(now);
  const mode = fileType.directory | 0o777;
  const root: NodeRecord = { mode, uid: 0, gid: 0, links: 2, size: 0, atime: time, mtime: time, ctime: time };
  return {
    head: { quotaBytes, lastInode: rootInode, lastCookie: 0 },
    nodes: new Map([[rootInode, root]]),
  };
}

/**
 * The files of a folder without their bytes, in memory. Every method is done when it returns, or throws having changed
 * nothing. Who may do what is not asked here: it is the machines' to know, as on a disk.
 */
export class FolderTree {
  readonly #now: () => number;
  readonly #nodes: Map<InodeNumber, NodeRecord>;
  readonly #entries = new Map<InodeNumber, Map<string, EntryRecord>>();
  /** Where each file was named last. */
  readonly #places = new Map<InodeNumber, Place>();
  readonly #chunks = new Map<InodeNumber, Set<number>>();
  #head: FolderHead;
  /** Bytes that count against the quota. */
  #used = 0;
  #changedNodes = new Set<InodeNumber>();
  #changedEntries = new Map<number, EntryRecord | undefined>();

  constructor({ head, nodes, entries, chunks }: FolderRecords, now: () => number) {
    this.#head = head;
    this.#now = now;
    this.#nodes = new Map(nodes);
    for (const entry of entries) this.#putEntry(entry);
    for (const [inode, index] of chunks) {
      const known = this.#chunks.get(inode) ?? new Set<number>();
      this.#chunks.set(inode, known.add(index));
    }
    for (const [inode, node] of this.#nodes) this.#used += this.#bytesOf(inode, node);
  }

  get used(): number {
    return this.#used;
  }

  get files(): number {
    return this.#nodes.size;
  }

  get head(): FolderHead {
    return this.#head;
  }

  set quotaBytes(quotaBytes: number) {
    this.#head = { ...this.#head, quotaBytes };
  }

  /** Inodes without a name: only who has them open knows them. */
  *orphans(): Iterable<InodeNumber> {
    for (const [inode, { links }] of this.#nodes) if (links <= 0) yield inode;
  }

  has(inode: InodeNumber): boolean {
    return this.#nodes.has(inode);
  }

  attributes(inode: InodeNumber): FileAttributes {
    const { mode, uid, gid, links, device, size, target, atime, mtime, ctime } = this.#node(inode);
    return {
      inode,
      mode,
      uid,
      gid,
      links: Math.max(0, links),
      ...(device && { device }),
      size: target === undefined ? size : serializeFileName(target).length,
      storedBytes: this.#storedBytes(inode, size),
      atime,
      mtime,
      ctime,
    };
  }

  lookup(directory: InodeNumber, name: string): FileAttributes | undefined {
    const entries = this.#directory(directory);
    if (name === '..') return this.attributes(this.#parentOf(directory));
    const found = entries.get(name);
    return found && this.attributes(found.inode);
  }

  list(directory: InodeNumber, after: number, limit: number): readonly TreeEntry[] {
    const found: TreeEntry[] = [];
    for (const { name, inode, cookie } of this.#directory(directory).values()) {
      if (found.length >= limit) break;
      if (cookie > after) found.push({ name, inode, kind: kindOf(this.#node(inode).mode), next: cookie });
    }
    return found;
  }

  readLink(inode: InodeNumber): string {
    const { target } = this.#node(inode);
    if (target === undefined) throw fileError('EINVAL', 'Not a symbolic link');
    return target;
  }

  xattr(inode: InodeNumber, name: string): Uint8Array | undefined {
    return this.#node(inode).xattrs?.get(name);
  }

  xattrNames(inode: InodeNumber): readonly string[] {
    return [...(this.#node(inode).xattrs?.keys() ?? [])];
  }

  usage(): TreeUsage {
    const { quotaBytes } = this.#head;
    const free = Math.max(0, quotaBytes - this.#used);
    return {
      blockSize,
      blocks: Math.floor(quotaBytes / blockSize),
      freeBlocks: Math.floor(free / blockSize),
      files: maxFiles,
      freeFiles: Math.max(0, Math.min(maxFiles - this.#nodes.size, Math.floor(free / inodeBytes))),
    };
  }

  /** As a path from the root; undefined when it has no name any more. */
  pathOf(inode: InodeNumber): string | undefined {
    if (inode === rootInode) return '/';
    const names: string[] = [];
    for (let at = inode; at !== rootInode; ) {
      const place = this.#places.get(at);
      if (!place || this.#entries.get(place.directory)?.get(place.name)?.inode !== at) return undefined;
      names.unshift(place.name);
      at = place.directory;
    }
    return `/${names.join('/')}`;
  }

  create(directory: InodeNumber, name: string, file: NewFile): FileAttributes {
    this.#requireFree(directory, name);
    if (this.#nodes.size >= maxFiles) throw fileError('ENOSPC', `More than ${maxFiles} files in a shared folder`);
    this.#requireRoom(inodeBytes);
    const inode = this.#head.lastInode + 1;
    this.#head = { ...this.#head, lastInode: inode };
    const now = this.#time();
    const { mode, uid, gid, device, target } = file;
    const times = { atime: now, mtime: now, ctime: now };
    const what = { ...(device && { device }), ...(target !== undefined && { target }) };
    this.#put(inode, { mode, uid, gid, links: isDirectory(file) ? 2 : 1, size: 0, ...what, ...times });
    this.#enter({ directory, name }, inode);
    if (isDirectory(file)) this.#addLinks(directory, 1);
    return this.attributes(inode);
  }

  link(directory: InodeNumber, name: string, inode: InodeNumber): void {
    this.#requireFree(directory, name);
    const node = this.#node(inode);
    if (isDirectory(node)) throw fileError('EPERM', 'A directory has one name');
    this.#put(inode, { ...node, links: Math.max(0, node.links) + 1, ctime: this.#time() });
    this.#enter({ directory, name }, inode);
  }

  /** Returns the inode, which has no name any more if that was its last. */
  unlink(directory: InodeNumber, name: string, what: 'directory' | 'file' | 'either'): InodeNumber {
    const found = this.#directory(directory).get(name);
    if (!found) throw fileError('ENOENT', `No such file: ${name}`);
    const node = this.#node(found.inode);
    if (what === 'directory' && !isDirectory(node)) throw fileError('ENOTDIR', `Not a directory: ${name}`);
    if (what === 'file' && isDirectory(node)) throw fileError('EISDIR', `A directory: ${name}`);
    if (this.#entries.get(found.inode)?.size) throw fileError('ENOTEMPTY', `Not empty: ${name}`);
    this.#leave(found);
    return found.inode;
  }

  /** Returns the inode whose place it took, if any. */
  rename(from: Place, to: Place): InodeNumber | undefined {
    const found = this.#directory(from.directory).get(from.name);
    if (!found) throw fileError('ENOENT', `No such file: ${from.name}`);
    requireName(to.name);
    const { inode } = found;
    const node = this.#node(inode);
    const there = this.#directory(to.directory).get(to.name);
    if (there?.inode === inode) return undefined;
    if (isDirectory(node)) this.#requireOutside(to.directory, inode);
    if (there) this.#makeWay(node, to);
    const moves = isDirectory(node) && from.directory !== to.directory;
    this.#removeEntry(found);
    this.#enter(to, inode);
    if (moves) {
      this.#addLinks(from.directory, -1);
      this.#addLinks(to.directory, 1);
    }
    this.#touch(from.directory);
    this.#put(inode, { ...this.#node(inode), ctime: this.#time() });
    return there?.inode;
  }

  /** All but the size, which is {@link resize}'s. */
  setAttributes(inode: InodeNumber, { mode, uid, gid, atime, mtime }: AttributeChange): void {
    const node = this.#node(inode);
    const now = this.#time();
    this.#put(inode, {
      ...node,
      ...(mode !== undefined && { mode: typeOf(node.mode) | (mode & permissionBits) }),
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
      ...(atime && { atime: atime === 'now' ? now : atime }),
      ...(mtime && { mtime: mtime === 'now' ? now : mtime }),
      ctime: now,
    });
  }

  setXattr(inode: InodeNumber, name: string, value: Uint8Array, when: 'any' | 'new' | 'existing'): void {
    const node = this.#node(inode);
    const { xattrs } = node;
    if (when === 'new' && xattrs?.has(name)) throw fileError('EEXIST', `There is one: ${name}`);
    if (when === 'existing' && !xattrs?.has(name)) throw fileError('ENODATA', `There is none: ${name}`);
    const next = new Map(xattrs).set(name, value.slice());
    const bytes = [...next.values()].reduce((sum, { length }) => sum + length, 0);
    if (bytes > maxXattrBytes) throw fileError('ENOSPC', `More than ${maxXattrBytes} bytes of attributes`);
    this.#requireRoom(xattrBytes({ xattrs: next }) - xattrBytes(node));
    this.#put(inode, { ...node, xattrs: next, ctime: this.#time() });
  }

  removeXattr(inode: InodeNumber, name: string): void {
    const node = this.#node(inode);
    const next = new Map(node.xattrs);
    if (!next.delete(name)) throw fileError('ENODATA', `There is none: ${name}`);
    this.#put(inode, { ...node, xattrs: next, ctime: this.#time() });
  }

  /** EISDIR and EINVAL for what has no bytes. */
  requireFile(inode: InodeNumber): NodeRecord {
    const node = this.#node(inode);
    if (isDirectory(node)) throw fileError('EISDIR', 'A directory has no bytes');
    if (typeOf(node.mode) !== fileType.regular) throw fileError('EINVAL', 'Only a file has bytes');
    return node;
  }

  /** Whether a chunk is kept; those that are not are zeros. */
  hasChunk(inode: InodeNumber, index: number): boolean {
    return this.#chunks.get(inode)?.has(index) ?? false;
  }

  /** Chunks that are kept, from one on. */
  chunksFrom(inode: InodeNumber, first: number): readonly number[] {
    return [...(this.#chunks.get(inode) ?? [])].filter((index) => index >= first);
  }

  /** Gives a file its size, after `chunks` of it were written or have gone. EFBIG, ENOSPC over the quota. */
  resize(inode: InodeNumber, size: number, chunks: readonly Omit<ChunkChange, 'inode'>[]): void {
    const node = this.requireFile(inode);
    if (size > maxFileBytes) throw fileError('EFBIG', `A file of ${size} bytes; at most ${maxFileBytes} fit`);
    const known = this.#chunks.get(inode) ?? new Set<number>();
    const next = new Set(known);
    for (const { index, bytes } of chunks) {
      if (bytes) next.add(index);
      else next.delete(index);
    }
    const grown = storedBytes(next, size) - storedBytes(known, node.size);
    this.#requireRoom(grown);
    const now = this.#time();
    this.#used -= this.#bytesOf(inode, node);
    this.#chunks.set(inode, next);
    this.#used += this.#bytesOf(inode, node);
    this.#put(inode, { ...node, size, mtime: now, ctime: now });
  }

  /** An inode without names, and its chunks, go. Returns those chunks. */
  forget(inode: InodeNumber): readonly ChunkChange[] {
    const node = this.#nodes.get(inode);
    if (!node) return [];
    const chunks = [...(this.#chunks.get(inode) ?? [])].map((index) => ({ inode, index, bytes: undefined }));
    this.#used -= this.#bytesOf(inode, node);
    this.#nodes.delete(inode);
    this.#entries.delete(inode);
    this.#chunks.delete(inode);
    this.#places.delete(inode);
    this.#changedNodes.add(inode);
    return chunks;
  }

  /** What has changed since the last call. */
  takeChange(): TreeChange {
    const nodes = new Map([...this.#changedNodes].map((inode) => [inode, this.#nodes.get(inode)]));
    const entries = this.#changedEntries;
    this.#changedNodes = new Set();
    this.#changedEntries = new Map();
    return { head: this.#head, nodes, entries };
  }

  #parentOf(directory: InodeNumber): InodeNumber {
    return this.#places.get(directory)?.directory ?? rootInode;
  }

  #makeWay(moving: NodeRecord, { directory, name }: Place): void {
    const [isOne, wasOne] = [isDirectory(moving), isDirectory(this.#node(this.#inodeAt(directory, name)))];
    if (isOne && !wasOne) throw fileError('ENOTDIR', `Not a directory: ${name}`);
    this.unlink(directory, name, isOne ? 'directory' : 'file');
  }

  #inodeAt(directory: InodeNumber, name: string): InodeNumber {
    const found = this.#directory(directory).get(name);
    if (!found) throw fileError('ENOENT', `No such file: ${name}`);
    return found.inode;
  }

  #enter({ directory, name }: Place, inode: InodeNumber): void {
    const cookie = this.#head.lastCookie + 1;
    this.#head = { ...this.#head, lastCookie: cookie };
    const entry = { directory, cookie, name, inode };
    this.#putEntry(entry);
    this.#changedEntries.set(cookie, entry);
    this.#touch(directory);
  }

  #leave(entry: EntryRecord): void {
    const { directory, inode } = entry;
    const node = this.#node(inode);
    this.#removeEntry(entry);
    this.#put(inode, { ...node, links: node.links - (isDirectory(node) ? 2 : 1), ctime: this.#time() });
    if (isDirectory(node)) this.#addLinks(directory, -1);
    this.#touch(directory);
  }

  #putEntry(entry: EntryRecord): void {
    const { directory, name, inode } = entry;
    const entries = this.#entries.get(directory) ?? new Map<string, EntryRecord>();
    this.#entries.set(directory, entries.set(name, entry));
    this.#places.set(inode, { directory, name });
  }

  #removeEntry({ directory, name, cookie, inode }: EntryRecord): void {
    this.#entries.get(directory)?.delete(name);
    this.#changedEntries.set(cookie, undefined);
    const place = this.#places.get(inode);
    if (!isDirectory(this.#node(inode)) && place?.directory === directory && place.name === name) {
      this.#places.delete(inode);
    }
  }

  #put(inode: InodeNumber, node: NodeRecord): void {
    const before = this.#nodes.get(inode);
    if (before) this.#used -= this.#bytesOf(inode, before);
    this.#used += this.#bytesOf(inode, node);
    this.#nodes.set(inode, node);
    this.#changedNodes.add(inode);
  }

  #addLinks(directory: InodeNumber, count: number): void {
    const node = this.#node(directory);
    this.#put(directory, { ...node, links: node.links + count });
  }

  #touch(directory: InodeNumber): void {
    const now = this.#time();
    this.#put(directory, { ...this.#node(directory), mtime: now, ctime: now });
  }

  #requireFree(directory: InodeNumber, name: string): void {
    requireName(name);
    if (this.#directory(directory).has(name)) throw fileError('EEXIST', `There is a file of this name: ${name}`);
  }

  #requireRoom(bytes: number): void {
    if (bytes <= 0 || this.#used + bytes <= this.#head.quotaBytes) return;
    throw fileError('ENOSPC', `The shared folder is full: it may have ${this.#head.quotaBytes} bytes`);
  }

  /** A directory does not move into itself. */
  #requireOutside(directory: InodeNumber, moving: InodeNumber): void {
    for (let at = directory; at !== rootInode; at = this.#parentOf(at)) {
      if (at === moving) throw fileError('EINVAL', 'A directory cannot be moved into itself');
    }
  }

  #bytesOf(inode: InodeNumber, node: NodeRecord): number {
    return inodeBytes + xattrBytes(node) + this.#storedBytes(inode, node.size);
  }

  #storedBytes(inode: InodeNumber, size: number): number {
    return storedBytes(this.#chunks.get(inode) ?? new Set(), size);
  }

  #time(): FileTime {
    return toFileTime(this.#now());
  }

  #node(inode: InodeNumber): NodeRecord {
    const node = this.#nodes.get(inode);
    if (!node) throw fileError('ESTALE', `The file was removed: it had the number ${inode}`);
    return node;
  }

  #directory(inode: InodeNumber): ReadonlyMap<string, EntryRecord> {
    const node = this.#node(inode);
    if (!isDirectory(node)) throw fileError('ENOTDIR', 'Not a directory');
    if (node.links <= 0) throw fileError('ENOENT', 'The directory was removed');
    return this.#entries.get(inode) ?? new Map();
  }
}

/** Whole blocks of what is kept. */
function storedBytes(chunks: ReadonlySet<number>, size: number): number {
  const last = Math.floor(size / chunkBytes);
  const unused = chunks.has(last) ? chunkBytes - (size % chunkBytes) : 0;
  return Math.ceil(Math.max(0, chunks.size * chunkBytes - unused) / blockSize) * blockSize;
}

function xattrBytes({ xattrs }: Pick<NodeRecord, 'xattrs'>): number {
  let sum = 0;
  for (const [name, { length }] of xattrs ?? []) sum += name.length + length;
  return sum;
}

function toFileTime(milliseconds: number): FileTime {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: Math.round((milliseconds - seconds * 1000) * 1e6) };
}
