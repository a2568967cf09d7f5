import { WasiError } from './errno';

/** Kinds of files (WASI preview 1, `filetype`). */
export const fileType = { characterDevice: 2, directory: 3, regular: 4, symbolicLink: 7 } as const;

/** What each file, folder and name takes beside its bytes; a rough figure, so that empty ones are not free. */
const overheadBytes = 256;

/** Room for all that a program keeps in files. */
export class Room {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** `noSpace` when there is no more. */
  take(bytes: number): void {
    if (bytes > this.#left) throw new WasiError('noSpace');
    this.#left -= bytes;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

/** What all inodes of one file system share. */
export interface FileSystemContext {
  readonly room: Room;
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint;
  /** The number of the next inode. */
  nextInode: bigint;
}

/** A file, a folder or a symbolic link. Its room is given back when no name and no descriptor leads to it. */
abstract class InodeBase {
  readonly number: bigint;
  readonly context: FileSystemContext;
  accessed: bigint;
  modified: bigint;
  changed: bigint;
  #names = 0;
  #openings = 0;

  constructor(context: FileSystemContext) {
    context.room.take(overheadBytes);
    this.context = context;
    this.number = context.nextInode;
    context.nextInode += 1n;
    const now = context.now();
    this.accessed = now;
    this.modified = now;
    this.changed = now;
  }

  abstract readonly type: number;
  abstract readonly size: number;

  get names(): number {
    return this.#names;
  }

  named(): void {
    this.#names += 1;
    this.changed = this.context.now();
  }

  unnamed(): void {
    this.#names -= 1;
    this.changed = this.context.now();
    this.#collect();
  }

  opened(): void {
    this.#openings += 1;
  }

  closed(): void {
    this.#openings -= 1;
    this.#collect();
  }

  touch(): void {
    this.modified = this.context.now();
    this.changed = this.modified;
  }

  #collect(): void {
    if (this.#names === 0 && this.#openings === 0) this.context.room.give(overheadBytes + this.size);
  }
}

export class RegularFile extends InodeBase {
  readonly type = fileType.regular;
  #bytes = new Uint8Array();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** What is there of so many bytes; the file's own. */
  read(offset: number, length: number): Uint8Array {
    this.accessed = this.context.now();
    return this.#bytes.subarray(Math.min(offset, this.#size), Math.min(offset + length, this.#size));
  }

  write(offset: number, bytes: Uint8Array): void {
    if (offset + bytes.length > this.#size) this.resize(offset + bytes.length);
    this.#bytes.set(bytes, offset);
    this.touch();
  }

  /** What is new is zeros. */
  resize(size: number): void {
    if (size > this.#size) {
      this.context.room.take(size - this.#size);
      if (size > this.#bytes.length) {
        const grown = new Uint8Array(Math.max(size, 2 * this.#bytes.length, 512));
        grown.set(this.#bytes.subarray(0, this.#size));
        this.#bytes = grown;
      }
    } else {
      this.context.room.give(this.#size - size);
      this.#bytes.fill(0, size, this.#size);
    }
    this.#size = size;
    this.touch();
  }
}

export class Directory extends InodeBase {
  readonly type = fileType.directory;
  readonly size = 0;
  readonly #entries = new Map<string, Inode>();
  /** The folder that it is in; the root is in itself. */
  parent: Directory = this;

  get entries(): ReadonlyMap<string, Inode> {
    return this.#entries;
  }

  /** In the place of whatever has the name now. */
  link(name: string, inode: Inode): void {
    const before = this.#entries.get(name);
    this.#entries.set(name, inode);
    inode.named();
    if (inode instanceof Directory) inode.parent = this;
    before?.unnamed();
    this.touch();
  }

  unlink(name: string): void {
    const inode = this.#entries.get(name);
    this.#entries.delete(name);
    inode?.unnamed();
    this.touch();
  }
}

export class SymbolicLink extends InodeBase {
  readonly type = fileType.symbolicLink;
  readonly size = 0;
  readonly target: string;

  constructor(context: FileSystemContext, target: string) {
    super(context);
    this.target = target;
  }
}

export type Inode = RegularFile | Directory | SymbolicLink;
