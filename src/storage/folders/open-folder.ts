import type { FileAttributes, FileLock, InodeNumber, LockOwner } from '../../api/file-tree';
import type { FolderClient } from '../../api/shared-folder';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import type { Disposable } from '../../base/lifecycle';
import type { FolderCall, FolderNews, FolderNotice, FolderQuestion, FolderTarget } from '../../rpc/folder-port';
import { FileLocks } from './file-locks';
import type { FolderBackend } from './folder-backend';
import { FolderChunks } from './folder-chunks';
import { FolderCommits } from './folder-commits';
import type { AnswerRecord, ChunkChange, FolderName, FolderRecords } from './folder-records';
import { FolderTree } from './folder-tree';

/** How long files without a name wait for a machine that comes back and has them open, milliseconds. */
const graceMs = 30_000;

/** Changes that wait to be written at most, bytes; beyond that nothing is taken before they are. */
const maxChangedBytes = 16 * 1024 * 1024;

/** Paths in one notice at most; where more has changed it says `/`. */
const maxPaths = 64;

const maxReadBytes = 4 * 1024 * 1024;

/** A client that has the folder open. */
interface Client {
  readonly id: string;
  /** What it has open. */
  held: Set<InodeNumber>;
  /** Its answers that it may not have heard. */
  answers: Map<number, unknown>;
  readonly changed: Emitter<FolderNotice>;
}

type Apply<T> = () => T | Promise<T>;

/**
 * A folder that is in use, the one place where it is changed. Calls are done one after the other and answered when what
 * they changed is written, together with those that came meanwhile; so nothing that was answered is lost with the
 * store, and what is found later is what was there at one moment. What cannot be written is taken back.
 */
