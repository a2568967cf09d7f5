import type { Awaitable, FileAttributes } from '../../api/file-tree';
import { requireName } from '../../formats/file-name';
import { fileType, permissionBits } from '../../formats/file-type';
import { errnoOf, fileError, linuxErrno } from '../../formats/linux-errno';
import type { RequestOf } from '../../formats/nine-p/messages';
import { after } from './after';
import { openFlag, opensForWriting, requireOpenable } from './open-flags';
import { qidOf } from './qid';
import { fileOf, foundBelow, type Outcome, requireChanges, type Session } from './session';

/** "As much as fits in a message": the client knows better. */
const ioUnit = 0;

/** Largest value of an extended attribute (XATTR_SIZE_MAX). */
const maxXattrBytes = 64 * 1024;
const xattrCreate = 1;
const xattrReplace = 2;

export function lopen(session: Session, { fid: number, flags }: RequestOf<'lopen'>): Awaitable<Outcome> {
  const { tree, fids } = session;
  const fid = fileOf(session, number);
  if (fid.open !== undefined) throw fileError('EBADF', `The fid ${number} is open already`);
  return after(tree.attributes(fid.inode), (attributes) => {
    requireOpenable(attributes.mode, flags);
    if (opensForWriting(flags)) requireChanges(session);
    return after(truncateIfAsked(session, attributes, flags), (opened) => {
      tree.changes?.hold(fid.inode);
      fids.replace(number, { ...fid, open: flags });
      return { type: 'lopen', qid: qidOf(opened), ioUnit };
    });
  });
}

/** Makes a file and opens it; one that is there already is opened unless it had to be new. */
export function lcreate(
  session: Session,
  { fid: number, name, flags, mode, gid }: RequestOf<'lcreate'>,
): Awaitable<Outcome> {
  const { fids } = session;
  const fid = fileOf(session, number);
  if (fid.open !== undefined) throw fileError('EBADF', `The fid ${number} is open already`);
  const changes = requireChanges(session);
  requireName(name);
  const wanted = { mode: fileType.regular | (mode & permissionBits), uid: fid.uid, gid };
  const opened = (attributes: FileAttributes): Outcome => {
    changes.hold(attributes.inode);
    fids.replace(number, { ...foundBelow(fid, attributes, name), open: flags });
    return { type: 'lcreate', qid: qidOf(attributes), ioUnit };
  };
  return after(
    orIfTaken(() => changes.create(fid.inode, name, wanted)),
    (made) => {
      if (made !== 'taken') return opened(made);
      if (flags & openFlag.exclusive) throw fileError('EEXIST', `There is a file of this name: ${name}`);
      return after(session.tree.lookup(fid.inode, name), (found) => {
        if (!found) throw fileError('ENOENT', `The file was removed meanwhile: ${name}`);
        requireOpenable(found.mode, flags);
        return after(truncateIfAsked(session, found, flags), opened);
      });
    },
  );
}

/** What was written of an attribute is set now; a directory or file that was open is let go. */
export function clunk(session: Session, { fid: number }: RequestOf<'clunk'>): Awaitable<Outcome> {
  const { fids, tree } = session;
  const fid = fids.get(number);
  fids.delete(number);
  if (fid.open !== undefined) tree.changes?.release(fid.inode);
  const { xattr, inode } = fid;
  if (xattr?.kind !== 'write') return { type: 'clunk' };
  if (xattr.filled !== xattr.value.length) {
    throw fileError('EINVAL', `${xattr.value.length} bytes of an attribute were announced, ${xattr.filled} came`);
  }
  const changes = requireChanges(session);
  // How removexattr(2) arrives here; an empty value has other flags.
  const removes = xattr.value.length === 0 && xattr.flags === xattrReplace;
  const done = removes
    ? changes.removeXattr(inode, xattr.name)
    : changes.setXattr(inode, xattr.name, xattr.value, condition(xattr.flags));
  return after(done, () => ({ type: 'clunk' }));
}

/** The fid is one of the attribute from now on, which `write` fills and `clunk` sets. */
export function xattrcreate(
  session: Session,
  { fid: number, name, size, flags }: RequestOf<'xattrcreate'>,
): Awaitable<Outcome> {
  const fid = fileOf(session, number);
  const changes = requireChanges(session);
  if (name === '') throw fileError('EINVAL', 'An attribute without a name');
  if (size > maxXattrBytes) throw fileError('ENOSPC', `An attribute of ${size} bytes; at most ${maxXattrBytes} fit`);
  const { open, ...rest } = fid;
  if (open !== undefined) changes.release(fid.inode);
  session.fids.replace(number, {
    ...rest,
    xattr: { kind: 'write', name, flags, value: new Uint8Array(size), filled: 0 },
  });
  return { type: 'xattrcreate' };
}

function condition(flags: number): 'any' | 'new' | 'existing' {
  if (flags & xattrCreate) return 'new';
  return flags & xattrReplace ? 'existing' : 'any';
}

/** The attributes as they are then. */
function truncateIfAsked(session: Session, attributes: FileAttributes, flags: number): Awaitable<FileAttributes> {
  const { inode } = attributes;
  if ((flags & openFlag.truncate) === 0) return attributes;
  return after(requireChanges(session).setAttributes(inode, { size: 0, mtime: 'now' }), () =>
    session.tree.attributes(inode),
  );
}

function orIfTaken<T>(make: () => Awaitable<T>): Awaitable<T | 'taken'> {
  const ifTaken = (error: unknown): 'taken' => {
    if (errnoOf(error) === linuxErrno.EEXIST) return 'taken';
    throw error;
  };
  try {
    const made = make();
    return made instanceof Promise ? made.catch(ifTaken) : made;
  } catch (error) {
    return ifTaken(error);
  }
}
