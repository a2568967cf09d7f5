import { SandboxError } from '../../../base/errors';
import { chunksOf } from '../../../base/streams';
import type { CommandIo } from '../../command-io';
import { runWords } from '../run-words';
import type { ShellProgram } from '../shell';
import { UsageError } from './options';

/** Characters of input, and words of a command, at most. */
const inputLimit = 4 * 1024 * 1024;
const wordsLimit = 5000;

/** As POSIX has it: one of the commands failed, and one ended with 255, after which no more are begun. */
const someFailed = 123;
const stopped = 124;

export const xargs: ShellProgram = {
  name: 'xargs',
  summary: 'Run a command with the words of the input: xargs [-0rt] [-n WORDS] [-I MARK] [COMMAND [WORD…]]',
  async run(words, io, shell) {
    const { flags, command } = readOwnOptions(words);
    const mark = flags.get('I');
    const most = mark === undefined ? countOf(flags.get('n')) : 1;
    const items = itemsOf(await textOf(io), flags.has('0') ? 'zeros' : mark === undefined ? 'words' : 'lines');
    if (items.length === 0 && (flags.has('r') || mark !== undefined)) return 0;
    const own = command.length > 0 ? command : ['echo'];
    let failed = false;
    for (let at = 0; at === 0 || at < items.length; at += most) {
      const part = items.slice(at, at + most);
      const whole =
        mark === undefined ? [...own, ...part] : own.map((word) => word.replaceAll(mark, () => part[0] ?? ''));
      if (flags.has('t')) await io.stderr.write(`${whole.join(' ')}\n`);
      const code = await runWords(whole, shell, { ...withoutTerminal(io), stdin: new Blob([]).stream() });
      // Not found, or interrupted: the next would end likewise.
      if (io.signal.aborted || code === 126 || code === 127) return code;
      if (code === 255) return stopped;
      failed ||= code !== 0;
    }
    return failed ? someFailed : 0;
  },
};

/** Its own flags end where the command begins, which has flags, too. */
function readOwnOptions(words: readonly string[]) {
  const flags = new Map<string, string>();
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') return { flags, command: words.slice(at + 1) };
    if (!/^-./.test(word)) break;
    for (let letter = 1; letter < word.length; letter += 1) {
      const flag = word[letter] ?? '';
      if ('0rt'.includes(flag)) flags.set(flag, '');
      else if ('nI'.includes(flag)) {
        const inline = word.slice(letter + 1);
        if (inline === '') at += 1;
        const value = inline === '' ? words[at] : inline;
        if (!value) throw new UsageError(`option requires an argument -- '${flag}'`);
        flags.set(flag, value);
        break;
      } else throw new UsageError(`invalid option -- '${flag}'`);
    }
  }
  return { flags, command: words.slice(at) };
}

function countOf(value: string | undefined): number {
  if (value === undefined) return wordsLimit;
  if (/^[1-9]\d*$/.test(value)) return Math.min(wordsLimit, Number(value));
  throw new UsageError(`invalid number: '${value}' (-n)`);
}

/** Words may have quotes and backslashes, as POSIX has it for xargs; of lines the spaces before are not their own. */
function itemsOf(text: string, by: 'words' | 'lines' | 'zeros'): readonly string[] {
  if (by === 'zeros') return text.split('\0').filter((each, at, all) => each !== '' || at < all.length - 1);
  if (by === 'lines') {
    const lines = text.split('\n').map((line) => line.trimStart());
    return lines.filter((line) => line !== '');
  }
  const items = [...text.matchAll(/(?:"[^"\n]*"|'[^'\n]*'|\\[\s\S]|[^\s"'\\])+|["'\\]/g)].map(([item]) => item);
  const open = items.find((item) => /^["'\\]$/.test(item));
  if (open !== undefined) throw new Error(`unmatched ${open} in the input; use -0 or -I for what has quotes`);
  return items.map((item) =>
    item.replace(/"([^"]*)"|'([^']*)'|\\([\s\S])/g, (_, double, single, character) => double ?? single ?? character),
  );
}

async function textOf({ stdin }: CommandIo): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunksOf(stdin)) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > inputLimit) throw new SandboxError('ResourceExhausted', 'more than 4 MiB of input');
  }
  return text + decoder.decode();
}

function withoutTerminal({ terminal: _, ...rest }: CommandIo): CommandIo {
  return rest;
}
