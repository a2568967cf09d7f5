import { humanSize } from '../../format/units';
import { bool, bytes, filter } from '../../grammar/flag';
import { confirm } from '../confirm';
import { docker } from '../docker-context';
import { filterQuery } from '../filters';

interface Report {
  readonly CachesDeleted: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

export const builderPrune = docker({
  spellings: ['builder prune'],
  summary: 'Remove build cache',
  usage: '',
  args: { min: 0, max: 0 },
  flags: {
    all: bool('Remove all unused build cache, not just dangling ones', { short: 'a' }),
    filter: filter('Provide filter values (e.g. "until=24h")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
    'keep-storage': bytes('Amount of disk space to keep for cache'),
  },
  async run({ flags }, { engine, io }) {
    const warning = flags.all
      ? 'WARNING! This will remove all build cache.'
      : 'WARNING! This will remove all dangling build cache.';
    if (!flags.force && !(await confirm(io, warning))) return 1;
    const report = await engine.json<Report>('POST', '/build/prune', {
      query: { all: flags.all, 'keep-storage': flags['keep-storage'], filters: filterQuery(flags.filter) },
    });
    const deleted = report.CachesDeleted ?? [];
    if (deleted.length > 0) await io.stdout.write(`Deleted build cache objects:\n${deleted.join('\n')}\n\n`);
    await io.stdout.write(`Total reclaimed space: ${humanSize(report.SpaceReclaimed ?? 0)}\n`);
    return 0;
  },
});
