import type { FileAttributes, FileTime, InodeNumber } from '../../api/file-tree';
import type { Operation } from '../../api/operation';
import type { FolderEntry, FolderEntryKind, ReplacedFiles, SharedFolder } from '../../api/shared-folder';
import { throwIfAborted } from '../../base/errors';
import { Emitter } from '../../base/events';
import { type Disposable, toDisposable } from '../../base/lifecycle';
import { chunksOf, streamOf } from '../../base/streams';
import { compareFileNames } from '../../formats/file-name';
import { fileType, isDirectory, permissionBits, typeOf } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';
import type { FolderPortClient } from '../../rpc/folder-port';
import { exportFolder } from './export-folder';
import { findReplaced } from './find-replaced';
import { findDirectory, findPath, splitLast, splitPath } from './folder-paths';
import { importFolder } from './import-folder';
import { listAll, pieceBytes, readFile } from './read-tree';

interface Place {
  readonly directory: InodeNumber;
  readonly name: string;
}

const newFileMode = fileType.regular | 0o644;
const newDirectory = { mode: fileType.directory | 0o755, uid: 0, gid: 0 };

const kinds: Readonly<Record<number, FolderEntryKind>> = {
  [fileType.regular]: 'file',
  [fileType.directory]: 'directory',
  [fileType.symlink]: 'symlink',
};

/** A shared folder by paths, over the way into it. */
export class FolderFiles implements SharedFolder {
  readonly name: string;
  readonly #tree: FolderPortClient;
  readonly #end: Disposable;
  readonly #changed = new Emitter<readonly string[]>();
  readonly #watching: Disposable;
  readonly #id: string;
  #parts = 0;

  /** `id`: nobody else's who has the folder open. `end` is called once. */
  constructor(name: string, id: string, tree: FolderPortClient, end: () => void) {
    this.name = name;
    this.#id = id;
    this.#tree = tree;
    this.#end = toDisposable(end);
    this.#watching = tree.changed(({ paths }) => this.#changed.fire(paths));
  }

  readonly changes: SharedFolder['changes'] = (listener) => this.#changed.event(listener);

