import { toSandboxError } from '../base/errors';
import { type CommandIo, screenColumns } from './command-io';
import type { Program } from './grammar/command';
import { helpText } from './grammar/help';
import { parseCommand } from './grammar/parse-command';

/** What a command ends with that was interrupted: 128 and SIGINT, as a shell tells it. */
const interrupted = 130;

/** Carries out what the words after a program's name say. Returns the exit code; what goes wrong is told on errors. */
export async function runProgram<C extends { readonly io: CommandIo }>(
  program: Program<C>,
  words: readonly string[],
  context: C,
  versionText: string,
): Promise<number> {
  const { io } = context;
  const parsed = parseCommand(program, words);
  switch (parsed.kind) {
    case 'help':
      if (parsed.note !== undefined) await io.stdout.write(parsed.note);
      await (parsed.asked ? io.stdout : io.stderr).write(helpText(program, parsed.node, screenColumns(io)));
      return 0;
    case 'version':
      await io.stdout.write(`${versionText}\n`);
      return 0;
    case 'error':
      await io.stderr.write(parsed.message);
      return parsed.code;
    case 'run':
      try {
        return await parsed.command.run(parsed.input, context);
      } catch (error) {
        if (io.signal.aborted) return interrupted;
        await io.stderr.write(`${toSandboxError(error).message}\n`);
        return 1;
      }
  }
}
