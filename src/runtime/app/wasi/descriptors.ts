import { WasiError } from './errno';
import type { Directory, Inode, RegularFile } from './inode';

/** What a descriptor may be used for (WASI preview 1, `rights`), as far as it matters here. */
export const rights = { read: 1n << 1n, write: 1n << 6n, all: (1n << 30n) - 1n } as const;

/** Of `rights`: a stream that can be neither sought in nor told its place is a terminal to C's `isatty`. */
export const streamRights = rights.all & ~((1n << 2n) | (1n << 5n));

/** Bits of `fdflags`. */
export const descriptorFlag = { append: 1, nonBlocking: 4, all: 31 } as const;

/** The terminal, as standard input, output and error. */
export interface OpenStream {
  readonly kind: 'stream';
  flags: number;
}

export interface OpenFile {
  readonly kind: 'file';
  readonly inode: RegularFile;
  readonly rights: bigint;
  flags: number;
  /** Bytes from the beginning; may be beyond the end. */
  position: number;
}

export interface OpenDirectory {
  readonly kind: 'directory';
  readonly inode: Directory;
  flags: number;
  /** What the program calls it that has found it open. */
  readonly preopened?: string;
  /** What was there when it was last read from its beginning. */
  listing: readonly (readonly [string, Inode])[];
}

export type Descriptor = OpenStream | OpenFile | OpenDirectory;

/** At once, as on a small Unix. */
const maxDescriptors = 1024;

export class Descriptors {
  readonly #open = new Map<number, Descriptor>();

  /** `badDescriptor` when it is not open. */
  get(number: number): Descriptor {
    const found = this.#open.get(number);
    if (!found) throw new WasiError('badDescriptor');
    return found;
  }

  directory(number: number): OpenDirectory {
    const found = this.get(number);
    if (found.kind !== 'directory') throw new WasiError('notDirectory');
    return found;
  }

  /** `badDescriptor` unless it is one of a file that was opened for that. */
  file(number: number, forWhat: bigint): OpenFile {
    const found = this.get(number);
    if (found.kind === 'directory') throw new WasiError('isDirectory');
    if (found.kind === 'stream') throw new WasiError('illegalSeek');
    if ((found.rights & forWhat) !== forWhat) throw new WasiError('badDescriptor');
    return found;
  }

  /** The lowest number that is free. */
  add(descriptor: Descriptor): number {
    if (this.#open.size >= maxDescriptors) throw new WasiError('tooManyFiles');
    let number = 0;
    while (this.#open.has(number)) number += 1;
    this.#put(number, descriptor);
    return number;
  }

  close(number: number): void {
    const found = this.get(number);
    this.#open.delete(number);
    if (found.kind !== 'stream') found.inode.closed();
  }

  /** Gives a descriptor another number, in the place of whatever has that now. */
  renumber(from: number, to: number): void {
    const moved = this.get(from);
    this.get(to);
    if (from === to) return;
    this.close(to);
    this.#open.delete(from);
    this.#open.set(to, moved);
  }

  #put(number: number, descriptor: Descriptor): void {
    this.#open.set(number, descriptor);
    if (descriptor.kind !== 'stream') descriptor.inode.opened();
  }
}
