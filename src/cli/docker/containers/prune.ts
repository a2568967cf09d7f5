import { humanSize } from '../../format/units';
import { bool, filter } from '../../grammar/flag';
import { confirm } from '../confirm';
import { docker } from '../docker-context';
import { filterQuery } from '../filters';

interface Report {
  readonly ContainersDeleted: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

export const containerPrune = docker({
  spellings: ['container prune'],
  summary: 'Remove all stopped containers',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
  },
  async run({ flags }, { engine, io }) {
    if (!flags.force && !(await confirm(io, 'WARNING! This will remove all stopped containers.'))) return 1;
    const query = { filters: filterQuery(flags.filter) };
    const report = await engine.json<Report>('POST', '/containers/prune', { query });
    const deleted = report.ContainersDeleted ?? [];
    if (deleted.length > 0) await io.stdout.write(`Deleted Containers:\n${deleted.join('\n')}\n\n`);
    await io.stdout.write(`Total reclaimed space: ${humanSize(report.SpaceReclaimed ?? 0)}\n`);
    return 0;
  },
});
