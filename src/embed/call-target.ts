import type { ExecResult } from '../sdk/protocol';

/** What an embedding page can do with an instance or a container, by its name. */
export interface CallTarget {
  exec(argv: readonly string[], stdin: string): Promise<ExecResult>;
  /** `NotFound` where there is no such file, `ResourceExhausted` beyond {@link fileLimit}. */
  read(path: string): Promise<Uint8Array>;
  write(path: string, content: Uint8Array): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Bytes of each of a program's streams that are kept. */
export const outputLimit = 1024 * 1024;
/** Bytes of a file that is read at most. */
export const fileLimit = 8 * 1024 * 1024;
