import type { CommandIo } from '../../command-io';
import type { FileEntry } from '../../file-area';
import { textWidth } from '../../format/text-width';
import { humanSize } from '../../format/units';
import { resolvePath } from '../folder-view';
import type { ShellProgram } from '../shell';
import { completePath } from './complete-path';
import { readOptions } from './options';

const baseName = (path: string): string => resolvePath('/', path).split('/').at(-1) ?? '';

const ls: ShellProgram = {
  name: 'ls',
  summary: 'List files: ls [-alh1] [PATH…]',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'alh1');
    const paths = args.length > 0 ? args : ['.'];
    let code = 0;
    for (const path of paths) {
      const stat = await io.files.stat(path);
      if (!stat) {
        await io.stderr.write(`ls: ${path}: No such file or directory\n`);
        code = 1;
        continue;
      }
      const entries = stat.kind === 'file' ? [{ name: path, ...stat }] : await io.files.list(path);
      const shown = entries.filter(({ name }) => flags.has('a') || !name.startsWith('.'));
      if (paths.length > 1 && stat.kind === 'folder') await io.stdout.write(`${path}:\n`);
      await io.stdout.write(flags.has('l') ? longList(shown) : shortList(shown, io, flags.has('1')));
    }
    return code;
  },
};

function longList(entries: readonly FileEntry[]): string {
  return entries
    .map(({ name, kind, size, modified, executable }) => {
      const mode = kind === 'folder' ? 'drwxr-xr-x' : executable ? '-rwxr-xr-x' : '-rw-r--r--';
      const time = new Date(modified).toISOString().slice(0, 16).replace('T', ' ');
      return `${mode} ${(kind === 'folder' ? '-' : humanSize(size, 3)).padStart(8)} ${time} ${name}${kind === 'folder' ? '/' : ''}\n`;
    })
    .join('');
}

function shortList(entries: readonly FileEntry[], { stdout, terminal }: CommandIo, lines: boolean): string {
  const names = entries.map(({ name, kind }) => (kind === 'folder' ? `${name}/` : name));
  if (names.length === 0) return '';
  if (lines || !stdout.terminal) return names.map((name) => `${name}\n`).join('');
  return inColumns(names, terminal?.size.columns ?? 80);
}

/** Words in columns, as `ls` shows them: down, then across. */
export function inColumns(words: readonly string[], columns: number): string {
  const width = Math.max(...words.map(textWidth)) + 2;
  const perLine = Math.max(1, Math.floor(columns / width));
  const rows = Math.ceil(words.length / perLine);
  const lines = Array.from({ length: rows }, (_, row) =>
    words
      .filter((_, at) => at % rows === row)
      .map((word) => word + ' '.repeat(width - textWidth(word)))
      .join('')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

const cd: ShellProgram = {
  name: 'cd',
  summary: 'Go to another folder, home or back: cd [PATH | -]',
  complete: completePath,
  async run([given], io, shell) {
    const variable = given === undefined ? 'HOME' : given === '-' ? 'OLDPWD' : undefined;
    const path = variable === undefined ? given : shell.variables.get(variable);
    if (path === undefined) throw new Error(`${variable} not set`);
    if ((await io.files.stat(path))?.kind !== 'folder') {
      await io.stderr.write(`cd: ${path}: No such directory\n`);
      return 1;
    }
    shell.variables.set('OLDPWD', shell.folder);
    shell.folder = resolvePath(shell.folder, path);
    shell.variables.set('PWD', shell.folder);
    if (given === '-') await io.stdout.write(`${shell.folder}\n`);
    return 0;
  },
};

const pwd: ShellProgram = {
  name: 'pwd',
  summary: 'Say which folder this is',
  async run(_, io, shell) {
    await io.stdout.write(`${shell.folder}\n`);
    return 0;
  },
};

const mkdir: ShellProgram = {
  name: 'mkdir',
  summary: 'Make folders: mkdir [-p] PATH…',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'p');
    if (args.length === 0) throw new Error('missing operand');
    for (const path of args) {
      if ((await io.files.stat(path)) && !flags.has('p')) throw new Error(`${path}: File exists`);
      const parent = resolvePath('/', `${resolvePath(io.folder, path)}/..`);
      if (!flags.has('p') && !(await io.files.stat(parent))) throw new Error(`${path}: No such file or directory`);
      await io.files.makeFolder(path);
    }
    return 0;
  },
};

const rm: ShellProgram = {
  name: 'rm',
  summary: 'Remove files: rm [-rf] PATH…',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'rRf');
    let code = 0;
    for (const path of args) {
      const stat = await io.files.stat(path);
      const folder = stat?.kind === 'folder' && !flags.has('r') && !flags.has('R');
      if ((!stat && !flags.has('f')) || folder) {
        await io.stderr.write(`rm: ${path}: ${folder ? 'Is a directory' : 'No such file or directory'}\n`);
        code = 1;
      } else if (stat) await io.files.remove(path);
    }
    return code;
  },
};

const mv: ShellProgram = {
  name: 'mv',
  summary: 'Move or rename: mv [-f] FROM… TO',
  complete: completePath,
  async run(words, io) {
    const { args } = readOptions(words, 'f');
    for (const [from, to] of await targetsOf(args, io)) await io.files.rename(from, to);
    return 0;
  },
};

const cp: ShellProgram = {
  name: 'cp',
  summary: 'Copy files: cp [-ra] FROM… TO',
  complete: completePath,
  async run(words, io) {
    const { flags, args } = readOptions(words, 'rRa');
    const deep = flags.has('r') || flags.has('R') || flags.has('a');
    for (const [from, to] of await targetsOf(args, io)) await copy(io, from, to, deep);
    return 0;
  },
};

/** What becomes of each source: in the folder, or under the new name. */
async function targetsOf(args: readonly string[], io: CommandIo): Promise<readonly (readonly [string, string])[]> {
  const to = args.at(-1);
  const sources = args.slice(0, -1);
  if (to === undefined || sources.length === 0) throw new Error('missing file operand');
  const folder = (await io.files.stat(to))?.kind === 'folder';
  if (sources.length > 1 && !folder) throw new Error(`${to}: Not a directory`);
  return sources.map((from) => [from, folder ? `${to}/${baseName(from)}` : to] as const);
}

async function copy(io: CommandIo, from: string, to: string, deep: boolean): Promise<void> {
  const stat = await io.files.stat(from);
  if (!stat) throw new Error(`${from}: No such file or directory`);
  if (stat.kind === 'file') {
    const options = { executable: stat.executable ?? false };
    await (await io.files.read(from)).pipeTo(await io.files.write(to, options), { signal: io.signal });
    return;
  }
  if (!deep) throw new Error(`-r not specified; omitting directory '${from}'`);
  const inside = `${resolvePath(io.folder, to)}/`.startsWith(`${resolvePath(io.folder, from)}/`);
  if (inside) throw new Error(`cannot copy a directory, '${from}', into itself`);
  await io.files.makeFolder(to);
  for (const { name } of await io.files.list(from)) await copy(io, `${from}/${name}`, `${to}/${name}`, deep);
}

export const fileBuiltins: readonly ShellProgram[] = [ls, cd, pwd, mkdir, rm, mv, cp];
