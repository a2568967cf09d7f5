import type { Command, Program } from './command';
import { flagUsages } from './help';

/** Columns of tables of flags: wide, since pages scroll. */
const columns = 160;

/** All commands of a program as a chapter in Markdown, from the same grammar that parses them. */
export function referenceOf<C>(program: Program<C>): string {
  const commands = [...program.commands].sort((a, b) => (first(a) < first(b) ? -1 : 1));
  const missing = Object.entries(program.missing).map(([name, why]) => `- \`${program.name} ${name}\`: ${why}`);
  return [
    `## ${program.name}`,
    '',
    `${program.summary}.`,
    '',
    ...commands.flatMap((command) => section(program, command)),
    ...(missing.length === 0 ? [] : ['### What there is not', '', ...missing, '']),
  ].join('\n');
}

const first = ({ spellings }: Pick<Command<never>, 'spellings'>): string => spellings[0] ?? '';

function section<C>({ name }: Program<C>, command: Command<C>): readonly string[] {
  const { spellings, summary, usage, flags } = command;
  const others = spellings.slice(1).map((each) => `\`${name} ${each}\``);
  const refused = Object.entries(flags).flatMap(([flag, each]) =>
    each.refused ? [`\`--${flag}\`: ${each.refused}`] : [],
  );
  const table = flagUsages(flags, columns);
  return [
    `### ${name} ${first(command)}`,
    '',
    `${summary}.${others.length > 0 ? ` Also ${others.join(', ')}.` : ''}`,
    '',
    '```',
    `${name} ${first(command)} ${usage}`.trimEnd(),
    ...(table === '' ? [] : ['', table]),
    '```',
    '',
    ...(refused.length > 0 ? [`Not here: ${refused.join('; ')}.`, ''] : []),
  ];
}
