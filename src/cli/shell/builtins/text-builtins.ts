import { chunksOf } from '../../../base/streams';
import type { ShellProgram } from '../shell';
import { completePath } from './complete-path';
import { readOptions } from './options';
import { openInput, orInput } from './text-lines';

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

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', e: '\x1b', '\\': '\\' };

const echo: ShellProgram = {
  name: 'echo',
  summary: 'Print words: echo [-ne] [WORD…]',
  async run(words, io) {
    // Whatever is no flag of its own is a word.
    const first = words.findIndex((word) => !/^-[ne]+$/.test(word));
    const count = first < 0 ? words.length : first;
    const flags = words.slice(0, count).join('');
    const text = words.slice(count).join(' ');
    const said = flags.includes('e') ? text.replace(/\\([ntre\\])/g, (_, letter) => escapes[letter] ?? '') : text;
    await io.stdout.write(`${said}${flags.includes('n') ? '' : '\n'}`);
    return 0;
  },
};

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

export const textBuiltins: readonly ShellProgram[] = [cat, echo, wc];
