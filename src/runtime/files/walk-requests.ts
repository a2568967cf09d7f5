import type { Awaitable, FileAttributes } from '../../api/file-tree';
import { isDirectory } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';
import type { Qid } from '../../formats/nine-p/fields';
import { noFid, type RequestOf } from '../../formats/nine-p/messages';
import { after } from './after';
import type { Fid } from './fid-table';
import { qidOf } from './qid';
import { fileOf, foundBelow, type Outcome, type Session } from './session';

/** A `uid` that says nothing. */
const noUid = 0xffff_ffff;

interface Found {
  readonly fid: Fid;
  readonly qids: readonly Qid[];
}

/** `tree` is a path below the tree's root; the client sees that as its root. */
export function attach(session: Session, { fid, authFid, tree: path, uid }: RequestOf<'attach'>): Awaitable<Outcome> {
  const { tree, fids } = session;
  if (authFid !== noFid) throw fileError('EOPNOTSUPP', 'This file server does not authenticate');
  fids.requireFree(fid);
  const names = path.split('/').filter((name) => name !== '');
  const begin: Fid = { inode: tree.root, parent: tree.root, name: '', root: tree.root, uid: uid === noUid ? 0 : uid };
  return after(tree.attributes(tree.root), (root) =>
    after(follow(session, begin, isDirectory(root), names), (found) => {
      if (found.qids.length < names.length) throw fileError('ENOENT', `No such directory to attach to: ${path}`);
      const { inode } = found.fid;
      fids.add(fid, { ...found.fid, parent: inode, name: '', root: inode });
      return { type: 'attach', qid: found.qids.at(-1) ?? qidOf(root) };
    }),
  );
}

/** All names or, from the second on, as many as there are; `newFid` is made only when all are. */
export function walk(session: Session, { fid, newFid, names }: RequestOf<'walk'>): Awaitable<Outcome> {
  const { fids, tree } = session;
  const from = fileOf(session, fid);
  if (newFid !== fid) fids.requireFree(newFid);
  else if (from.open !== undefined) throw fileError('EINVAL', `The fid ${fid} is open`);
  const { open: _, ...begin } = from;
  const begun = names.length === 0 ? true : after(tree.attributes(from.inode), isDirectory);
  return after(begun, (directory) =>
    after(follow(session, begin, directory, names), (found) => {
      if (found.qids.length < names.length) {
        if (found.qids.length > 0) return { type: 'walk', qids: found.qids };
        throw directory
          ? fileError('ENOENT', `No such file: ${names[0]}`)
          : fileError('ENOTDIR', 'The walk begins at no directory');
      }
      if (newFid === fid) fids.replace(fid, found.fid);
      else fids.add(newFid, found.fid);
      return { type: 'walk', qids: found.qids };
    }),
  );
}

/** Follows the names as far as they lead. */
function follow(session: Session, begin: Fid, isBeginDirectory: boolean, names: readonly string[]): Awaitable<Found> {
  const step = (found: Found, directory: boolean): Awaitable<Found> => {
    const name = names[found.qids.length];
    if (name === undefined || !directory) return found;
    return after(find(session, found.fid, name), (attributes) => {
      if (!attributes) return found;
      const qids = [...found.qids, qidOf(attributes)];
      return step({ fid: foundBelow(found.fid, attributes, name), qids }, isDirectory(attributes));
    });
  };
  return step({ fid: begin, qids: [] }, isBeginDirectory);
}

function find({ tree }: Session, from: Fid, name: string): Awaitable<FileAttributes | undefined> {
  if (name === '.' || (name === '..' && from.inode === from.root)) return tree.attributes(from.inode);
  return tree.lookup(from.inode, name);
}
