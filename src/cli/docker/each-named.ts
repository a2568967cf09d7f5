import { toSandboxError } from '../../base/errors';
import type { CommandIo } from '../command-io';

/**
 * Does the same to each of several things, and prints the name of each that it was done to, as docker does: what fails is
 * told, and the others are done all the same.
 */
export async function eachNamed(
  io: CommandIo,
  names: readonly string[],
  act: (name: string) => Promise<string | undefined>,
): Promise<number> {
  const problems: string[] = [];
  for (const name of names) {
    try {
      const said = await act(name);
      if (said !== undefined) await io.stdout.write(`${said}\n`);
    } catch (error) {
      if (io.signal.aborted) throw error;
      problems.push(toSandboxError(error).message);
    }
  }
  for (const problem of problems) await io.stderr.write(`${problem}\n`);
  return problems.length > 0 ? 1 : 0;
}
