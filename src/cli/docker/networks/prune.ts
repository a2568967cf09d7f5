import { bool, filter } from '../../grammar/flag';
import { confirm } from '../confirm';
import { docker } from '../docker-context';
import { filterQuery } from '../filters';

export const networkPrune = docker({
  spellings: ['network prune'],
  summary: 'Remove all unused networks',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
  },
  async run({ flags }, { engine, io }) {
    const warning = 'WARNING! This will remove all custom networks not used by at least one container.';
    if (!flags.force && !(await confirm(io, warning))) return 1;
    const report = await engine.json<{ readonly NetworksDeleted: readonly string[] | null }>(
      'POST',
      '/networks/prune',
      {
        query: { filters: filterQuery(flags.filter) },
      },
    );
    const deleted = report.NetworksDeleted ?? [];
    if (deleted.length > 0) await io.stdout.write(`Deleted Networks:\n${deleted.join('\n')}\n\n`);
    return 0;
  },
});
