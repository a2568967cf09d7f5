import type { Digest } from './content-store';
import type { DiskSpec } from './disk';
import type { NicSpec } from './network';
import type { Operation } from './operation';

/** A file that an app finds when it begins, in a file system of its own that lives in memory and ends with it. */
export interface AppFile {
  /** From the root: `data/input.txt`. Folders on the way are made. */
  readonly path: string;
  /** Its bytes, a blob of the store. */
  readonly digest: Digest;
  readonly size: number;
}

/** What an app is made of: one WebAssembly program, with what a process of Unix is given. */
export interface AppSpec {
  readonly kind: 'app';
  readonly name: string;
  /** `local/NAME@sha256:...`: a blob of the store. */
  readonly image: string;
  /** After the name of the program, which is the first. */
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly files: readonly AppFile[];
  /** What its memory can grow to, MiB: 1 to 1024. */
  readonly memoryMiB: number;
  /** At most one, and none for a program that has no calls for a network. */
  readonly nics?: readonly NicSpec[];
  /** It can have none. */
  readonly disks?: readonly DiskSpec[];
}

/**
 * The calls that a program is made of. `wasi`: those of preview 1, one thread, no network. `wasix`: those and further
 * ones for sockets, threads and processes.
 */
export type AppFlavor = 'wasi' | 'wasix';

/** Where the driver of apps gets bytes. */
export interface AppSource {
  /** The verified bytes of a program, the caller's own. `NotFound` when there is no such image. */
  loadApp(image: string, operation?: Operation): Promise<ArrayBuffer>;
  /** The same for files, in their order. */
  loadFiles(files: readonly AppFile[]): Promise<readonly ArrayBuffer[]>;
}
