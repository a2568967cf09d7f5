/** What is known of a file or folder. */
export interface FileStat {
  readonly kind: 'file' | 'folder';
  /** Bytes; 0 for a folder. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  /** Someone may run it; permission bits are not kept beyond that. */
  readonly executable?: boolean;
}

export interface FileEntry extends FileStat {
  readonly name: string;
}

/**
 * The files that commands read and write. Paths have slashes, and begin with one. Errors are `NotFound`, `AlreadyExists`,
 * `FailedPrecondition` (a folder where a file is wanted, or the other way) and what the store behind it has.
 */
export interface FileArea {
  /** Undefined: there is none. */
  stat(path: string): Promise<FileStat | undefined>;
  /** In the order of names. */
  list(path: string): Promise<readonly FileEntry[]>;
  read(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** In place of what is there, or behind it. It is there when the stream has been closed. */
  write(
    path: string,
    options?: { readonly append?: boolean; readonly executable?: boolean },
  ): Promise<WritableStream<Uint8Array>>;
  makeFolder(path: string): Promise<void>;
  /** A folder with all that is in it. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
}
