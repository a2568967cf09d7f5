import type {
  AttributeChange,
  FileAttributes,
  FileChanges,
  FileLock,
  FileTree,
  InodeNumber,
  NewFile,
  TreeEntry,
  TreeUsage,
} from '../api/file-tree';
import { concatBytes } from '../base/bytes';
import type { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import {
  LastingPort,
  type LastingPortOptions,
  type LastingPortState,
  type LastingQuestion,
  serveLastingPort,
} from './lasting-port';

/**
 * A shared folder over one MessagePort, between who uses it (a machine's worker, the lab) and the store's, which alone
 * knows what is in it. The questions are the calls of a file tree. Each has a number, and the store keeps its answer
 * until it was heard (`oldest`): a change that is asked for again after the store's death is made once.
 */

type Calls = Omit<FileTree & FileChanges, 'root' | 'changes' | 'numbering' | 'hold' | 'release'>;

export type FolderMethod = keyof Calls;

/** A call of a file tree, as it travels. */
export type FolderCall = {
  readonly [Method in FolderMethod]: { readonly method: Method; readonly args: Parameters<Calls[Method]> };
}[FolderMethod];

export type FolderQuestion = LastingQuestion<FolderCall>;

/** What a client has, told to a store that was started again. */
export interface FolderGreeting {
  readonly type: 'greet';
  readonly held: readonly InodeNumber[];
  readonly locks: readonly (readonly [InodeNumber, FileLock])[];
  readonly watches: boolean;
}

export type FolderNews =
  | FolderGreeting
  | { readonly type: 'hold' | 'release'; readonly inode: InodeNumber }
  | { readonly type: 'watch' };

/** What has changed in a folder: paths of files and directories, all of them or, where they are many, `/`. */
export interface FolderNotice {
  readonly paths: readonly string[];
}

/** One client's way into a folder. */
export interface FolderTarget {
  answer(question: FolderQuestion): Promise<unknown>;
  hear(news: FolderNews): void;
  /** Heard once `watch` was told. */
  readonly changed: Event<FolderNotice>;
  /** The client has gone, by its own will or not. */
  close(): void;
}

export interface FolderPortOptions extends LastingPortOptions {
  /** Whether to be told of changes. */
  readonly watch?: boolean;
}

/** The client's end: a file tree that outlives the store's worker. Errors of every call: also those of {@link LastingPort}. */
export class FolderPortClient implements FileTree, FileChanges, Disposable {
  readonly root = 1;
  readonly changes = this;
  readonly #port: LastingPort<FolderCall>;
  readonly #held = new Map<InodeNumber, number>();
  #locks: readonly (readonly [InodeNumber, FileLock])[] = [];
  readonly #changed = new Emitter<FolderNotice>();

  constructor(state: LastingPortState, { watch = false, ...options }: FolderPortOptions = {}) {
    const greeting = (): FolderGreeting => ({
      type: 'greet',
      held: [...this.#held.keys()],
      locks: this.#locks,
      watches: watch,
    });
    const onNotice = (notice: object): void => this.#changed.fire(notice as FolderNotice);
    this.#port = new LastingPort({ what: 'shared folder', greeting, onNotice }, state, options);
    if (watch) this.#tell({ type: 'watch' });
  }

  get changed(): Event<FolderNotice> {
    return this.#changed.event;
  }

  attributes(inode: InodeNumber): Promise<FileAttributes> {
    return this.#ask({ method: 'attributes', args: [inode] });
  }

  lookup(directory: InodeNumber, name: string): Promise<FileAttributes | undefined> {
    return this.#ask({ method: 'lookup', args: [directory, name] });
  }

  list(directory: InodeNumber, after: number, limit: number): Promise<readonly TreeEntry[]> {
    return this.#ask({ method: 'list', args: [directory, after, limit] });
  }

  readLink(inode: InodeNumber): Promise<string> {
    return this.#ask({ method: 'readLink', args: [inode] });
  }

  read(inode: InodeNumber, offset: number, length: number): Promise<readonly Uint8Array[]> {
    return this.#ask({ method: 'read', args: [inode, offset, length] });
  }

  xattr(inode: InodeNumber, name: string): Promise<Uint8Array | undefined> {
    return this.#ask({ method: 'xattr', args: [inode, name] });
  }

  xattrNames(inode: InodeNumber): Promise<readonly string[]> {
    return this.#ask({ method: 'xattrNames', args: [inode] });
  }

  usage(): Promise<TreeUsage> {
    return this.#ask({ method: 'usage', args: [] });
  }

  create(directory: InodeNumber, name: string, file: NewFile): Promise<FileAttributes> {
    return this.#ask({ method: 'create', args: [directory, name, file] });
  }

  link(directory: InodeNumber, name: string, inode: InodeNumber): Promise<void> {
    return this.#ask({ method: 'link', args: [directory, name, inode] });
  }

  unlink(directory: InodeNumber, name: string, what: 'directory' | 'file' | 'either'): Promise<void> {
    return this.#ask({ method: 'unlink', args: [directory, name, what] });
  }

  rename(...places: Parameters<FileChanges['rename']>): Promise<void> {
    return this.#ask({ method: 'rename', args: places });
  }

  write(inode: InodeNumber, offset: number | 'end', bytes: Uint8Array): Promise<number> {
    // A view would take all of its buffer along.
    const own = bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
    return this.#ask({ method: 'write', args: [inode, offset, own] });
  }

  setAttributes(inode: InodeNumber, change: AttributeChange): Promise<void> {
    return this.#ask({ method: 'setAttributes', args: [inode, change] });
  }

  setXattr(...args: Parameters<FileChanges['setXattr']>): Promise<void> {
    return this.#ask({ method: 'setXattr', args });
  }

  removeXattr(inode: InodeNumber, name: string): Promise<void> {
    return this.#ask({ method: 'removeXattr', args: [inode, name] });
  }

  sync(): Promise<void> {
    return this.#ask({ method: 'sync', args: [] });
  }

  /** The store counts a client once for each file, this one knows how often it has it open. */
  hold(inode: InodeNumber): void {
    const count = this.#held.get(inode) ?? 0;
    this.#held.set(inode, count + 1);
    if (count === 0) this.#tell({ type: 'hold', inode });
  }

  release(inode: InodeNumber): void {
    const count = this.#held.get(inode) ?? 0;
    if (count > 1) {
      this.#held.set(inode, count - 1);
      return;
    }
    this.#held.delete(inode);
    this.#locks = this.#locks.filter(([locked]) => locked !== inode);
    if (count === 1) this.#tell({ type: 'release', inode });
  }

  async lock(inode: InodeNumber, lock: FileLock): Promise<boolean> {
    const granted = await this.#ask<boolean>({ method: 'lock', args: [inode, lock] });
    if (granted) this.#locks = [...this.#locksBut(inode, lock), [inode, lock]];
    return granted;
  }

  async unlock(inode: InodeNumber, range: Omit<FileLock, 'exclusive'>): Promise<void> {
    await this.#ask({ method: 'unlock', args: [inode, range] });
    this.#locks = this.#locksBut(inode, range);
  }

  findLock(inode: InodeNumber, lock: FileLock): Promise<FileLock | undefined> {
    return this.#ask({ method: 'findLock', args: [inode, lock] });
  }

  /** As `LastingPort.renew`. */
  renew(port: MessagePort): void {
    this.#port.renew(port);
  }

  /** The folder is lost for good. */
  fail(error: SandboxError): void {
    this.#port.fail(error);
  }

  /** As `LastingPort.handOver`. What was held stays held: who goes on holds it again. */
  handOver(): LastingPortState {
    return this.#port.handOver();
  }

  dispose(): void {
    this.#port.dispose();
    this.#changed.dispose();
  }

  #ask<T>(call: FolderCall): Promise<T> {
    return this.#port.ask(call) as Promise<T>;
  }

  #tell(news: FolderNews): void {
    this.#port.tell(news);
  }

  #locksBut(inode: InodeNumber, range: Omit<FileLock, 'exclusive'>): readonly (readonly [InodeNumber, FileLock])[] {
    return this.#locks.flatMap(([locked, lock]) => {
      const isOther =
        locked !== inode ||
        lock.owner.client !== range.owner.client ||
        lock.owner.process !== range.owner.process ||
        lock.end <= range.start ||
        range.end <= lock.start;
      if (isOther) return [[locked, lock] as const];
      const before = lock.start < range.start ? [[locked, { ...lock, end: range.start }] as const] : [];
      return lock.end > range.end ? [...before, [locked, { ...lock, start: range.end }] as const] : before;
    });
  }
}

/** The store's end: serves a client until it closes the port, or is known to have died. */
export function serveFolderPort(port: MessagePort, target: FolderTarget): void {
  let watching: Disposable | undefined;
  serveLastingPort(port, 'shared folder', {
    answer: async (question) => {
      const value = await target.answer(question as unknown as FolderQuestion);
      if (question['method'] !== 'read') return { value };
      const bytes = concatBytes(value as readonly Uint8Array[]);
      return { value: [bytes], moves: [bytes.buffer] };
    },
    hear: (message) => {
      const news = message as unknown as FolderNews;
      const watches = news.type === 'watch' || (news.type === 'greet' && news.watches);
      if (watches) watching ??= target.changed((notice) => port.postMessage(notice));
      target.hear(news);
    },
    close: () => {
      watching?.dispose();
      target.close();
    },
  });
}
