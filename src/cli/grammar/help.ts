import type { Program } from './command';
import type { Flag, Flags } from './flag';
import { type Branch, type Leaf, listed, type Node } from './tree';
import { wrapUsage } from './wrap-usage';

/** Width of names in a list of commands. */
const nameColumns = 12;

/** What `--help` prints, for a screen of so many columns. */
export function helpText<C>(program: Program<C>, node: Node<C>, columns: number): string {
  if (node.kind === 'command') return commandHelp(program, node, columns);
  return node.path === program.name ? programHelp(program, node, columns) : groupHelp(node);
}

function commandHelp<C>(program: Program<C>, { path, command }: Leaf<C>, columns: number): string {
  const spellings = command.spellings.map((each) => `${program.name} ${each}`).join(', ');
  const options = flagUsages(command.flags, columns);
  return [
    `Usage:  ${path} ${command.usage}`.trimEnd(),
    '',
    command.description ?? command.summary,
    ...(command.spellings.length > 1 ? ['', 'Aliases:', `  ${spellings}`] : []),
    ...(options === '' ? [] : ['', 'Options:', options]),
    '',
  ].join('\n');
}

function groupHelp<C>(branch: Branch<C>): string {
  return [
    `Usage:  ${branch.path} COMMAND`,
    '',
    branch.summary,
    '',
    'Commands:',
    ...listed(branch).map(commandLine),
    '',
    `Run '${branch.path} COMMAND --help' for more information on a command.`,
    '',
  ].join('\n');
}

function programHelp<C>(program: Program<C>, root: Branch<C>, columns: number): string {
  const all = listed(root);
  const common = program.common.flatMap((name) => all.filter(([each]) => each === name));
  const groups = all.filter(([, { kind }]) => kind === 'group');
  const others = all.filter(([name, { kind }]) => kind === 'command' && !program.common.includes(name));
  const section = (heading: string, nodes: typeof all): string[] =>
    nodes.length === 0 ? [] : ['', heading, ...nodes.map(commandLine)];
  const options = flagUsages(program.flags, columns);
  return [
    `Usage:  ${program.name} ${options === '' ? '' : '[OPTIONS] '}COMMAND`,
    '',
    program.summary,
    ...section('Common Commands:', common),
    ...section('Management Commands:', groups),
    ...section('Commands:', others),
    ...(options === '' ? [] : ['', 'Global Options:', options]),
    '',
    `Run '${program.name} COMMAND --help' for more information on a command.`,
    ...(program.footer === undefined ? [] : ['', program.footer]),
    '',
  ].join('\n');
}

function commandLine<C>([name, node]: readonly [string, Node<C>]): string {
  const summary = node.kind === 'group' ? node.summary : node.command.summary;
  return `  ${name.padEnd(nameColumns - 1)} ${summary}`;
}

/** The table of flags in the order of their names, in the layout of Go's pflag. */
export function flagUsages(flags: Flags, columns: number): string {
  const rows = Object.entries(flags)
    .filter(([, flag]) => flag.refused === undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => ({ left: flagName(name, flag), usage: flagUsage(flag) }));
  const width = Math.max(0, ...rows.map(({ left }) => left.length)) + 3;
  return rows.map(({ left, usage }) => left.padEnd(width) + wrapUsage(usage, width, columns - 1)).join('\n');
}

function flagName(name: string, { short, valueName }: Flag<unknown>): string {
  const dashes = short === undefined ? `      --${name}` : `  -${short}, --${name}`;
  return valueName === '' ? dashes : `${dashes} ${valueName}`;
}

function flagUsage({ usage, shownDefault }: Flag<unknown>): string {
  return shownDefault === undefined ? usage : `${usage} (default ${shownDefault})`;
}
