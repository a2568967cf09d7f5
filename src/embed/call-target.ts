import type { ExecResult } from '../sdk/protocol';

/** What an embedding page can do with an instance or a container, by its name. */
export interface CallTarget {
  exec(argv: readonly string[], stdin: string): Promise<ExecResult>;
  /** `NotFound` where there is no such file, `InvalidArgument` where it is none, `ResourceExhausted` beyond `fileLimit`. */
  read(path: string): Promise<Uint8Array>;
  /** Follows links, and keeps the mode of what is there. `NotFound` where there is no directory for it; `InvalidArgument` as above. */
  write(path: string, content: Uint8Array): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Bytes of each of a program's streams that are kept. */
export const outputLimit = 1024 * 1024;
/** Links on the way to a file, as in Linux: more are taken for a ring. */
export const linkLimit = 40;
