import { SandboxError } from '../base/errors';
import type { FileArea, FileEntry, FileStat } from './file-area';

interface Stored {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly executable: boolean;
}

/** Files in memory. Paths that are not absolute are below `folder`. */
export class MemoryFiles implements FileArea {
  readonly #files = new Map<string, Stored>();
  readonly #folders = new Set(['/']);
  readonly #folder: string;

  constructor(files: Readonly<Record<string, string>> = {}, folder = '/') {
    this.#folder = folder;
    for (const [path, text] of Object.entries(files)) this.put(path, new TextEncoder().encode(text));
    this.#addFolders(`${this.#resolve(folder)}/x`);
  }

  put(path: string, bytes: Uint8Array<ArrayBuffer>, executable = false): void {
    const whole = this.#resolve(path);
    this.#addFolders(whole);
    this.#files.set(whole, { bytes, executable });
  }

  text(path: string): string | undefined {
    const stored = this.#files.get(this.#resolve(path));
    return stored && new TextDecoder().decode(stored.bytes);
  }

  async stat(path: string): Promise<FileStat | undefined> {
    const whole = this.#resolve(path);
    const stored = this.#files.get(whole);
    if (stored) return { kind: 'file', size: stored.bytes.length, modified: 0, executable: stored.executable };
    return this.#folders.has(whole) ? { kind: 'folder', size: 0, modified: 0 } : undefined;
  }

  async list(path: string): Promise<readonly FileEntry[]> {
    const whole = this.#resolve(path);
    if (!this.#folders.has(whole)) throw new SandboxError('NotFound', `${path}: No such file or directory`);
    const prefix = whole === '/' ? '/' : `${whole}/`;
    const names = [...this.#files.keys(), ...this.#folders]
      .filter((each) => each !== whole && each.startsWith(prefix) && !each.slice(prefix.length).includes('/'))
      .map((each) => each.slice(prefix.length));
    const entries: FileEntry[] = [];
    for (const name of names.sort()) {
      const stat = await this.stat(`${prefix}${name}`);
      if (stat) entries.push({ name, ...stat });
    }
    return entries;
  }

  async read(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const stored = this.#files.get(this.#resolve(path));
    if (!stored) throw new SandboxError('NotFound', `open ${path}: no such file or directory`);
    return new ReadableStream({
      start(controller) {
        if (stored.bytes.length > 0) controller.enqueue(stored.bytes);
        controller.close();
      },
    });
  }

  async write(
    path: string,
    { append = false, executable = false }: { readonly append?: boolean; readonly executable?: boolean } = {},
  ): Promise<WritableStream<Uint8Array>> {
    const chunks: number[] = append ? [...(this.#files.get(this.#resolve(path))?.bytes ?? [])] : [];
    return new WritableStream({
      write: (chunk) => {
        for (const byte of chunk) chunks.push(byte);
      },
      close: () => this.put(path, Uint8Array.from(chunks), executable),
    });
  }

  async makeFolder(path: string): Promise<void> {
    this.#addFolders(`${this.#resolve(path)}/x`);
  }

  async remove(path: string): Promise<void> {
    const whole = this.#resolve(path);
    for (const each of [...this.#files.keys()]) if (isWithin(each, whole)) this.#files.delete(each);
    for (const each of [...this.#folders]) if (each !== '/' && isWithin(each, whole)) this.#folders.delete(each);
  }

  async rename(from: string, to: string): Promise<void> {
    const [source, target] = [this.#resolve(from), this.#resolve(to)];
    for (const [each, stored] of [...this.#files]) {
      if (!isWithin(each, source)) continue;
      this.#files.delete(each);
      this.put(target + each.slice(source.length), stored.bytes, stored.executable);
    }
    for (const each of [...this.#folders]) {
      if (!isWithin(each, source)) continue;
      this.#folders.delete(each);
      this.#addFolders(`${target + each.slice(source.length)}/x`);
    }
  }

  #resolve(path: string): string {
    const parts: string[] = [];
    for (const part of (path.startsWith('/') ? path : `${this.#folder}/${path}`).split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    return `/${parts.join('/')}`;
  }

  #addFolders(path: string): void {
    const parts = path.split('/').filter(Boolean).slice(0, -1);
    parts.forEach((_, at) => this.#folders.add(`/${parts.slice(0, at + 1).join('/')}`));
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
