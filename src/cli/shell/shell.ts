import type { Clock } from '../../base/clock';
import type { CommandIo } from '../command-io';

/** Paths that begin like `path`, each behind `lead`. */
export type CompletePaths = (path: string, lead: string) => Promise<readonly string[]>;

/** What a shell carries out by a word. The code is 0 to 255. */
export interface ShellProgram {
  readonly name: string;
  readonly summary: string;
  run(words: readonly string[], io: CommandIo, shell: ShellState): Promise<number>;
  /** What the last of the words may become, each with what follows it: a space, or nothing where it may go on. */
  complete?(words: readonly string[], paths: CompletePaths): Promise<readonly string[]>;
}

/** What a shell knows between its commands. */
export interface ShellState {
  /** An absolute path. */
  folder: string;
  readonly variables: Map<string, string>;
  /** Of the last command. */
  code: number;
  readonly programs: ReadonlyMap<string, ShellProgram>;
  /** Lines that were entered, oldest first. */
  readonly history: string[];
  readonly clock: Clock;
}

/** A shell whose home is the folder that it begins in. */
export function createShellState(
  programs: readonly ShellProgram[],
  clock: Clock,
  { history = [], folder = '/' }: { readonly history?: readonly string[]; readonly folder?: string } = {},
): ShellState {
  return {
    folder,
    // Files that it makes are root's.
    variables: new Map([
      ['HOME', folder],
      ['PWD', folder],
      ['USER', 'root'],
    ]),
    code: 0,
    programs: new Map(programs.map((program) => [program.name, program])),
    history: [...history],
    clock,
  };
}
