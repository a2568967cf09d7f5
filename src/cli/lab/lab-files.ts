import type { FolderEntry, SharedFolder, SharedFolders } from '../../api/shared-folder';
import { SandboxError } from '../../base/errors';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import type { FileArea, FileEntry, FileStat } from '../file-area';

/** The lab's shared folders as one area of files: each is a folder at its top. */
export class LabFiles implements FileArea, Disposable {
  readonly #folders: SharedFolders;
  readonly #opened = new Map<string, Promise<SharedFolder>>();
  readonly #disposables = new DisposableStore();

  constructor(folders: SharedFolders) {
    this.#folders = folders;
  }

  async stat(path: string): Promise<FileStat | undefined> {
    const { name, inner } = split(path);
    if (name === '') return topStat;
    if (!(await this.#has(name))) return undefined;
    if (inner === '/') return topStat;
    const entry = await (await this.#open(name)).find(inner);
    return entry && statOf(entry);
  }

  async list(path: string): Promise<readonly FileEntry[]> {
    const { name, inner } = split(path);
    if (name === '') return (await this.#folders.list()).map((each) => ({ name: each.name, ...topStat }));
    const entries = await (await this.#open(name)).list(inner);
    return entries.map((entry) => ({ name: entry.name, ...statOf(entry) }));
  }

  async read(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { name, inner } = split(path);
    return (await this.#open(name)).read(inner);
  }

  async write(
    path: string,
    { append = false }: { readonly append?: boolean } = {},
  ): Promise<WritableStream<Uint8Array>> {
    const { name, inner } = split(path);
    if (inner === '/') {
      throw new SandboxError('FailedPrecondition', `${path}: files are kept in folders; make one with "mkdir /NAME"`);
    }
    const folder = await this.#open(name);
    const before = append && (await folder.find(inner)) ? await wholeOf(await folder.read(inner)) : undefined;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const written = folder.write(inner, readable);
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    // A write that fails may not have read a thing: who writes would wait for ever.
    written.catch((error: unknown) => writer.abort(error).catch(() => {}));
    if (before && before.length > 0) await writer.write(before);
    return new WritableStream({
      write: (chunk) => writer.write(chunk),
      async close() {
        await writer.close();
        await written;
      },
      abort: (reason) => writer.abort(reason),
    });
  }

  async makeFolder(path: string): Promise<void> {
    const { name, inner } = split(path);
    if (!(await this.#has(name))) await this.#folders.create(name);
    if (inner !== '/') await (await this.#open(name)).makeDirectory(inner);
  }

  async remove(path: string): Promise<void> {
    const { name, inner } = split(path);
    if (inner !== '/') return (await this.#open(name)).remove(inner);
    const opened = await this.#opened.get(name);
    opened?.dispose();
    this.#opened.delete(name);
    await this.#folders.remove(name);
  }

  async rename(from: string, to: string): Promise<void> {
    const source = split(from);
    const target = split(to);
    if (source.name !== target.name || source.inner === '/') {
      throw new SandboxError('FailedPrecondition', `${from}: cannot be moved to another shared folder; copy it`);
    }
    await (await this.#open(source.name)).rename(source.inner, target.inner);
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  async #has(name: string): Promise<boolean> {
    return (await this.#folders.list()).some((each) => each.name === name);
  }

  #open(name: string): Promise<SharedFolder> {
    const there = this.#opened.get(name);
    if (there) return there;
    const opening = this.#folders.open(name).then((folder) => this.#disposables.add(folder));
    this.#opened.set(name, opening);
    opening.catch(() => this.#opened.delete(name));
    return opening;
  }
}

const topStat: FileStat = { kind: 'folder', size: 0, modified: 0 };

function split(path: string): { readonly name: string; readonly inner: string } {
  const [name = '', ...rest] = path.split('/').filter(Boolean);
  return { name, inner: `/${rest.join('/')}` };
}

function statOf({ kind, size, mode, modified }: FolderEntry): FileStat {
  return {
    kind: kind === 'directory' ? 'folder' : 'file',
    size,
    modified: modified.seconds * 1000,
    executable: (mode & 0o111) !== 0,
  };
}

async function wholeOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
