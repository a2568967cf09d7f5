import type { Command, Input, Program } from './command';
import type { Flag, Flags } from './flag';
import { nearest } from './nearest';
import { type Branch, buildTree, type Leaf, listed, type Node } from './tree';

/** What a line of words asks for. */
export type Parsed<C> =
  | { readonly kind: 'run'; readonly command: Command<C>; readonly input: Input }
  /** `asked`: by `--help`; else a word is missing, which is a mistake. */
  | { readonly kind: 'help'; readonly node: Node<C>; readonly asked: boolean; readonly note?: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'error'; readonly message: string; readonly code: number };

/** Reads the words after a program's name, with the error texts of docker's own client. */
export function parseCommand<C>(program: Program<C>, words: readonly string[]): Parsed<C> {
  const root = buildTree(program);
  const own = readFlags(program.flags, words, true);
  if ('problem' in own) return flagError(program, `${program.name} [OPTIONS] COMMAND [ARG...]`, program.name, own);
  if (own.values['version'] === true) return { kind: 'version' };
  if (own.help || own.args.length === 0) return { kind: 'help', node: root, asked: own.help };
  return descend(program, root, own.args);
}

function descend<C>(program: Program<C>, branch: Branch<C>, words: readonly string[]): Parsed<C> {
  const [word = '', ...left] = words;
  if (branch.path === program.name && word === 'help') return helpOn(program, branch, left);
  const node = branch.children.get(word);
  if (node?.kind === 'command') return parseLeaf(program, node, left);
  if (!node) return unknownCommand(program, branch, word);
  if (left.length === 0) return { kind: 'help', node, asked: false };
  if (left[0] === '--help' || left[0] === '-h') return { kind: 'help', node, asked: true };
  return descend(program, node, left);
}

function helpOn<C>(_program: Program<C>, root: Branch<C>, words: readonly string[]): Parsed<C> {
  let node: Node<C> = root;
  for (const word of words) {
    const next: Node<C> | undefined = node.kind === 'group' ? node.children.get(word) : undefined;
    if (!next) return { kind: 'error', message: `unknown help topic: ${words.join(' ')}\n`, code: 1 };
    node = next;
  }
  return { kind: 'help', node, asked: true };
}

function unknownCommand<C>(program: Program<C>, branch: Branch<C>, word: string): Parsed<C> {
  const missing = branch.path === program.name ? program.missing[word] : undefined;
  const near = nearest(
    word,
    listed(branch).map(([name]) => name),
  );
  const hints = near.map((name) => `'${branch.path} ${name}'`).join(' or ');
  const top = branch.path === program.name;
  const flag = word.startsWith('-');
  const lines = [
    flag ? `unknown flag: ${word}` : `${program.name}: unknown command: ${branch.path} ${word}`,
    ...(missing === undefined ? [] : ['', missing]),
    ...(hints === '' || flag ? [] : ['', `Did you mean ${hints}?`]),
    ...(top ? [] : ['', `Usage:  ${branch.path} COMMAND`]),
    '',
    `Run '${branch.path} --help' for more information`,
    '',
  ];
  return { kind: 'error', message: lines.join('\n'), code: flag ? program.flagErrorCode : 1 };
}

function parseLeaf<C>(program: Program<C>, leaf: Leaf<C>, words: readonly string[]): Parsed<C> {
  const { command, path } = leaf;
  const read = readFlags(command.flags, words, command.flagsFirst === true);
  if ('problem' in read) return flagError(program, `${path} ${command.usage}`, path, read);
  if (read.help) return { kind: 'help', node: leaf, asked: true, ...(read.note !== undefined && { note: read.note }) };
  if (command.refused !== undefined) {
    return { kind: 'error', message: `${path} is not supported here: ${command.refused}\n`, code: 1 };
  }
  const arity = arityProblem(command, read.args.length);
  if (arity !== undefined) {
    // Docker's own two ways to say it.
    const see = arity.startsWith('requires at least') && !arity.includes(' and ') ? 'See' : 'Run';
    const usage = `Usage:  ${path} ${command.usage}`.trimEnd();
    const message = `${program.name}: '${path}' ${arity}\n\n${usage}\n\n${see} '${path} --help' for more information\n`;
    return { kind: 'error', message, code: 1 };
  }
  return {
    kind: 'run',
    command,
    input: { path, args: read.args, flags: read.values, given: new Set(read.mentions.keys()) },
  };
}

