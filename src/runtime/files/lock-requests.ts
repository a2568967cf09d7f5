import type { Awaitable, FileLock } from '../../api/file-tree';
import { fileError } from '../../formats/linux-errno';
import type { RequestOf } from '../../formats/nine-p/messages';
import { after } from './after';
import { fileOf, type Outcome, type Session } from './session';

/** P9_LOCK_TYPE_* and P9_LOCK_*. */
const lockType = { read: 0, write: 1, none: 2 } as const;
const lockStatus = { granted: 0, blocked: 1 } as const;

/** Whoever waits for a lock asks again: Linux does so by itself. Where nothing is shared every lock is granted. */
export function lock(session: Session, request: RequestOf<'lock'>): Awaitable<Outcome> {
  const { inode } = fileOf(session, request.fid);
  const { changes } = session.tree;
  const wanted = lockOf(request);
  if (!changes) return { type: 'lock', status: lockStatus.granted };
  if (request.lock === lockType.none) {
    return after(changes.unlock(inode, wanted), () => {
      session.locks.remove(inode, wanted);
      return { type: 'lock', status: lockStatus.granted };
    });
  }
  return after(changes.lock(inode, wanted), (granted) => {
    if (granted) session.locks.add(inode, wanted);
    return { type: 'lock', status: granted ? lockStatus.granted : lockStatus.blocked };
  });
}

/** The lock that would be in the way, or the one asked for as "none". */
export function getlock(session: Session, request: RequestOf<'getlock'>): Awaitable<Outcome> {
  const { inode } = fileOf(session, request.fid);
  const { start, length, process, client } = request;
  return after(session.tree.changes?.findLock(inode, lockOf(request)), (found) => {
    if (!found) return { type: 'getlock', lock: lockType.none, start, length, process, client };
    return {
      type: 'getlock',
      lock: found.exclusive ? lockType.write : lockType.read,
      start: found.start,
      length: Number.isFinite(found.end) ? found.end - found.start : 0,
      process: found.owner.process,
      client: found.owner.client,
    };
  });
}

function lockOf(request: RequestOf<'lock'> | RequestOf<'getlock'>): FileLock {
  const { lock: type, start, length, process, client } = request;
  if (type !== lockType.read && type !== lockType.write && type !== lockType.none) {
    throw fileError('EINVAL', `No such kind of lock: ${type}`);
  }
  const end = length === 0 ? Number.POSITIVE_INFINITY : start + length;
  return { exclusive: type === lockType.write, start, end, owner: { client, process } };
}
