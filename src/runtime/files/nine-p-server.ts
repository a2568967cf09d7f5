import type { Awaitable, FileTree } from '../../api/file-tree';
import { errnoOf, fileError, linuxErrno } from '../../formats/linux-errno';
import {
  parseHeader,
  parseRequest,
  serializeDataHeader,
  serializeReply,
  type Tagged,
} from '../../formats/nine-p/codec';
import type { Request, RequestType } from '../../formats/nine-p/messages';
import * as changes from './change-requests';
import { FidTable, type FidTableState } from './fid-table';
import { HeldLocks, type SavedLock } from './held-locks';
import * as locks from './lock-requests';
import * as opens from './open-requests';
import * as reads from './read-requests';
import type { Outcome, Session } from './session';
import * as walks from './walk-requests';

/** Called once for each request, with the reply in pieces; none when there was nothing to reply to. */
export type AnswerRequest = (reply: readonly Uint8Array[]) => void;

export interface NineServerOptions {
  readonly tree: FileTree;
  /** Largest message either way; a client may want less. */
  readonly maxMessageBytes: number;
}

/** What a client and a server have agreed, as it is saved with a machine. */
export type NineServerState = readonly [
  version: 1,
  messageBytes: number,
  ...fids: FidTableState,
  /** Absent in states of before there were any. */
  locks?: readonly SavedLock[],
];

/** The other half of `NineServer.state`, if it is a state of this version. */
export function parseServerState(saved: unknown): NineServerState | undefined {
  return Array.isArray(saved) && saved[0] === 1 && saved[2] instanceof Float64Array
    ? (saved as unknown as NineServerState)
    : undefined;
}

interface Pending {
  /** Nothing is done yet that the client would have to know of. */
  readonly interruptible: boolean;
  readonly answer: AnswerRequest;
  /** Flushes that wait for it, in their order. */
  readonly flushes: (() => void)[];
}

const protocol = '9P2000.L';
const leastMessageBytes = 4096;

type Handlers = {
  readonly [Type in Exclude<RequestType, 'version' | 'flush'>]: (
    session: Session,
    request: Request & { readonly type: Type },
  ) => Awaitable<Outcome>;
};

const handlers: Handlers = {
  write: changes.write,
  setattr: changes.setattr,
  mkdir: changes.mkdir,
  symlink: changes.symlink,
  mknod: changes.mknod,
  link: changes.link,
  unlinkat: changes.unlinkat,
  renameat: changes.renameat,
  rename: changes.rename,
  remove: changes.remove,
  fsync: changes.fsync,
  auth: () => {
    throw fileError('EOPNOTSUPP', 'This file server does not authenticate');
  },
  attach: walks.attach,
  walk: walks.walk,
  getattr: reads.getattr,
  statfs: reads.statfs,
  readlink: reads.readlink,
  read: reads.read,
  readdir: reads.readdir,
  xattrwalk: reads.xattrwalk,
  lopen: opens.lopen,
  lcreate: opens.lcreate,
  clunk: opens.clunk,
  xattrcreate: opens.xattrcreate,
  lock: locks.lock,
  getlock: locks.getlock,
};

/** Requests that change nothing, not even fids: their answer may come too late. */
const interruptible: ReadonlySet<RequestType> = new Set([
  'read',
  'getattr',
  'readdir',
  'readlink',
  'statfs',
  'getlock',
]);

/**
 * A 9P2000.L server for one client over one file tree. Requests are answered at once where the tree can, else when it
 * has, in any order. A flush is answered after the request it names, which ends early where that is harmless
 * (flush(5)). Permissions are the client's to check, as they are on a disk: the tree is all its own.
 */
export class NineServer {
  readonly #tree: FileTree;
  readonly #maxMessageBytes: number;
  readonly #pending = new Map<number, Pending>();
  #session: Session;

