import type { Awaitable, FileAttributes, TreeEntry } from '../../api/file-tree';
import { serializeFileName } from '../../formats/file-name';
import { kindOf } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';
import { dataHeaderBytes } from '../../formats/nine-p/codec';
import { type DirectoryEntry, serializeDirectoryEntries } from '../../formats/nine-p/directory-entries';
import type { RequestOf } from '../../formats/nine-p/messages';
import { after } from './after';
import type { Fid } from './fid-table';
import { opensForReading } from './open-flags';
import { qidOf, qidType } from './qid';
import { fileOf, type Outcome, type Session } from './session';

/** V9FS_MAGIC, as the file system's type. */
const magic = 0x0102_1997;
const nameLength = 255;

/** The fields of a getattr reply that are always there: P9_GETATTR_BASIC. */
const basicAttributes = 0x7ff;

const sectorBytes = 512;
const blockBytes = 4096;

/** Offsets 0 and 1 are `.` and `..`; a tree's own begin behind them. */
const dotEntries = 2;

/** Bytes of the shortest entry of a directory, so that no more are asked for than can fit. */
const shortestEntry = 25;

export function getattr(session: Session, { fid }: RequestOf<'getattr'>): Awaitable<Outcome> {
  return after(session.tree.attributes(fileOf(session, fid).inode), (attributes) => {
    const { mode, uid, gid, links, device, size, storedBytes, atime, mtime, ctime } = attributes;
    return {
      type: 'getattr',
      valid: basicAttributes,
      qid: qidOf(attributes),
      mode,
      uid,
      gid,
      links,
      device: device ? encodeDevice(device) : 0,
      size,
      blockSize: blockBytes,
      blocks: Math.ceil(storedBytes / sectorBytes),
      atime,
      mtime,
      ctime,
      btime: { seconds: 0, nanoseconds: 0 },
      generation: 0,
      dataVersion: 0,
    };
  });
}

export function statfs(session: Session, { fid }: RequestOf<'statfs'>): Awaitable<Outcome> {
  fileOf(session, fid);
  return after(session.tree.usage(), ({ blockSize, blocks, freeBlocks, files, freeFiles }) => ({
    type: 'statfs',
    magic,
    blockSize,
    blocks,
    freeBlocks,
    availableBlocks: freeBlocks,
    files,
    freeFiles,
    id: 0,
    nameLength,
  }));
}

export function readlink(session: Session, { fid }: RequestOf<'readlink'>): Awaitable<Outcome> {
  return after(session.tree.readLink(fileOf(session, fid).inode), (target) => ({ type: 'readlink', target }));
}

export function read(session: Session, { fid: number, offset, count }: RequestOf<'read'>): Awaitable<Outcome> {
  const fid = session.fids.get(number);
  const length = Math.min(count, session.messageBytes - dataHeaderBytes);
  if (fid.xattr) return { type: 'read', pieces: [readXattr(fid, offset, length)] };
  const flags = requireOpen(fid, number);
  if (!opensForReading(flags)) throw fileError('EBADF', `The fid ${number} is open for writing only`);
  return after(session.tree.read(fid.inode, offset, length), (pieces) => ({ type: 'read', pieces }));
}

/** Beginning anywhere that an earlier entry said, while the directory changes or not. */
export function readdir(session: Session, { fid: number, offset, count }: RequestOf<'readdir'>): Awaitable<Outcome> {
  const fid = fileOf(session, number);
  requireOpen(fid, number);
  const limit = Math.min(count, session.messageBytes - dataHeaderBytes);
  return after(dots(session, fid, offset), (first) =>
    after(
      session.tree.list(fid.inode, Math.max(0, offset - dotEntries), Math.ceil(limit / shortestEntry)),
      (entries) => {
        const data = serializeDirectoryEntries(both(first, entries), limit);
        const none = first.length + entries.length === 0;
        if (data.length === 0 && !none) throw fileError('EINVAL', `No entry fits in ${limit} bytes`);
        return { type: 'readdir', pieces: [data] };
      },
    ),
  );
}

export function xattrwalk(session: Session, { fid: number, newFid, name }: RequestOf<'xattrwalk'>): Awaitable<Outcome> {
  const { fids, tree } = session;
  const fid = fileOf(session, number);
  if (newFid !== number) fids.requireFree(newFid);
  const value: Awaitable<Uint8Array | undefined> =
    name === '' ? after(tree.xattrNames(fid.inode), serializeNames) : tree.xattr(fid.inode, name);
  return after(value, (found) => {
    if (!found) throw fileError('ENODATA', `No such attribute: ${name}`);
    const { open: _, ...rest } = fid;
    const use: Fid = { ...rest, xattr: { kind: 'read', value: found } };
    if (newFid === number) fids.replace(number, use);
    else fids.add(newFid, use);
    return { type: 'xattrwalk', size: found.length };
  });
}

function requireOpen({ open }: Fid, number: number): number {
  if (open === undefined) throw fileError('EBADF', `The fid ${number} is not open`);
  return open;
}

function readXattr({ xattr }: Fid, offset: number, length: number): Uint8Array {
  if (xattr?.kind !== 'read') throw fileError('EBADF', 'The attribute is open for writing');
  return xattr.value.subarray(offset, offset + length);
}

/** `.` and `..`, where the offset is not behind them. */
function dots({ tree }: Session, { inode, root }: Fid, offset: number): Awaitable<readonly DirectoryEntry[]> {
  if (offset >= dotEntries) return [];
  return after(tree.attributes(inode), (own) =>
    after(inode === root ? own : tree.lookup(inode, '..'), (parent) => {
      const entries = [dotEntry('.', own, 1), dotEntry('..', parent ?? own, dotEntries)];
      return entries.slice(offset);
    }),
  );
}

function dotEntry(name: string, attributes: FileAttributes, offset: number): DirectoryEntry {
  return { qid: qidOf(attributes), offset, kind: kindOf(attributes.mode), name };
}

function* both(first: readonly DirectoryEntry[], entries: readonly TreeEntry[]): Iterable<DirectoryEntry> {
  yield* first;
  for (const { name, inode, kind, next } of entries) {
    // Readers of directories look at the number only.
    yield { qid: { type: qidType(kind), version: 0, path: inode }, offset: next + dotEntries, kind, name };
  }
}

/** Names with a zero behind each, as listxattr(2) gives them. */
function serializeNames(names: readonly string[]): Uint8Array {
  return serializeFileName(names.map((name) => `${name}\0`).join(''));
}

/** As Linux packs them (its new_encode_dev). */
function encodeDevice({ major, minor }: { readonly major: number; readonly minor: number }): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
