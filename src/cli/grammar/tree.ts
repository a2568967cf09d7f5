import type { Command, Program } from './command';

/** A command at one of its places. */
export interface Leaf<C> {
  readonly kind: 'command';
  /** With the program's name: `docker container ls`. */
  readonly path: string;
  readonly command: Command<C>;
  /** Another spelling beside its name: found, but not listed. */
  readonly alias: boolean;
}

/** A word with commands behind it, and the program itself. */
export interface Branch<C> {
  readonly kind: 'group';
  readonly path: string;
  readonly summary: string;
  /** In the order of the alphabet. */
  readonly children: ReadonlyMap<string, Node<C>>;
}

export type Node<C> = Leaf<C> | Branch<C>;

/** The commands of a program by their spellings. */
export function buildTree<C>(program: Program<C>): Branch<C> {
  const top = new Map<string, Node<C>>();
  const below = new Map(program.groups.map(({ name }) => [name, new Map<string, Node<C>>()]));
  for (const command of program.commands) {
    const seen = new Map<string, string>();
    for (const spelling of command.spellings) {
      const words = spelling.split(' ');
      const name = words.at(-1) ?? '';
      const parent = words.slice(0, -1).join(' ');
      const primary = seen.get(parent) ?? name;
      seen.set(parent, primary);
      const path = [program.name, parent, primary].filter(Boolean).join(' ');
      const place = parent === '' ? top : below.get(parent);
      place?.set(name, { kind: 'command', path, command, alias: name !== primary });
    }
  }
  for (const { name, summary } of program.groups) {
    const children = sorted(below.get(name) ?? new Map());
    top.set(name, { kind: 'group', path: `${program.name} ${name}`, summary, children });
  }
  return { kind: 'group', path: program.name, summary: program.summary, children: sorted(top) };
}

/** Children that help lists, with their names. */
export function listed<C>(branch: Branch<C>): readonly (readonly [string, Node<C>])[] {
  return [...branch.children].filter(([, node]) => node.kind === 'group' || !node.alias);
}

function sorted<T>(entries: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
