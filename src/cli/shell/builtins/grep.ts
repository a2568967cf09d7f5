import type { CommandIo } from '../../command-io';
import type { ShellProgram } from '../shell';
import { completePath } from './complete-path';
import { readOptions, UsageError } from './options';
import { linesOf, openInput, orInput } from './text-lines';

/** Lines of context at most. */
const contextLimit = 10_000;

interface Wanted {
  /** What of a line matches, from left to right; undefined: it is not one of the lines that are asked for. */
  readonly match: (line: string) => readonly string[] | undefined;
  readonly flags: ReadonlyMap<string, string>;
  readonly before: number;
  readonly after: number;
}

export const grep: ShellProgram = {
  name: 'grep',
  summary:
    'Print lines that match: grep [-ivwxcnoqlhHFE] [-m COUNT] [-A LINES] [-B LINES] [-C LINES] PATTERN | -e PATTERN [PATH…]',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'invcFEqowxlhHs', 'ABCme');
    const given = flags.get('e');
    const [pattern, ...paths] = given === undefined ? args : [given, ...args];
    if (pattern === undefined) throw new UsageError('no pattern');
    const around = lines(flags, 'C') ?? 0;
    const wanted: Wanted = {
      match: matcher(pattern, flags),
      flags,
      before: lines(flags, 'B') ?? around,
      after: lines(flags, 'A') ?? around,
    };
    const named = (paths.length > 1 || flags.has('H')) && !flags.has('h');
    let found = 0;
    for (const path of orInput(paths)) {
      found += await grepOne(io, path, wanted, named);
      if (found > 0 && flags.has('q')) break;
    }
    return found > 0 ? 0 : 1;
  },
};

function lines(flags: ReadonlyMap<string, string>, flag: string): number | undefined {
  const value = flags.get(flag);
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw new UsageError(`invalid number: '${value}' (-${flag})`);
  return Math.min(contextLimit, Number(value));
}

/** Patterns are those of JavaScript, which are extended ones of POSIX and more; each line of a pattern is one. */
function matcher(pattern: string, flags: ReadonlyMap<string, string>): Wanted['match'] {
  const sources = pattern.split('\n').map((each) => {
    const source = flags.has('F') ? each.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : each;
    if (flags.has('x')) return `^(?:${source})$`;
    return flags.has('w') ? `(?<!\\w)(?:${source})(?!\\w)` : source;
  });
  let expression: RegExp;
  try {
    expression = new RegExp(sources.join('|'), flags.has('i') ? 'gi' : 'g');
  } catch {
    throw new Error(`${pattern}: not a pattern`);
  }
  if (flags.has('v')) return (line) => (line.search(expression) < 0 ? [] : undefined);
  return (line) => line.match(expression) ?? undefined;
}

/** How many lines of a file were found. */
async function grepOne(io: CommandIo, path: string, { match, flags, before, after }: Wanted, named: boolean) {
  const most = lines(flags, 'm') ?? Number.POSITIVE_INFINITY;
  const isQuiet = flags.has('c') || flags.has('q') || flags.has('l');
  const earlier: string[] = [];
  let [found, number, shown, owed] = [0, 0, 0, 0];
  const print = async (at: number, text: string, separator: ':' | '-'): Promise<void> => {
    if ((before > 0 || after > 0) && shown > 0 && at > shown + 1) await io.stdout.write('--\n');
    shown = at;
    const place = `${named ? `${path}${separator}` : ''}${flags.has('n') ? `${at}${separator}` : ''}`;
    await io.stdout.write(`${place}${text}\n`);
  };
  for await (const line of linesOf(await openInput(io, path))) {
    number += 1;
    const matched = found < most ? match(line) : undefined;
    if (matched) {
      found += 1;
      owed = after;
      if (flags.has('q') || flags.has('l')) break;
      if (!isQuiet && flags.has('o')) for (const each of matched) if (each !== '') await print(number, each, ':');
      if (!isQuiet && !flags.has('o')) {
        for (const [at, text] of earlier.entries()) await print(number - earlier.length + at, text, '-');
        await print(number, line, ':');
      }
      earlier.length = 0;
    } else if (owed > 0 && !isQuiet && !flags.has('o')) {
      owed -= 1;
      await print(number, line, '-');
    } else {
      if (found >= most) break;
      earlier.push(line);
      if (earlier.length > before) earlier.shift();
    }
    if (found >= most && owed === 0) break;
  }
  if (flags.has('l') && found > 0) await io.stdout.write(`${path}\n`);
  else if (flags.has('c')) await io.stdout.write(`${named ? `${path}:` : ''}${found}\n`);
  return found;
}
