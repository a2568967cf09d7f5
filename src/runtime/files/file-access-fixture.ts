/** A file as stat(2) tells it, of what the suites look at. */
export interface FileStat {
  /** File type and permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly size: number;
  readonly mtime: number;
  readonly inode: number;
  readonly major: number;
  readonly minor: number;
}

/** How a program reaches files: through a client of ours, or through a guest's kernel. Paths begin with `/`. */
export interface FileAccess {
  stat(path: string): Promise<FileStat>;
  /** Names, sorted by code units; with `.` and `..`. */
  list(path: string): Promise<readonly string[]>;
  read(path: string): Promise<Uint8Array>;
  readPart(path: string, offset: number, length: number): Promise<Uint8Array>;
  readLink(path: string): Promise<string>;
  /** Blocks and free blocks. */
  usage(): Promise<{ readonly blocks: number; readonly free: number }>;
  /** What the system says to an attempt to make a file there: `Read-only file system`. */
  refusal(path: string): Promise<string>;
}
