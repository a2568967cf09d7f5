import { SandboxError } from '../../base/errors';
import type { CommandIo } from '../command-io';
import type { ShellState } from './shell';

/** Characters that a command may print into a line. */
const printedLimit = 4 * 1024 * 1024;

/** Carries out a line in a shell. */
export type RunLine = (line: string, shell: ShellState, io: CommandIo) => Promise<number>;

/**
 * What a line prints, in a shell of its own: where it goes and what it sets does not last. `runLine` is handed in, since a
 * line's words may be lines again.
 */
export async function substituteCommand(
  line: string,
  shell: ShellState,
  io: CommandIo,
  runLine: RunLine,
): Promise<{ readonly text: string; readonly code: number }> {
  const decoder = new TextDecoder();
  let text = '';
  const { terminal: _, ...rest } = io;
  const own: ShellState = { ...shell, variables: new Map(shell.variables), history: [...shell.history] };
  const code = await runLine(line, own, {
    ...rest,
    stdout: {
      terminal: false,
      async write(data) {
        const more = typeof data === 'string' ? data : decoder.decode(data, { stream: true });
        if (text.length + more.length > printedLimit) {
          text = '';
          throw new SandboxError('ResourceExhausted', 'too much output for a line');
        }
        text += more;
      },
    },
  });
  return { text: text.replaceAll('\0', '').replace(/\n+$/, ''), code };
}
