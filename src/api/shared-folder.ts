import type { Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import type { FileTime } from './file-tree';
import type { Operation } from './operation';

/** A folder of the lab, which several machines and the page can have in use at once. */
export interface FolderInfo {
  readonly name: string;
  /** What its files may take, bytes; beyond that a guest reads "No space left on device". */
  readonly quotaBytes: number;
  /** What they take. */
  readonly usedBytes: number;
  /** Files, directories, links. */
  readonly files: number;
}

export type FolderEntryKind = 'file' | 'directory' | 'symlink' | 'other';

/** A file of a shared folder, in words. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: FolderEntryKind;
  /** Bytes. */
  readonly size: number;
  /** Permissions: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modified: FileTime;
  /** Of a symbolic link. */
  readonly target?: string;
}

/** What of a folder a tar would replace. */
export interface ReplacedFiles {
  /** Paths in the directory that it is unpacked into, in the order of the tar; the first thousand. */
  readonly paths: readonly string[];
  /** Whether there are others. */
  readonly more: boolean;
}

/**
 * A shared folder as the lab's own programs use it. Paths begin with `/` and lead through symbolic links that stay in
 * the folder. What is done here is done as root; machines see it at once. Errors, beside those of the calls: `NotFound`,
 * `AlreadyExists`, `InvalidArgument` (a directory for a file, or the other way about), `FailedPrecondition` (a directory
 * that is not empty), `ResourceExhausted` (the folder or the browser's storage is full), `Unavailable` (the store has
 * gone for good).
 */
export interface SharedFolder extends Disposable {
  readonly name: string;
  /** Paths of what has changed, by whomever: all of them or, where they are many, `/`. */
  readonly changes: Event<readonly string[]>;
  /** In the order of their names. */
  list(path: string): Promise<readonly FolderEntry[]>;
  /** Undefined when there is no such file. Does not follow a link at the end. */
  find(path: string): Promise<FolderEntry | undefined>;
  /** The bytes as they are when they are read. */
  read(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** Replaces the file's content, or makes the file, at once and with all of it. */
  write(path: string, content: ReadableStream<Uint8Array> | Uint8Array, operation?: Operation): Promise<void>;
  /** With those above it, as `mkdir -p` does; one that is there stays. */
  makeDirectory(path: string): Promise<void>;
  /** A file that has the new name already is replaced. */
  rename(from: string, to: string): Promise<void>;
  /** With all that is in it, as `rm -r` does. */
  remove(path: string): Promise<void>;
  /** Resolves when all that was done before survives a power cut. */
  sync(): Promise<void>;
  /** All that is below the path, as a tar (POSIX pax). */
  exportTar(path?: string): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Unpacks a tar into a directory; what is there of the same name is replaced. Nothing leads out of the directory. */
  importTar(archive: ReadableStream<Uint8Array>, path?: string, operation?: Operation): Promise<void>;
  /** Reads all of the tar, and writes nothing. Refuses what `importTar` would refuse for what is there. */
  findReplaced(archive: ReadableStream<Uint8Array>, path?: string, operation?: Operation): Promise<ReplacedFiles>;
}

/** The shared folders of a lab. */
export interface SharedFolders {
  /** In the order of their names. */
  list(): Promise<readonly FolderInfo[]>;
  /** `InvalidArgument` for what is no name, `AlreadyExists`. */
  create(name: string, options?: { readonly quotaBytes?: number }): Promise<void>;
  /** `ResourceExhausted` where its files take more already. */
  setQuota(name: string, quotaBytes: number): Promise<void>;
  /** With all that is in it. `FailedPrecondition` while a machine has it. */
  remove(name: string): Promise<void>;
  /** One for each who asks, to be disposed of by them. `NotFound`. */
  open(name: string): Promise<SharedFolder>;
}

/** Who has a folder open: one of those that end together. */
export interface FolderClient {
  /** A lab from its beginning to its end, longer than a store. */
  readonly session: string;
  /** Its own, within the session. */
  readonly id: string;
}

/** What keeps the folders. Every call names the session, so that a store that was started again knows who may come back. */
export interface FolderService {
  list(session: string): Promise<readonly FolderInfo[]>;
  create(name: string, options?: { readonly quotaBytes?: number }): Promise<void>;
  setQuota(name: string, session: string, quotaBytes: number): Promise<void>;
  remove(name: string): Promise<void>;
  /** The end of a folder port (rpc/folder-port.ts), which moves to the caller; the client may have had one before. `NotFound`. */
  open(name: string, client: FolderClient): Promise<MessagePort>;
  /** The client does not come back: what it had open or locked is free. */
  leave(name: string, client: FolderClient): Promise<void>;
}
