import { humanSize } from '../../format/units';
import { bool, filter } from '../../grammar/flag';
import { confirm } from '../confirm';
import { docker } from '../docker-context';
import { filterQuery } from '../filters';

interface Report {
  readonly VolumesDeleted: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

export const volumePrune = docker({
  spellings: ['volume prune'],
  summary: 'Remove unused local volumes',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    all: bool('Remove all unused volumes, not just anonymous ones', { short: 'a' }),
    filter: filter('Provide filter values (e.g. "label=<label>")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
  },
  async run({ flags }, { engine, io }) {
    const which = flags.all ? 'all local volumes' : 'anonymous local volumes';
    const warning = `WARNING! This will remove ${which} not used by at least one container.`;
    if (!flags.force && !(await confirm(io, warning))) return 1;
    const filters = flags.all ? [...flags.filter, 'all=true'] : flags.filter;
    const report = await engine.json<Report>('POST', '/volumes/prune', { query: { filters: filterQuery(filters) } });
    const deleted = report.VolumesDeleted ?? [];
    if (deleted.length > 0) await io.stdout.write(`Deleted Volumes:\n${deleted.join('\n')}\n\n`);
    await io.stdout.write(`Total reclaimed space: ${humanSize(report.SpaceReclaimed ?? 0)}\n`);
    return 0;
  },
});
