import { lexShellLine } from '../../formats/shellwords/lex-shell-line';
import { quoteShellWord } from '../../formats/shellwords/quote-shell-word';
import type { ShellWord } from '../../formats/shellwords/shell-syntax';
import type { FileArea } from '../file-area';
import type { Completions } from './editor/line-editor';
import { resolvePath } from './folder-view';
import type { ShellState } from './shell';

const redirects = new Set(['<', '>', '>>', '2>', '2>>', '&>', '&>>']);
const between = new Set(['|', '||', '&&', ';', '\n']);

/** Completes the last word of what stands before the cursor: a command's name, a path, or what the command knows. */
export async function completeLine(before: string, shell: ShellState, files: FileArea): Promise<Completions> {
  const { tokens, inside } = lexShellLine(before);
  if (inside !== undefined) {
    const { from, words } = await completeLine(before.slice(inside), shell, files);
    return { from: from + inside, words };
  }
  const last = tokens.at(-1);
  const open = last?.kind === 'word' && last.end === before.length ? last : undefined;
  const from = open?.start ?? before.length;
  const part = open ? plainText(open.word) : '';
  const earlier = open ? tokens.slice(0, -1) : tokens;
  const previous = earlier.at(-1);
  if (previous?.kind === 'operator' && redirects.has(previous.text)) {
    return { from, words: await paths(files, shell.folder, part, '') };
  }
  const start = earlier.findLastIndex((token) => token.kind === 'operator' && between.has(token.text)) + 1;
  const words = earlier.slice(start).flatMap((token) => (token.kind === 'word' ? [plainText(token.word)] : []));
  const [name, ...args] = words;
  if (name === undefined) {
    if (part.includes('/')) return { from, words: await paths(files, shell.folder, part, '') };
    const names = [...shell.programs.keys()].filter((each) => each.startsWith(part)).sort();
    return { from, words: names.map((each) => `${each} `) };
  }
  const program = shell.programs.get(name);
  const found =
    (await program?.complete?.([...args, part], (path, lead) => paths(files, shell.folder, path, lead))) ?? [];
  return { from, words: found };
}

function plainText(word: ShellWord): string {
  return word.map(({ text }) => text).join('');
}

/** Paths that begin so; a folder's name ends with a slash, and a file's with a space. */
async function paths(files: FileArea, folder: string, part: string, lead: string): Promise<readonly string[]> {
  const slash = part.lastIndexOf('/') + 1;
  const parent = part.slice(0, slash);
  const start = part.slice(slash);
  const entries = await files.list(resolvePath(folder, parent || '.')).catch(() => []);
  return entries
    .filter(({ name }) => name.startsWith(start) && (start.startsWith('.') || !name.startsWith('.')))
    .map(({ name, kind }) => quoteShellWord(`${lead}${parent}${name}`) + (kind === 'folder' ? '/' : ' '));
}
