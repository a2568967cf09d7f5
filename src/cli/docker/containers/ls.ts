import type { ContainerSummary } from '../../../api/container';
import { formatRows } from '../../format/format-rows';
import { shortId } from '../../format/units';
import { bool, filter, int, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { filterQuery } from '../filters';
import { tableFormat } from '../format-usage';
import { containerColumns } from './container-columns';

export const containerLs = docker({
  spellings: ['container ls', 'container list', 'container ps', 'ps'],
  summary: 'List containers',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    all: bool('Show all containers (default shows just running)', { short: 'a' }),
    filter: filter('Filter output based on conditions provided', { short: 'f' }),
    format: text(tableFormat),
    last: int('Show n last created containers (includes all states)', { short: 'n', initial: -1 }),
    latest: bool('Show the latest created container (includes all states)', { short: 'l' }),
    'no-trunc': bool("Don't truncate output"),
    quiet: bool('Only display container IDs', { short: 'q' }),
    size: bool('Display total file sizes', { short: 's' }),
  },
  async run({ flags }, { engine, io, clock }) {
    const last = flags.latest ? 1 : (flags.last ?? -1);
    const containers = await engine.json<readonly ContainerSummary[]>('GET', '/containers/json', {
      query: {
        all: flags.all || last > 0,
        limit: last > 0 ? last : undefined,
        size: flags.size || flags.format.includes('.Size'),
        filters: filterQuery(flags.filter),
      },
    });
    if (flags.quiet) {
      const ids = containers.map(({ Id }) => (flags['no-trunc'] ? Id : shortId(Id)));
      await io.stdout.write(ids.map((id) => `${id}\n`).join(''));
      return 0;
    }
    const table = `{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}${flags.size ? '\t{{.Size}}' : ''}`;
    const columns = containerColumns({ whole: flags['no-trunc'], now: clock.now() });
    await io.stdout.write(
      formatRows(containers, columns, { format: flags.format, table, type: 'formatter.ContainerContext' }),
    );
    return 0;
  },
});
