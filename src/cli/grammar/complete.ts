import type { Command, Program } from './command';
import type { CompletionKind, Flag } from './flag';
import { type Branch, buildTree, listed, type Node } from './tree';

/** What the last word of a command line may become. */
export type Completion =
  /** One of these. */
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** The name of a thing; `before` stays in front of it, as in `--network=`. */
  | { readonly kind: 'names'; readonly of: CompletionKind; readonly before: string; readonly part: string };

const none: Completion = { kind: 'words', words: [] };

/** Completes the last of the words after a program's name, which may be empty. */
export function completeCommand<C>(program: Program<C>, words: readonly string[]): Completion {
  const part = words.at(-1) ?? '';
  let node: Node<C> = buildTree(program);
  const before = words.slice(0, -1);
  while (node.kind === 'group') {
    const word = before.shift();
    if (word === undefined) return completeBranch(program, node, part);
    if (word.startsWith('-') || (word === 'help' && node.path === program.name)) continue;
    const next: Node<C> | undefined = node.children.get(word);
    if (!next) return none;
    node = next;
  }
  return completeLeaf(node.command, before, part);
}

function completeBranch<C>(program: Program<C>, branch: Branch<C>, part: string): Completion {
  const flags = branch.path === program.name ? flagNames(program.flags) : ['--help'];
  const words = part.startsWith('-') ? flags : listed(branch).map(([name]) => name);
  return { kind: 'words', words: words.filter((word) => word.startsWith(part)) };
}

function completeLeaf<C>(command: Command<C>, before: readonly string[], part: string): Completion {
  const { awaits, args, ended } = scan(command, before);
  if (awaits) return valuesOf(awaits, '', part);
  const equals = part.indexOf('=');
  if (!ended && part.startsWith('--') && equals > 0) {
    const flag = command.flags[part.slice(2, equals)];
    return flag ? valuesOf(flag, part.slice(0, equals + 1), part.slice(equals + 1)) : none;
  }
  if (!ended && part.startsWith('-')) {
    return { kind: 'words', words: flagNames(command.flags).filter((name) => name.startsWith(part)) };
  }
  const kinds = command.completes ?? [];
  const of = kinds[Math.min(args, kinds.length - 1)];
  if (of === undefined || of === 'none' || (command.args.max !== undefined && args >= command.args.max)) return none;
  return named(of, '', part);
}

/** How many arguments there are, whether flags are over, and the flag that waits for its value. */
function scan<C>(
  command: Command<C>,
  words: readonly string[],
): { readonly args: number; readonly ended: boolean; readonly awaits?: Flag<unknown> } {
  const byShort = new Map(Object.values(command.flags).flatMap((flag) => (flag.short ? [[flag.short, flag]] : [])));
  let args = 0;
  let ended = false;
  let awaits: Flag<unknown> | undefined;
  for (const word of words) {
    if (awaits) awaits = undefined;
    else if (!ended && word === '--') ended = true;
    else if (!ended && word.startsWith('-') && word !== '-') {
      const flag = word.startsWith('--') ? command.flags[word.slice(2)] : byShort.get(word.at(-1) ?? '');
      if (flag && flag.implied === undefined && !word.includes('=')) awaits = flag;
    } else {
      args += 1;
      if (command.flagsFirst) ended = true;
    }
  }
  return { args, ended, ...(awaits && { awaits }) };
}

function valuesOf({ completes }: Flag<unknown>, before: string, part: string): Completion {
  return completes === undefined || completes === 'none' ? none : named(completes, before, part);
}

function named(of: CompletionKind, before: string, part: string): Completion {
  if (typeof of === 'string') return { kind: 'names', of, before, part };
  return { kind: 'words', words: of.filter((word) => word.startsWith(part)).map((word) => before + word) };
}

/** Without those that are refused here. */
function flagNames(flags: Readonly<Record<string, Flag<unknown>>>): readonly string[] {
  const known = Object.entries(flags).filter(([, { refused }]) => refused === undefined);
  return [...new Set([...known.map(([name]) => `--${name}`), '--help'])].sort();
}
