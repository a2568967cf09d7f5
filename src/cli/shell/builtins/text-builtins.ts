import { chunksOf } from '../../../base/streams';
import type { CommandIo } from '../../command-io';
import type { ShellProgram } from '../shell';
import { completePath } from './complete-path';
import { readOptions } from './options';
import { linesOf, openInput } from './text-lines';

/** Lines that `tail` keeps at most. */
const tailLimit = 1_000_000;

const orInput = (args: readonly string[]): readonly string[] => (args.length > 0 ? args : ['-']);

const cat: ShellProgram = {
  name: 'cat',
  summary: 'Print files: cat [PATH…]',
  complete: completePath,
  async run(words, io) {
    for (const path of orInput(readOptions(words, 'u').args)) {
      for await (const chunk of chunksOf(await openInput(io, path))) await io.stdout.write(chunk);
    }
    return 0;
  },
};

const echo: ShellProgram = {
  name: 'echo',
  summary: 'Print words: echo [-n] [WORD…]',
  async run(words, io) {
    const bare = words[0] === '-n';
    await io.stdout.write(`${words.slice(bare ? 1 : 0).join(' ')}${bare ? '' : '\n'}`);
    return 0;
  },
};

function count(value: string | undefined, name: string): number {
  if (value === undefined) return 10;
  if (!/^\d+$/.test(value)) throw new Error(`invalid number of lines: '${value}' (${name} -n COUNT)`);
  return Number(value);
}

const head: ShellProgram = {
  name: 'head',
  summary: 'Print the first lines: head [-n COUNT] [PATH…]',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, '', 'n');
    const wanted = count(flags.get('n'), 'head');
    for (const path of orInput(args)) {
      let left = wanted;
      if (left === 0) continue;
      for await (const line of linesOf(await openInput(io, path))) {
        await io.stdout.write(`${line}\n`);
        left -= 1;
        if (left === 0) break;
      }
    }
    return 0;
  },
};

const tail: ShellProgram = {
  name: 'tail',
  summary: 'Print the last lines: tail [-n COUNT] [PATH…]',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, '', 'n');
    const wanted = Math.min(tailLimit, count(flags.get('n'), 'tail'));
    for (const path of orInput(args)) {
      const kept: string[] = [];
      for await (const line of linesOf(await openInput(io, path))) {
        kept.push(line);
        if (kept.length > 2 * wanted + 1) kept.splice(0, kept.length - wanted);
      }
      await io.stdout.write(
        kept
          .slice(kept.length - Math.min(wanted, kept.length))
          .map((line) => `${line}\n`)
          .join(''),
      );
    }
    return 0;
  },
};

const grep: ShellProgram = {
  name: 'grep',
  summary: 'Print lines that match: grep [-invcF] PATTERN [PATH…]',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'invcFEq');
    const [pattern, ...paths] = args;
    if (pattern === undefined) throw new Error('usage: grep [-invcF] PATTERN [PATH…]');
    const matches = matcher(pattern, flags);
    const named = paths.length > 1;
    let found = 0;
    for (const path of orInput(paths)) found += await grepOne(io, path, matches, flags, named);
    return found > 0 ? 0 : 1;
  },
};

function matcher(pattern: string, flags: ReadonlyMap<string, string>): (line: string) => boolean {
  const source = flags.has('F') ? pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : pattern;
  let expression: RegExp;
  try {
    expression = new RegExp(source, flags.has('i') ? 'i' : '');
  } catch {
    throw new Error(`${pattern}: not a pattern`);
  }
  return (line) => expression.test(line) !== flags.has('v');
}

async function grepOne(
  io: CommandIo,
  path: string,
  matches: (line: string) => boolean,
  flags: ReadonlyMap<string, string>,
  named: boolean,
): Promise<number> {
  let found = 0;
  let number = 0;
  const prefix = named ? `${path}:` : '';
  for await (const line of linesOf(await openInput(io, path))) {
    number += 1;
    if (!matches(line)) continue;
    found += 1;
    if (flags.has('c') || flags.has('q')) continue;
    await io.stdout.write(`${prefix}${flags.has('n') ? `${number}:` : ''}${line}\n`);
  }
  if (flags.has('c')) await io.stdout.write(`${prefix}${found}\n`);
  return found;
}

const wc: ShellProgram = {
  name: 'wc',
  summary: 'Count lines, words and bytes: wc [-lwc] [PATH…]',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'lwc');
    for (const path of orInput(args)) {
      const counts = await countOf(await openInput(io, path));
      const shown = (['l', 'w', 'c'] as const).filter((flag) => flags.size === 0 || flags.has(flag));
      const numbers = shown.map((flag) => String(counts[flag]).padStart(shown.length > 1 ? 7 : 1)).join(' ');
      await io.stdout.write(`${numbers}${path === '-' ? '' : ` ${path}`}\n`);
    }
    return 0;
  },
};

async function countOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Readonly<Record<'l' | 'w' | 'c', number>>> {
  let [l, w, c] = [0, 0, 0];
  let inWord = false;
  for await (const chunk of chunksOf(stream)) {
    c += chunk.length;
    for (const byte of chunk) {
      if (byte === 10) l += 1;
      const space = byte === 32 || (byte >= 9 && byte <= 13);
      if (!space && !inWord) w += 1;
      inWord = !space;
    }
  }
  return { l, w, c };
}

export const textBuiltins: readonly ShellProgram[] = [cat, echo, head, tail, grep, wc];
