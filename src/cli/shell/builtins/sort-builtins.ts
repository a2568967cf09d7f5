import { SandboxError } from '../../../base/errors';
import type { CommandIo } from '../../command-io';
import type { ShellProgram } from '../shell';
import { completePath } from './complete-path';
import { readOptions, UsageError } from './options';
import { linesOf, openInput, orInput } from './text-lines';

/** Characters that are sorted at most: all of them are in memory. */
const sortLimit = 64 * 1024 * 1024;

const sort: ShellProgram = {
  name: 'sort',
  summary: 'Sort lines: sort [-nruf] [-k FIELD] [-t SEPARATOR] [PATH…]',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'nruf', 'kt');
    const key = keyOf(flags);
    const compare = flags.has('n') ? byNumber : byText;
    const turn = flags.has('r') ? -1 : 1;
    const isUnique = flags.has('u');
    const keyed = (await linesIn(io, args)).map((line) => ({ line, key: key(line) }));
    // What is alike by its key is in the order of whole lines, unless only one of it is kept.
    keyed.sort((a, b) => turn * (compare(a.key, b.key) || (isUnique ? 0 : byText(a.line, b.line))));
    const kept = isUnique
      ? keyed.filter(({ key: own }, at) => at === 0 || compare(own, keyed[at - 1]?.key ?? '') !== 0)
      : keyed;
    await io.stdout.write(kept.map(({ line }) => `${line}\n`).join(''));
    return 0;
  },
};

/** From a field to the end of the line. Fields are between spaces, or the separator. */
function keyOf(flags: ReadonlyMap<string, string>): (line: string) => string {
  const field = flags.get('k') ?? '1';
  const [, from] = /^([1-9]\d*)(?:,\d+)?$/.exec(field) ?? [];
  if (from === undefined) throw new UsageError(`invalid field: '${field}'`);
  const separator = flags.get('t');
  const fold = (text: string): string => (flags.has('f') ? text.toUpperCase() : text);
  if (from === '1') return fold;
  return (line) => {
    const fields = separator === undefined ? line.trimStart().split(/\s+/) : line.split(separator);
    return fold(fields.slice(Number(from) - 1).join(separator ?? ' '));
  };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byNumber = (a: string, b: string): number => numberOf(a) - numberOf(b);

/** The number that a text begins with; 0 for none, as sort has it. */
function numberOf(text: string): number {
  return Number.parseFloat(text) || 0;
}

async function linesIn(io: CommandIo, args: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  let size = 0;
  for (const path of orInput(args)) {
    for await (const line of linesOf(await openInput(io, path))) {
      lines.push(line);
      size += line.length + 1;
      if (size > sortLimit) throw new SandboxError('ResourceExhausted', 'more than 64 MiB to sort');
    }
  }
  return lines;
}

const uniq: ShellProgram = {
  name: 'uniq',
  summary: 'Print lines without those that are like the one before: uniq [-cdui] [PATH]',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'cdui');
    const alike = (line: string): string => (flags.has('i') ? line.toLowerCase() : line);
    let last: { readonly line: string; count: number } | undefined;
    const tell = async (): Promise<void> => {
      if (!last || (flags.has('d') && last.count === 1) || (flags.has('u') && last.count > 1)) return;
      await io.stdout.write(`${flags.has('c') ? `${String(last.count).padStart(7)} ` : ''}${last.line}\n`);
    };
    for await (const line of linesOf(await openInput(io, args[0] ?? '-'))) {
      if (last && alike(last.line) === alike(line)) {
        last.count += 1;
        continue;
      }
      await tell();
      last = { line, count: 1 };
    }
    await tell();
    return 0;
  },
};

export const sortBuiltins: readonly ShellProgram[] = [sort, uniq];
