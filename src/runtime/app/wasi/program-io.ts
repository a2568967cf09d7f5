import type { Waits } from '../waits';

/** A program's end of its terminal. */
export interface ProgramTerminal extends Waits {
  /** Whether {@link read} has something to give. */
  readonly readable: boolean;
  /** What was typed, at most a line; empty when it was ended by Ctrl+D. Undefined when nothing was typed yet. */
  read(most: number): Uint8Array | undefined;
  /** Takes what there is room for, and says how much: nothing of it is lost. */
  write(bytes: Uint8Array): number;
}

/** What a program is given by whoever runs it. */
export interface ProgramIo {
  readonly terminal: ProgramTerminal;
  /** Nanoseconds since the epoch. */
  now(): bigint;
  /** Nanoseconds since an arbitrary point; never goes back. */
  monotonic(): bigint;
  random(bytes: Uint8Array<ArrayBuffer>): void;
}
