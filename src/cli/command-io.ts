import type { TerminalSize } from '../api/instance';
import type { Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import type { FileArea } from './file-area';

/** Where a command writes to. */
export interface Output {
  /** What is written is seen by a person: colours, progress that moves, tables without end. */
  readonly terminal: boolean;
  /** Resolves when more may be written. */
  write(data: string | Uint8Array): Promise<void>;
}

/** The terminal that a command has in front of it. */
export interface CommandTerminal {
  readonly size: TerminalSize;
  readonly resized: Event<TerminalSize>;
  /** From now on every key is input as it is typed, Ctrl-C too, and nothing is echoed; until disposed. */
  raw(): Disposable;
}

/** What a command has of the world around it. */
export interface CommandIo {
  readonly stdin: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Present when input comes from a terminal. */
  readonly terminal?: CommandTerminal;
  /** Fires when the command is to end: Ctrl-C, or its terminal has gone. */
  readonly signal: AbortSignal;
  /** Takes Ctrl-C and Ctrl-\ in place of `signal`, until disposed. */
  onInterrupt(listener: (signal: 'SIGINT' | 'SIGQUIT') => void): Disposable;
  /** Paths are below the shell's own folder where they do not begin with a slash. */
  readonly files: FileArea;
  /** The shell's own folder: an absolute path in `files`. */
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Columns to lay out for, where nobody says how many there are. */
const usualColumns = 80;

/** Columns of the screen that output goes to. */
export function screenColumns({ stdout, terminal }: Pick<CommandIo, 'stdout' | 'terminal'>): number {
  return (stdout.terminal && terminal?.size.columns) || usualColumns;
}
