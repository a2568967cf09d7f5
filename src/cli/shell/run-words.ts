import type { CommandIo } from '../command-io';
import { nearest } from '../grammar/nearest';
import { UsageError } from './builtins/options';
import type { ShellState } from './shell';

/** As a shell of Unix ends for a command that is not there. */
const notFound = 127;

/** Runs the command that the first word names, with the others. */
export async function runWords(
  [name, ...others]: readonly string[],
  shell: ShellState,
  io: CommandIo,
): Promise<number> {
  if (name === undefined) return 0;
  const program = shell.programs.get(name);
  if (program) {
    try {
      return await program.run(others, io, shell);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      // Summaries of the shell's own commands end with how they are used.
      const usage = program.summary.slice(program.summary.lastIndexOf(`${name} `));
      await io.stderr.write(`${name}: ${error.message}\nUsage: ${usage}\n`);
      return 1;
    }
  }
  const near = nearest(name, [...shell.programs.keys()]);
  const hint = near.length > 0 ? ` (did you mean ${near.map((each) => `"${each}"`).join(' or ')}?)` : '';
  await io.stderr.write(`${name}: command not found${hint}\n`);
  return notFound;
}