export class OpenFolder implements Disposable {
  readonly name: FolderName;
  readonly #backend: FolderBackend;
  readonly #clock: Clock;
  readonly #locks = new FileLocks();
  readonly #clients = new Map<string, Client>();
  /** Of this session, and not back since the store was started again: their locks are not known yet. */
  readonly #absent = new Set<string>();
  readonly #commits: FolderCommits;
  readonly #graces = new Set<Disposable>();
  #tree: FolderTree;
  #chunks: FolderChunks;
  #answers: Map<string, AnswerRecord>;
  #changedAnswers = new Set<string>();
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(name: FolderName, backend: FolderBackend, clock: Clock, records: FolderRecords, session: string) {
    this.name = name;
    this.#backend = backend;
    this.#clock = clock;
    this.#tree = new FolderTree(records, () => clock.now());
    this.#chunks = new FolderChunks(backend, name, this.#tree);
    this.#answers = new Map(records.answers);
    for (const key of records.answers.keys()) {
      if (key.startsWith(`${session}/`)) this.#absent.add(key);
      else this.#forgetAnswers(key);
    }
    this.#commits = new FolderCommits({
      write: (lasting) => this.#write(lasting),
      undo: (error) => this.#undo(error),
    });
    this.#afterGrace(() => this.#endGrace());
  }

  /** `NotFound`. `session`: whose clients may come back. */
  static async load(name: FolderName, backend: FolderBackend, clock: Clock, session: string): Promise<OpenFolder> {
    return new OpenFolder(name, backend, clock, await backend.load(name), session);
  }

  get clients(): number {
    return this.#clients.size;
  }

  get quotaBytes(): number {
    return this.#tree.head.quotaBytes;
  }

  get usedBytes(): number {
    return this.#tree.used;
  }

  get files(): number {
    return this.#tree.files;
  }

  /** What the client calls it by; one that was known is the same as before. */
  join({ session, id }: FolderClient): FolderTarget {
    const key = `${session}/${id}`;
    const client: Client = this.#clients.get(key) ?? {
      id: key,
      held: new Set(),
      answers: new Map(this.#answers.get(key)),
      changed: new Emitter(),
    };
    this.#clients.set(key, client);
    return {
      answer: (question) => this.#answer(client, question),
      hear: (news) => this.#hear(client, news),
      changed: client.changed.event,
      // A port that ended says nothing of the client, which may come by another one: `leave` does.
      close: () => {},
    };
  }

  /**
   * The client has ended: what it had locked is free. What it had open and has no name stays for a while, for a machine
   * that is put back to where it had that open.
   */
  leave({ session, id }: FolderClient): void {
    const key = `${session}/${id}`;
    const client = this.#clients.get(key);
    this.#clients.delete(key);
    this.#absent.delete(key);
    this.#locks.releaseAll((owner) => owner.startsWith(`${key}/`));
    this.#forgetAnswers(key);
    client?.changed.dispose();
    const orphans = [...(client?.held ?? [])].filter((inode) => this.#isOrphan(inode));
    if (orphans.length > 0) this.#afterGrace(() => this.#collect(orphans));
  }

  /** `ResourceExhausted` where the files take more already. */
  async setQuota(quotaBytes: number): Promise<void> {
    await this.#change(() => {
      if (quotaBytes < this.#tree.used) {
        const message = `The files of the shared folder ${this.name} take ${this.#tree.used} bytes: more than ${quotaBytes}`;
        throw new SandboxError('ResourceExhausted', message, { details: { used: this.#tree.used } });
      }
      this.#tree.quotaBytes = quotaBytes;
    });
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    this.dispose();
    await this.#inTurn(() => {});
    await this.#commits.settle();
  }

  dispose(): void {
    for (const grace of this.#graces) grace.dispose();
    for (const { changed } of this.#clients.values()) changed.dispose();
  }

  #answer(client: Client, question: FolderQuestion): Promise<unknown> {
    const { id, oldest } = question;
    // What is older was heard.
    for (const known of client.answers.keys()) if (known < oldest) client.answers.delete(known);
    return this.#perform(client, question, (apply) => this.#changeOnce(client, id, apply));
  }

  #perform(client: Client, { method, args }: FolderCall, change: <T>(apply: Apply<T>) => Promise<T>): Promise<unknown> {
    switch (method) {
      case 'attributes':
        return this.#inTurn(() => this.#tree.attributes(...args));
      case 'lookup':
        return this.#inTurn(() => this.#tree.lookup(...args));
      case 'list':
        return this.#inTurn(() => this.#tree.list(...args));
      case 'readLink':
        return this.#inTurn(() => this.#tree.readLink(...args));
      case 'xattr':
        return this.#inTurn(() => this.#tree.xattr(...args));
      case 'xattrNames':
        return this.#inTurn(() => this.#tree.xattrNames(...args));
      case 'usage':
        return this.#inTurn(() => this.#tree.usage());
      case 'read':
        return this.#inTurn(() => this.#read(...args));
      case 'create':
        return change((): FileAttributes => this.#tree.create(...args));
      case 'link':
        return change(() => this.#tree.link(...args));
      case 'unlink':
        return change(() => this.#forgetUnused(this.#tree.unlink(...args)));
      case 'rename':
        return change(() => {
          const replaced = this.#tree.rename(...args);
          if (replaced !== undefined) this.#forgetUnused(replaced);
        });
      case 'write':
        return change(() => this.#writeBytes(...args));
      case 'setAttributes':
        return change(async () => {
          const [inode, attributes] = args;
          if (attributes.size !== undefined) await this.#resize(inode, attributes.size);
          this.#tree.setAttributes(inode, attributes);
        });
      case 'setXattr':
        return change(() => this.#tree.setXattr(...args));
      case 'removeXattr':
        return change(() => this.#tree.removeXattr(...args));
      case 'sync':
        return this.#inTurn(() => ({ settled: this.#commits.settle() })).then(({ settled }) => settled);
      case 'lock':
        return this.#inTurn(() => this.#lock(client, ...args));
      case 'unlock':
        return this.#inTurn(() => this.#locks.unlock(args[0], { ...args[1], owner: ownerOf(client, args[1]) }));
      case 'findLock':
        return this.#inTurn(() => this.#findLock(client, ...args));
      default:
        throw new SandboxError('Unimplemented', `No such call of a shared folder: ${String(method satisfies never)}`);
    }
  }

  #hear(client: Client, news: FolderNews): void {
    switch (news.type) {
      case 'hold':
        if (this.#tree.has(news.inode)) client.held.add(news.inode);
        break;
      case 'release':
        client.held.delete(news.inode);
        this.#collect([news.inode]);
        break;
      case 'greet':
        client.held = new Set(news.held.filter((inode) => this.#tree.has(inode)));
        for (const [inode, lock] of news.locks) this.#locks.lock(inode, { ...lock, owner: ownerOf(client, lock) });
        this.#absent.delete(client.id);
        break;
      default:
    }
  }

  #read(inode: InodeNumber, offset: number, length: number): Promise<readonly Uint8Array[]> {
    requireRange(offset, length);
    return this.#chunks.read(inode, offset, Math.min(length, maxReadBytes));
  }

  async #writeBytes(inode: InodeNumber, where: number | 'end', bytes: Uint8Array): Promise<number> {
    const { size } = this.#tree.requireFile(inode);
    const offset = where === 'end' ? size : where;
    requireRange(offset, bytes.length);
    if (bytes.length === 0) return 0;
    const chunks = await this.#chunks.prepareWrite(inode, offset, bytes);
    this.#put(inode, Math.max(size, offset + bytes.length), chunks);
    return bytes.length;
  }

  async #resize(inode: InodeNumber, size: number): Promise<void> {
    requireRange(0, size);
    this.#put(inode, size, await this.#chunks.prepareResize(inode, size));
  }

  #put(inode: InodeNumber, size: number, chunks: readonly Omit<ChunkChange, 'inode'>[]): void {
    this.#tree.resize(inode, size, chunks);
    this.#chunks.put(chunks.map((chunk) => ({ ...chunk, inode })));
  }

  #lock(client: Client, inode: InodeNumber, lock: FileLock): boolean {
    this.#tree.attributes(inode);
    // What those have locked who were here before the store died is not known yet.
    if (this.#absent.size > 0 && !this.#absent.has(client.id)) return false;
    return this.#locks.lock(inode, { ...lock, owner: ownerOf(client, lock) });
  }

  #findLock(client: Client, inode: InodeNumber, lock: FileLock): FileLock | undefined {
    const found = this.#locks.find(inode, { ...lock, owner: ownerOf(client, lock) });
    return found && { ...found, owner: { ...found.owner, client: found.owner.client.split('/').slice(2).join('/') } };
  }

  /** A question that is asked again is answered as it was. */
  #changeOnce<T>(client: Client, id: number, apply: Apply<T>): Promise<T> {
    return this.#change(async () => {
      if (client.answers.has(id)) return client.answers.get(id) as T;
      const value = await apply();
      client.answers.set(id, value);
      this.#answers.set(client.id, client.answers);
      this.#changedAnswers.add(client.id);
      return value;
    });
  }

  async #change<T>(apply: Apply<T>): Promise<T> {
    const { value, written } = await this.#inTurn(async () => {
      while (this.#chunks.changedBytes > maxChangedBytes) await this.#commits.next();
      const value = await apply();
      return { value, written: this.#commits.commit(false) };
    });
    await written;
    return value;
  }

  /** What has no name and is open nowhere goes. Nobody waits for it; what fails is done when the folder is opened next. */
  #collect(inodes: Iterable<InodeNumber>): void {
    const orphans = [...inodes].filter((inode) => this.#isOrphan(inode));
    if (orphans.length === 0) return;
    this.#change(() => {
      for (const inode of orphans) this.#forgetUnused(inode);
    }).catch(() => {});
  }

  /** One after the other. */
  #inTurn<T>(work: Apply<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #write(lasting: boolean): Promise<void> {
    const { nodes, ...change } = this.#tree.takeChange();
    const chunks = this.#chunks.takeChange();
    const answers = new Map([...this.#changedAnswers].map((key) => [key, copyOf(this.#answers.get(key))]));
    this.#changedAnswers = new Set();
    await this.#backend.write(this.name, { ...change, nodes, chunks, answers }, lasting);
    this.#chunks.written();
    this.#tell([...nodes.keys()]);
  }

  #undo(error: unknown): Promise<void> {
    return this.#inTurn(async () => {
      this.#commits.failAll(error);
      const records = await this.#backend.load(this.name);
      this.#tree = new FolderTree(records, () => this.#clock.now());
      this.#chunks = new FolderChunks(this.#backend, this.name, this.#tree);
      this.#answers = new Map(records.answers);
      this.#changedAnswers = new Set();
      for (const client of this.#clients.values()) client.answers = new Map(this.#answers.get(client.id));
      this.#tell([]);
    });
  }

  /** Who watches is told of files by their paths; of what has none, its directory is. */
  #tell(inodes: readonly InodeNumber[]): void {
    const watchers = [...this.#clients.values()].filter(({ changed }) => changed.listenerCount > 0);
    if (watchers.length === 0) return;
    const few = inodes.length > 0 && inodes.length <= maxPaths;
    const paths = few ? inodes.flatMap((inode) => this.#tree.pathOf(inode) ?? []) : ['/'];
    for (const { changed } of watchers) changed.fire({ paths });
  }

  #forgetAnswers(key: string): void {
    this.#answers.delete(key);
    this.#changedAnswers.add(key);
  }

  #forgetUnused(inode: InodeNumber): void {
    if (!this.#isOrphan(inode)) return;
    for (const { held } of this.#clients.values()) if (held.has(inode)) return;
    if (this.#absent.size > 0) return;
    this.#chunks.put(this.#tree.forget(inode));
  }

  #isOrphan(inode: InodeNumber): boolean {
    return this.#tree.has(inode) && this.#tree.attributes(inode).links === 0;
  }

  #afterGrace(act: () => void): void {
    const grace = this.#clock.after(graceMs, () => {
      this.#graces.delete(grace);
      act();
    });
    this.#graces.add(grace);
  }

  /** Who has not come back by now does not. */
  #endGrace(): void {
    for (const key of this.#absent) this.#forgetAnswers(key);
    this.#absent.clear();
    this.#collect([...this.#tree.orphans()]);
  }
}

/** Machines may have the same name, and their processes the same numbers. */
function ownerOf(client: Client, { owner }: { readonly owner: LockOwner }): LockOwner {
  return { ...owner, client: `${client.id}/${owner.client}` };
}

function requireRange(offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0) return;
  throw new SandboxError('InvalidArgument', `Not a range of a file: ${length} bytes from ${offset} on`);
}

function copyOf(answers: AnswerRecord | undefined): AnswerRecord | undefined {
  return answers && new Map(answers);
}
