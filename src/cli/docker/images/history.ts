import { segment } from '../../engine/engine-client';
import type { Column } from '../../format/format-rows';
import { formatRows } from '../../format/format-rows';
import { ago, ellipsis, humanSize, shortId } from '../../format/units';
import { bool, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { tableFormat } from '../format-usage';

interface Entry {
  readonly Id: string;
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Size: number;
  readonly Comment: string;
}

/** Columns of the command in a table. */
const commandLimit = 45;

function createdBy(command: string, whole: boolean): string {
  const line = command.replaceAll('\t', ' ');
  return whole ? line : ellipsis(line, commandLimit);
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

function createdSince(seconds: number, now: number, human: boolean): string {
  return human ? ago(seconds, now) : rfc3339(seconds);
}

export const history = docker({
  spellings: ['image history', 'history'],
  summary: 'Show the history of an image',
  usage: '[OPTIONS] IMAGE',
  args: { min: 1, max: 1 },
  completes: ['image'],
  flags: {
    format: text(tableFormat),
    human: bool('Print sizes and dates in human readable format', { short: 'H', initial: true }),
    'no-trunc': bool("Don't truncate output"),
    platform: text('Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")'),
    quiet: bool('Only show image IDs', { short: 'q' }),
  },
  async run({ args: [name = ''], flags }, { engine, io, clock }) {
    const entries = await engine.json<readonly Entry[]>('GET', `/images/${segment(name)}/history`);
    const whole = flags['no-trunc'];
    const id = ({ Id }: Entry): string => (Id.startsWith('sha256:') && !whole ? shortId(Id) : Id);
    if (flags.quiet) {
      await io.stdout.write(entries.map((each) => `${id(each)}\n`).join(''));
      return 0;
    }
    const table = '{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}';
    const humanTable = flags.human ? table : table.replace('CreatedSince', 'CreatedAt');
    const columns: readonly Column<Entry>[] = [
      { name: 'ID', header: 'IMAGE', value: id },
      {
        name: 'CreatedSince',
        header: 'CREATED',
        value: ({ Created }) => createdSince(Created, clock.now(), flags.human),
      },
      { name: 'CreatedAt', header: 'CREATED AT', value: ({ Created }) => rfc3339(Created) },
      { name: 'CreatedBy', header: 'CREATED BY', value: ({ CreatedBy }) => createdBy(CreatedBy, whole) },
      { name: 'Size', header: 'SIZE', value: ({ Size }) => (flags.human ? humanSize(Size, 3) : String(Size)) },
      { name: 'Comment', header: 'COMMENT', value: ({ Comment }) => Comment },
    ];
    await io.stdout.write(
      formatRows(entries, columns, { format: flags.format, table: humanTable, type: 'image.historyContext' }),
    );
    return 0;
  },
});
