import type { AttributeChange, Awaitable, NewFile } from '../../api/file-tree';
import { requireName } from '../../formats/file-name';
import { fileType, isDirectory, permissionBits, typeOf } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';
import type { RequestOf } from '../../formats/nine-p/messages';
import { after } from './after';
import type { Fid, Place } from './fid-table';
import { openFlag, opensForWriting } from './open-flags';
import { clunk } from './open-requests';
import { qidOf } from './qid';
import { fileOf, type Outcome, requireChanges, type Session } from './session';

/** AT_REMOVEDIR. */
const removeDirectory = 0x200;

/** Which fields of a setattr count (P9_SETATTR_*). */
const setField = { mode: 1, uid: 2, gid: 4, size: 8, atime: 0x10, mtime: 0x20, atimeGiven: 0x80, mtimeGiven: 0x100 };

export function write(session: Session, { fid: number, offset, data }: RequestOf<'write'>): Awaitable<Outcome> {
  const fid = session.fids.get(number);
  if (fid.xattr) return { type: 'write', count: fillXattr(fid, offset, data) };
  if (fid.open === undefined || !opensForWriting(fid.open)) {
    throw fileError('EBADF', `The fid ${number} is not open for writing`);
  }
  const place = fid.open & openFlag.append ? 'end' : offset;
  return after(requireChanges(session).write(fid.inode, place, data), (count) => ({ type: 'write', count }));
}

export function setattr(session: Session, request: RequestOf<'setattr'>): Awaitable<Outcome> {
  const { inode } = fileOf(session, request.fid);
  const { valid, mode, uid, gid, size, atime, mtime } = request;
  const has = (bit: number): boolean => (valid & bit) !== 0;
  const change: AttributeChange = {
    ...(has(setField.mode) && { mode: mode & permissionBits }),
    ...(has(setField.uid) && { uid }),
    ...(has(setField.gid) && { gid }),
    ...(has(setField.size) && { size }),
    ...(has(setField.atime) && { atime: has(setField.atimeGiven) ? atime : 'now' }),
    ...(has(setField.mtime) && { mtime: has(setField.mtimeGiven) ? mtime : 'now' }),
  };
  return after(requireChanges(session).setAttributes(inode, change), () => ({ type: 'setattr' }));
}

export function mkdir(session: Session, { fid, name, mode, gid }: RequestOf<'mkdir'>): Awaitable<Outcome> {
  const file = { mode: fileType.directory | (mode & permissionBits), gid };
  return after(create(session, fid, name, file), ({ qid }) => ({ type: 'mkdir', qid }));
}

export function symlink(session: Session, { fid, name, target, gid }: RequestOf<'symlink'>): Awaitable<Outcome> {
  const file = { mode: fileType.symlink | 0o777, target, gid };
  return after(create(session, fid, name, file), ({ qid }) => ({ type: 'symlink', qid }));
}

export function mknod(session: Session, request: RequestOf<'mknod'>): Awaitable<Outcome> {
  const { fid, name, mode, major, minor, gid } = request;
  const type = typeOf(mode);
  if (type === fileType.directory || type === fileType.symlink) throw fileError('EINVAL', 'Not a node to be made so');
  const isDevice = type === fileType.character || type === fileType.block;
  // Sockets and pipes are the guest's own, and only their names are kept here.
  const file = {
    mode: type === 0 ? mode | fileType.regular : mode,
    gid,
    ...(isDevice && { device: { major, minor } }),
  };
  return after(create(session, fid, name, file), ({ qid }) => ({ type: 'mknod', qid }));
}

export function link(session: Session, { directory, fid, name }: RequestOf<'link'>): Awaitable<Outcome> {
  const [into, { inode }] = [fileOf(session, directory).inode, fileOf(session, fid)];
  const changes = requireChanges(session);
  return after(changes.link(into, requireName(name), inode), () => ({ type: 'link' }));
}

export function unlinkat(session: Session, { directory, name, flags }: RequestOf<'unlinkat'>): Awaitable<Outcome> {
  const { inode } = fileOf(session, directory);
  const what = flags & removeDirectory ? 'directory' : 'file';
  return after(requireChanges(session).unlink(inode, requireName(name), what), () => ({ type: 'unlinkat' }));
}

export function renameat(session: Session, request: RequestOf<'renameat'>): Awaitable<Outcome> {
  const { oldDirectory, oldName, newDirectory, newName } = request;
  const from = { directory: fileOf(session, oldDirectory).inode, name: requireName(oldName) };
  const to = { directory: fileOf(session, newDirectory).inode, name: requireName(newName) };
  return after(move(session, from, to), () => ({ type: 'renameat' }));
}

export function rename(session: Session, { fid, directory, name }: RequestOf<'rename'>): Awaitable<Outcome> {
  const file = fileOf(session, fid);
  const to = { directory: fileOf(session, directory).inode, name: requireName(name) };
  return after(placeOf(session, file), (from) => after(move(session, from, to), () => ({ type: 'rename' })));
}

/** The fid is gone afterwards, whether or not the file is. */
export function remove(session: Session, request: RequestOf<'remove'>): Awaitable<Outcome> {
  const file = session.fids.get(request.fid);
  return after(clunk(session, request), () =>
    after(placeOf(session, file), ({ directory, name }) =>
      after(requireChanges(session).unlink(directory, name, 'either'), () => ({ type: 'remove' })),
    ),
  );
}

export function fsync(session: Session, { fid }: RequestOf<'fsync'>): Awaitable<Outcome> {
  fileOf(session, fid);
  return after(session.tree.changes?.sync(), () => ({ type: 'fsync' }));
}

function create(
  session: Session,
  number: number,
  name: string,
  file: Omit<NewFile, 'uid'>,
): Awaitable<{ readonly qid: ReturnType<typeof qidOf> }> {
  const { inode, uid } = fileOf(session, number);
  const made = requireChanges(session).create(inode, requireName(name), { ...file, uid });
  return after(made, (attributes) => ({ qid: qidOf(attributes) }));
}

/** Fids that were found where the file was know it by its new place. */
function move(session: Session, from: Place, to: Place): Awaitable<void> {
  return after(session.tree.lookup(from.directory, from.name), (moved) =>
    after(requireChanges(session).rename(from, to), () => {
      if (moved) session.fids.relocate(moved.inode, from, to);
    }),
  );
}

/** Where the file of a fid is, as far as this client knows. ENOENT when it is not there any more. */
function placeOf({ tree }: Session, { inode, parent, name, root }: Fid): Awaitable<Place> {
  if (inode === root || name === '') throw fileError('EBUSY', 'The root is neither renamed nor removed');
  return after(tree.attributes(parent), (directory) => {
    if (!isDirectory(directory)) throw fileError('ENOENT', `The directory has gone: ${name}`);
    return after(tree.lookup(parent, name), (found) => {
      if (found?.inode !== inode) throw fileError('ENOENT', `The file is not where it was found: ${name}`);
      return { directory: parent, name };
    });
  });
}

function fillXattr({ xattr }: Fid, offset: number, data: Uint8Array): number {
  if (xattr?.kind !== 'write') throw fileError('EBADF', 'The attribute is open for reading');
  if (offset + data.length > xattr.value.length) throw fileError('ENOSPC', 'More of an attribute than was announced');
  xattr.value.set(data, offset);
  xattr.filled = Math.max(xattr.filled, offset + data.length);
  return data.length;
}