function arityProblem({ args: { min, max } }: Pick<Command<never>, 'args'>, count: number): string | undefined {
  if (count >= min && (max === undefined || count <= max)) return undefined;
  if (max === 0) return 'accepts no arguments';
  if (max === undefined) return `requires at least ${counted(min)}`;
  if (min === max) return `requires ${counted(min)}`;
  if (min === 0) return `requires at most ${counted(max)}`;
  return `requires at least ${min} and at most ${counted(max)}`;
}

const counted = (count: number): string => `${count} argument${count === 1 ? '' : 's'}`;

interface ReadFlags {
  readonly args: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
  readonly mentions: ReadonlyMap<string, number>;
  readonly help: boolean;
  /** Said before help. */
  readonly note?: string;
}

interface FlagProblem {
  readonly problem: string;
}

function flagError<C>(program: Program<C>, usage: string, path: string, { problem }: FlagProblem): Parsed<C> {
  const message = `${problem}\n\nUsage:  ${usage.trimEnd()}\n\nRun '${path} --help' for more information\n`;
  return { kind: 'error', message, code: program.flagErrorCode };
}

/** Splits words into flags and the rest, as the flags of POSIX with GNU's long ones (and Go's pflag) are written. */
function readFlags(flags: Flags, words: readonly string[], flagsFirst: boolean): ReadFlags | FlagProblem {
  const byShort = new Map(Object.entries(flags).flatMap(([name, { short }]) => (short ? [[short, name]] : [])));
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, flag.initial]),
  );
  const mentions = new Map<string, number>();
  const args: string[] = [];
  let help = false;
  let note: string | undefined;

  const take = (name: string, flag: Flag<unknown>, value: string): string | undefined => {
    const seen = mentions.get(name) ?? 0;
    const called = flag.short === undefined ? `--${name}` : `-${flag.short}, --${name}`;
    if (flag.refused !== undefined && value !== 'false') return `--${name} is not supported here: ${flag.refused}`;
    try {
      values[name] = flag.take(value, values[name], seen);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return `invalid argument ${JSON.stringify(value)} for "${called}" flag: ${why}`;
    }
    mentions.set(name, seen + 1);
    return undefined;
  };

  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') {
      args.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      if (flagsFirst) {
        args.push(...words.slice(at));
        break;
      }
      args.push(word);
      continue;
    }
    let problem: string | undefined;
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = word.slice(2, equals < 0 ? undefined : equals);
      const flag = flags[name];
      if (name === 'help' && (!flag || flag.valueName === '')) help = true;
      else if (!flag || !Object.hasOwn(flags, name)) problem = `unknown flag: --${name}`;
      else if (equals >= 0) problem = take(name, flag, word.slice(equals + 1));
      else if (flag.implied !== undefined) problem = take(name, flag, flag.implied);
      else if (at + 1 >= words.length) problem = `flag needs an argument: --${name}`;
      else {
        at += 1;
        problem = take(name, flag, words[at] ?? '');
      }
    } else {
      for (let letter = 1; letter < word.length; letter += 1) {
        const short = word[letter] ?? '';
        const name = byShort.get(short);
        const flag = name === undefined ? undefined : flags[name];
        if (name === undefined || !flag) {
          if (short === 'h') {
            help = true;
            note = 'Flag shorthand -h has been deprecated, use --help\n';
            continue;
          }
          problem = `unknown shorthand flag: '${short}' in -${word.slice(letter)}`;
          break;
        }
        const tail = word.slice(letter + 1);
        if (tail.startsWith('=')) {
          problem = take(name, flag, tail.slice(1));
          break;
        }
        if (flag.implied !== undefined) {
          problem = take(name, flag, flag.implied);
          if (problem !== undefined) break;
          continue;
        }
        if (tail !== '') problem = take(name, flag, tail);
        else if (at + 1 >= words.length) problem = `flag needs an argument: '${short}' in -${word.slice(letter)}`;
        else {
          at += 1;
          problem = take(name, flag, words[at] ?? '');
        }
        break;
      }
    }
    if (problem !== undefined) return { problem };
    if (help) break;
  }
  return { args, values, mentions, help, ...(note !== undefined && { note }) };
}