  async list(path: string): Promise<readonly FolderEntry[]> {
    const directory = await findDirectory(this.#tree, path);
    // By name: a file that takes another's place meanwhile is listed again, behind the rest.
    const names = new Set<string>();
    for await (const { name } of listAll(this.#tree, directory)) names.add(name);
    const entries: FolderEntry[] = [];
    for (const name of names) {
      // One that was removed meanwhile is none.
      const entry = await this.#find(directory, name).catch(() => undefined);
      if (entry) entries.push(entry);
    }
    return entries.sort((a, b) => compareFileNames(a.name, b.name));
  }

  async find(path: string): Promise<FolderEntry | undefined> {
    const found = await findPath(this.#tree, path, 'keep');
    return found && this.#describe(splitPath(path).at(-1) ?? '', found);
  }

  async read(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const found = await findPath(this.#tree, path);
    if (!found) throw fileError('ENOENT', `No such file in the shared folder: ${path}`);
    if (isDirectory(found)) throw fileError('EISDIR', `A directory, not a file: ${path}`);
    return streamOf(readFile(this.#tree, found.inode));
  }

  async write(
    path: string,
    content: ReadableStream<Uint8Array> | Uint8Array,
    { signal, onProgress }: Operation = {},
  ): Promise<void> {
    const { directory: parent, name } = splitLast(path);
    const directory = await findDirectory(this.#tree, parent);
    const before = await this.#tree.lookup(directory, name);
    if (before && isDirectory(before)) throw fileError('EISDIR', `A directory, not a file: ${path}`);
    const kept = before && typeOf(before.mode) === fileType.regular ? before : { mode: newFileMode, uid: 0, gid: 0 };
    this.#parts += 1;
    const part = `.${name.slice(0, 50)}.${this.#id}-${this.#parts}.part`;
    const { mode, uid, gid } = kept;
    const { inode } = await this.#tree.create(directory, part, { mode, uid, gid });
    // Without a name until it is whole: what is cut short, by a reload too, goes when nobody holds it any more.
    this.#tree.hold(inode);
    try {
      await this.#tree.unlink(directory, part, 'file');
      let done = 0;
      for await (const bytes of piecesOf(content)) {
        throwIfAborted(signal);
        await this.#tree.write(inode, done, bytes);
        done += bytes.length;
        onProgress?.({ phase: 'Writing', done });
      }
      throwIfAborted(signal);
      await this.#name(inode, { directory, name: part }, { directory, name });
    } finally {
      this.#tree.release(inode);
    }
  }

  async makeDirectory(path: string): Promise<void> {
    let directory: InodeNumber = this.#tree.root;
    let walked = '';
    for (const name of splitPath(path)) {
      walked += `/${name}`;
      const found = await findPath(this.#tree, walked);
      if (found && !isDirectory(found)) throw fileError('ENOTDIR', `Not a directory: ${walked}`);
      directory = (found ?? (await this.#tree.create(directory, name, newDirectory))).inode;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    const [old, next] = [splitLast(from), splitLast(to)];
    const [fromDirectory, toDirectory] = [
      await findDirectory(this.#tree, old.directory),
      await findDirectory(this.#tree, next.directory),
    ];
    await this.#tree.rename({ directory: fromDirectory, name: old.name }, { directory: toDirectory, name: next.name });
  }

  async remove(path: string): Promise<void> {
    const { directory: parent, name } = splitLast(path);
    const directory = await findDirectory(this.#tree, parent);
    const found = await this.#tree.lookup(directory, name);
    if (!found) throw fileError('ENOENT', `No such file in the shared folder: ${path}`);
    await this.#removeAll(directory, name, found);
  }

  async sync(): Promise<void> {
    await this.#tree.sync();
  }

  exportTar(path = '/'): ReadableStream<Uint8Array<ArrayBuffer>> {
    return streamOf(exportFolder(this.#tree, path));
  }

  async importTar(archive: ReadableStream<Uint8Array>, path = '/', operation: Operation = {}): Promise<void> {
    await importFolder(this.#tree, await findDirectory(this.#tree, path), archive, operation);
  }

  async findReplaced(
    archive: ReadableStream<Uint8Array>,
    path = '/',
    operation: Operation = {},
  ): Promise<ReplacedFiles> {
    return findReplaced(this.#tree, await findDirectory(this.#tree, path), archive, operation);
  }

  dispose(): void {
    this.#watching.dispose();
    this.#changed.dispose();
    this.#tree.dispose();
    this.#end.dispose();
  }

  async #find(directory: InodeNumber, name: string): Promise<FolderEntry | undefined> {
    const found = await this.#tree.lookup(directory, name);
    return found && this.#describe(name, found);
  }

  async #describe(name: string, { inode, mode, size, uid, gid, mtime }: FileAttributes): Promise<FolderEntry> {
    const kind = kinds[typeOf(mode)] ?? 'other';
    const what = { name, kind, size, mode: mode & permissionBits, uid, gid, modified: mtime satisfies FileTime };
    return kind === 'symlink' ? { ...what, target: await this.#tree.readLink(inode) } : what;
  }

  /** A name takes the place of what has it now only by a renaming. Both are asked for at once, so that little comes between. */
  async #name(inode: InodeNumber, first: Place, last: Place): Promise<void> {
    try {
      await Promise.all([this.#tree.link(first.directory, first.name, inode), this.#tree.rename(first, last)]);
    } catch (error) {
      await this.#tree.unlink(first.directory, first.name, 'file').catch(() => {});
      throw error;
    }
  }

  async #removeAll(directory: InodeNumber, name: string, { inode, mode }: FileAttributes): Promise<void> {
    if (isDirectory({ mode })) {
      for await (const child of listAll(this.#tree, inode)) {
        await this.#removeAll(inode, child.name, await this.#tree.attributes(child.inode));
      }
    }
    await this.#tree.unlink(directory, name, 'either');
  }
}

async function* piecesOf(
  content: ReadableStream<Uint8Array> | Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = content instanceof Uint8Array ? [content] : chunksOf(content);
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += pieceBytes) yield chunk.subarray(at, at + pieceBytes);
  }
}