  constructor({ tree, maxMessageBytes }: NineServerOptions, state?: NineServerState) {
    this.#tree = tree;
    this.#maxMessageBytes = maxMessageBytes;
    const [, messageBytes = maxMessageBytes, ...saved] = state ?? [];
    const [numbers, names, xattrs, locks = []] = saved as [...FidTableState, locks?: readonly SavedLock[]];
    const fids = state && FidTable.restore([numbers, names, xattrs]);
    this.#session = this.#newSession(messageBytes, fids, HeldLocks.restore(locks));
    this.#lockAgain();
    if (tree.changes)
      for (const { open, inode } of this.#session.fids.values()) if (open !== undefined) tree.changes.hold(inode);
  }

  /** Fids that the client has. */
  get fids(): number {
    return this.#session.fids.size;
  }

  /** Complete only while no request is under way. */
  get state(): NineServerState {
    const { messageBytes, fids, tree, locks } = this.#session;
    return [1, messageBytes, ...fids.save(tree.changes !== undefined), locks.save()];
  }

  /** Takes a request; it may be anything. */
  serve(bytes: Uint8Array, answer: AnswerRequest): void {
    const header = parseHeader(bytes);
    if (!header) {
      answer([]);
      return;
    }
    const { tag } = header;
    try {
      if (bytes.length > this.#session.messageBytes) throw fileError('EPROTO', `A message of ${bytes.length} bytes`);
      this.#take(parseRequest(bytes), answer);
    } catch (error) {
      answer(this.#failure(tag, error));
    }
  }

  /** Lets go of every file; what is under way is answered as interrupted. */
  dispose(): void {
    this.#beginAnew(this.#maxMessageBytes);
  }

  #take({ tag, message }: Tagged<Request>, answer: AnswerRequest): void {
    if (message.type === 'version') {
      answer(this.#agree(tag, message));
      return;
    }
    if (this.#pending.has(tag)) throw fileError('EBUSY', `Another request has the tag ${tag}`);
    if (message.type === 'flush') {
      this.#flush(tag, message.oldTag, answer);
      return;
    }
    const handler = handlers[message.type] as (session: Session, request: Request) => Awaitable<Outcome>;
    const outcome = handler(this.#session, message);
    if (!(outcome instanceof Promise)) {
      answer(this.#reply(tag, outcome));
      return;
    }
    const pending: Pending = { interruptible: interruptible.has(message.type), answer, flushes: [] };
    this.#pending.set(tag, pending);
    outcome.then(
      (value) => this.#settle(tag, pending, () => this.#reply(tag, value)),
      (error: unknown) => this.#settle(tag, pending, () => this.#failure(tag, error)),
    );
  }

  /** What another has locked since is lost; the client cannot be told. */
  #lockAgain(): void {
    const { tree, locks } = this.#session;
    for (const [inode, lock] of locks.values()) {
      ignoreFailure(() => tree.changes?.lock(inode, lock));
    }
  }

  #agree(tag: number, { msize, version }: Request & { readonly type: 'version' }): readonly Uint8Array[] {
    if (msize < leastMessageBytes) throw fileError('EINVAL', `Messages of ${msize} bytes are too small`);
    const messageBytes = Math.min(msize, this.#maxMessageBytes);
    this.#beginAnew(messageBytes);
    const known = version === protocol || version.startsWith(`${protocol}.`);
    return [
      serializeReply({ tag, message: { type: 'version', msize: messageBytes, version: known ? protocol : 'unknown' } }),
    ];
  }

  #beginAnew(messageBytes: number): void {
    for (const [tag, pending] of [...this.#pending]) this.#interrupt(tag, pending);
    const { fids, tree, locks } = this.#session;
    for (const [inode, lock] of locks.values()) ignoreFailure(() => tree.changes?.unlock(inode, lock));
    if (tree.changes) for (const { open, inode } of fids.values()) if (open !== undefined) tree.changes.release(inode);
    this.#session = this.#newSession(messageBytes);
  }

  #flush(tag: number, oldTag: number, answer: AnswerRequest): void {
    const flushed = (): readonly Uint8Array[] => [serializeReply({ tag, message: { type: 'flush' } })];
    const old = this.#pending.get(oldTag);
    if (old && !old.interruptible) {
      const pending: Pending = { interruptible: false, answer, flushes: [] };
      this.#pending.set(tag, pending);
      old.flushes.push(() => this.#settle(tag, pending, flushed));
      return;
    }
    if (old) this.#interrupt(oldTag, old);
    answer(flushed());
  }

  #interrupt(tag: number, pending: Pending): void {
    this.#settle(tag, pending, () => this.#failure(tag, fileError('EINTR', 'Interrupted')));
  }

  /** Once for each request; what comes later is not heard. */
  #settle(tag: number, pending: Pending, reply: () => readonly Uint8Array[]): void {
    if (this.#pending.get(tag) !== pending) return;
    this.#pending.delete(tag);
    pending.answer(reply());
    for (const flush of pending.flushes) flush();
  }

  #reply(tag: number, outcome: Outcome): readonly Uint8Array[] {
    try {
      if ('pieces' in outcome) {
        const count = outcome.pieces.reduce((sum, { length }) => sum + length, 0);
        return [serializeDataHeader(outcome.type, tag, count), ...outcome.pieces];
      }
      const reply = serializeReply({ tag, message: outcome });
      if (reply.length > this.#session.messageBytes) throw fileError('ERANGE', `A reply of ${reply.length} bytes`);
      return [reply];
    } catch (error) {
      return this.#failure(tag, error);
    }
  }

  #failure(tag: number, error: unknown): readonly Uint8Array[] {
    const errno = errnoOf(error) || linuxErrno.EIO;
    return [serializeReply({ tag, message: { type: 'error', errno } })];
  }

  #newSession(messageBytes: number, fids = new FidTable(), locks = new HeldLocks()): Session {
    return { tree: this.#tree, fids, locks, messageBytes };
  }
}

/** The file may have gone, or the way to it. */
function ignoreFailure(work: () => Awaitable<unknown>): void {
  try {
    const done = work();
    if (done instanceof Promise) done.catch(() => {});
  } catch {
    // As said.
  }
}
