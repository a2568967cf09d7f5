import { toSandboxError } from '../../base/errors';
import type { CommandIo } from '../command-io';
import { type ObjectPrinter, objectPrinter } from '../format/print-object';
import { TemplateError } from '../format/template/syntax';

/** What docker ends with then: EX_USAGE of sysexits. */
const badTemplate = 64;

/** Prints what is known of each of several things; those that are not there are told after the others. */
export async function inspectEach(
  io: CommandIo,
  names: readonly string[],
  format: string,
  get: (name: string) => Promise<unknown>,
): Promise<number> {
  let print: ObjectPrinter;
  try {
    print = objectPrinter(format);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    await io.stderr.write(`${error.message}\n`);
    return badTemplate;
  }
  const found: unknown[] = [];
  const problems: string[] = [];
  for (const name of names) {
    try {
      found.push(await get(name));
    } catch (error) {
      problems.push(toSandboxError(error).message);
    }
  }
  const printed = print(found);
  problems.unshift(...printed.problems);
  await io.stdout.write(printed.text);
  for (const problem of problems) await io.stderr.write(`${problem}\n`);
  return problems.length > 0 ? 1 : 0;
}
