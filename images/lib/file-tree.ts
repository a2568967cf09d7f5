import { SandboxError } from '../../src/base/errors';

export type TreeEntry =
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'file'; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'character-device'; readonly mode: number; readonly major: number; readonly minor: number };

/** A root file system in memory. Paths are relative (`usr/bin/env`), owners are always root. */
export class FileTree {
  readonly #entries = new Map<string, TreeEntry>();

  /** Adds an entry and the directories above it. `AlreadyExists` for a path that is taken. */
  add(path: string, entry: TreeEntry): void {
    if (this.#entries.has(path)) throw new SandboxError('AlreadyExists', `The tree already has ${path}`);
    this.#addParents(path);
    this.#entries.set(path, entry);
  }

  addDirectory(path: string, mode = 0o755): void {
    this.add(path, { kind: 'directory', mode });
  }

  addFile(path: string, bytes: Uint8Array, mode = 0o644): void {
    this.add(path, { kind: 'file', mode, bytes });
  }

  addSymlink(path: string, target: string): void {
    this.add(path, { kind: 'symlink', target });
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  /** Entries by path, parents before children. */
  entries(): readonly (readonly [path: string, entry: TreeEntry])[] {
    return [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #addParents(path: string): void {
    const end = path.lastIndexOf('/');
    if (end < 0) return;
    const parent = path.slice(0, end);
    const found = this.#entries.get(parent);
    if (!found) this.addDirectory(parent);
    else if (found.kind !== 'directory') throw new SandboxError('InvalidArgument', `${parent} is not a directory`);
  }
}
