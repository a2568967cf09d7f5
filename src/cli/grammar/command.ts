import type { CompletionKind, Flags, FlagValues } from './flag';

/** How many words a command takes after its flags. */
export interface Arity {
  readonly min: number;
  /** Absent: any number. */
  readonly max?: number;
}

/** What a command was called with. */
export interface Input<F extends Flags = Flags> {
  /** The command as it was spelled, with its program: `docker container ls`. */
  readonly path: string;
  readonly args: readonly string[];
  readonly flags: FlagValues<F>;
  /** Names of the flags that were given. */
  readonly given: ReadonlySet<string>;
}

/**
 * One command: all that the parser, help, completion and the reference have to know, and what it does. `C` is what its
 * program hands it.
 */
export interface Command<C, F extends Flags = Flags> {
  /**
   * Where it stands in its program, without the program's name; each is a way to call it, and the first below one
   * parent is its name there: `container ls`, `container list`, `ps`.
   */
  readonly spellings: readonly string[];
  readonly summary: string;
  /** What help says in place of the summary. */
  readonly description?: string;
  /** What follows its name in help; a further way to call it is a further line. */
  readonly usage: string;
  readonly args: Arity;
  /** What the words after the flags are, for completion; the last one is that of all that follow. */
  readonly completes?: readonly CompletionKind[];
  readonly flags: F;
  /** Flags end with the first word that is none: what follows belongs to another program. */
  readonly flagsFirst?: boolean;
  /** Why it cannot be had here. */
  readonly refused?: string;
  /** Exit code. What it throws is told by its program. */
  run(input: Input<F>, context: C): Promise<number>;
}

/** Commands with one first word. */
export interface Group {
  readonly name: string;
  readonly summary: string;
}

/** A whole command line program. */
export interface Program<C> {
  readonly name: string;
  readonly summary: string;
  readonly groups: readonly Group[];
  readonly commands: readonly Command<C>[];
  /** Names of the commands that help shows first, in this order. */
  readonly common: readonly string[];
  /** Words that users may try and that we do not have, with what is to be said. */
  readonly missing: Readonly<Record<string, string>>;
  /** Flags of the program itself, before any command. */
  readonly flags: Flags;
  /** Exit code of a mistake in flags. */
  readonly flagErrorCode: number;
  /** Last line of the program's help. */
  readonly footer?: string;
}

/** Keeps the types of a command's own flags for its `run`, and forgets them for those who only list commands. */
export function command<C, F extends Flags>(spec: Command<C, F>): Command<C> {
  return spec;
}
