import type { ContainerSummary } from '../../../api/container';
import type { ContainerStats } from '../../../api/container-stats';
import { delay } from '../../../base/clock';
import { segment } from '../../engine/engine-client';
import type { Column } from '../../format/format-rows';
import { formatRows } from '../../format/format-rows';
import { humanSize, memorySize, shortId } from '../../format/units';
import { bool, text } from '../../grammar/flag';
import { type DockerContext, docker } from '../docker-context';
import { tableFormat } from '../format-usage';

/** How often the table is drawn anew, milliseconds; docker's own. */
const roundMs = 500;

const table =
  '{{.ID}}\\t{{.Name}}\\t{{.CPUPerc}}\\t{{.MemUsage}}\\t{{.MemPerc}}\\t{{.NetIO}}\\t{{.BlockIO}}\\t{{.PIDs}}';

export const stats = docker({
  spellings: ['container stats', 'stats'],
  summary: 'Display a live stream of container(s) resource usage statistics',
  usage: '[OPTIONS] [CONTAINER...]',
  args: { min: 0 },
  completes: ['running-container'],
  flags: {
    all: bool('Show all containers (default shows just running)', { short: 'a' }),
    format: text(tableFormat),
    'no-stream': bool('Disable streaming stats and only pull the first result'),
    'no-trunc': bool('Do not truncate output'),
  },
  async run({ args, flags }, context) {
    const { io, clock } = context;
    const columns = statsColumns(flags['no-trunc']);
    for (;;) {
      const rows = await readAll(context, args, flags.all);
      const text = formatRows(rows, columns, { format: flags.format, table, type: 'container.statsContext' });
      if (flags['no-stream']) {
        await io.stdout.write(text);
        return 0;
      }
      const home = io.stdout.terminal ? '\x1b[H' : '';
      await io.stdout.write(`${home}${home === '' ? text : text.replaceAll('\n', '\x1b[K\n')}${home && '\x1b[J'}`);
      await delay(clock, roundMs, io.signal);
      if (io.signal.aborted) return 0;
    }
  },
});

interface Row {
  readonly id: string;
  readonly name: string;
  readonly container: string;
  /** Absent when it does not run. */
  readonly stats?: ContainerStats;
}

async function readAll({ engine, io }: DockerContext, names: readonly string[], all: boolean): Promise<readonly Row[]> {
  const wanted =
    names.length > 0
      ? names
      : (await engine.json<readonly ContainerSummary[]>('GET', '/containers/json', { query: { all } })).map(
          ({ Id }) => Id,
        );
  return Promise.all(
    wanted.map(async (container) => {
      const stats = await engine.json<ContainerStats>('GET', `/containers/${segment(container)}/stats`, {
        query: { stream: 'false' },
        signal: io.signal,
      });
      const { id, name, memory_stats } = stats;
      const row = { id, name: name.replace(/^\//, ''), container };
      return 'usage' in memory_stats ? { ...row, stats } : row;
    }),
  );
}

function statsColumns(whole: boolean): readonly Column<Row>[] {
  const column = (name: string, header: string, value: (stats: ContainerStats) => string): Column<Row> => ({
    name,
    header,
    value: ({ stats }) => (stats ? value(stats) : '--'),
  });
  const pair = (text: string) => (stats: ContainerStats | undefined) => (stats ? '' : text);
  return [
    { name: 'Container', header: 'CONTAINER', value: ({ container }) => container },
    { name: 'Name', header: 'NAME', value: ({ name }) => name || '--' },
    { name: 'ID', header: 'CONTAINER ID', value: ({ id }) => (whole ? id : shortId(id)) },
    column('CPUPerc', 'CPU %', (each) => `${cpuPercent(each).toFixed(2)}%`),
    {
      name: 'MemUsage',
      header: 'MEM USAGE / LIMIT',
      value: ({ stats }) => pair('-- / --')(stats) || memoryUsage(stats),
    },
    column('MemPerc', 'MEM %', (each) => `${memoryPercent(each).toFixed(2)}%`),
    column('NetIO', 'NET I/O', networkText),
    column('BlockIO', 'BLOCK I/O', blockText),
    column('PIDs', 'PIDS', ({ pids_stats }) => String(pids_stats.current ?? 0)),
  ];
}

/** Of all CPUs together, so that two busy ones are 200 %. */
function cpuPercent({ cpu_stats, precpu_stats }: ContainerStats): number {
  const used = cpu_stats.cpu_usage.total_usage - precpu_stats.cpu_usage.total_usage;
  const system = (cpu_stats.system_cpu_usage ?? 0) - (precpu_stats.system_cpu_usage ?? 0);
  return system > 0 && used > 0 ? (used / system) * (cpu_stats.online_cpus ?? 1) * 100 : 0;
}

/** Without the part of the page cache that the kernel gives back at once, as docker counts it. */
function memoryOf({ memory_stats }: ContainerStats): { readonly used: number; readonly limit: number } {
  if (!('usage' in memory_stats) || typeof memory_stats.usage !== 'number') return { used: 0, limit: 0 };
  const { usage, limit, stats } = memory_stats as { usage: number; limit: number; stats?: Record<string, number> };
  const cache = stats?.['total_inactive_file'] ?? stats?.['inactive_file'] ?? 0;
  return { used: cache < usage ? usage - cache : usage, limit };
}

function memoryUsage(stats: ContainerStats | undefined): string {
  if (!stats) return '';
  const { used, limit } = memoryOf(stats);
  return `${memorySize(used)} / ${memorySize(limit)}`;
}

function memoryPercent(stats: ContainerStats): number {
  const { used, limit } = memoryOf(stats);
  return limit > 0 ? (used / limit) * 100 : 0;
}

function networkText({ networks = {} }: ContainerStats): string {
  const all = Object.values(networks);
  const received = all.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0);
  const sent = all.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0);
  return `${humanSize(received, 3)} / ${humanSize(sent, 3)}`;
}

function blockText({ blkio_stats }: ContainerStats): string {
  const all = blkio_stats.io_service_bytes_recursive ?? [];
  const of = (wanted: string): number =>
    all.filter(({ op }) => op.toLowerCase() === wanted).reduce((sum, { value }) => sum + value, 0);
  return `${humanSize(of('read'), 3)} / ${humanSize(of('write'), 3)}`;
}
