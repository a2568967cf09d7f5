import type { NetworkInspect } from '../../../api/container-network';
import { formatRows } from '../../format/format-rows';
import { bool, filter, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { filterQuery } from '../filters';
import { tableFormat } from '../format-usage';
import { networkColumns } from './network-columns';

export const networkLs = docker({
  spellings: ['network ls', 'network list'],
  summary: 'List networks',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    filter: filter('Provide filter values (e.g. "driver=bridge")', { short: 'f' }),
    format: text(tableFormat),
    'no-trunc': bool('Do not truncate the output'),
    quiet: bool('Only display network IDs', { short: 'q' }),
  },
  async run({ flags }, { engine, io }) {
    const networks = await engine.json<readonly NetworkInspect[]>('GET', '/networks', {
      query: { filters: filterQuery(flags.filter) },
    });
    const sorted = [...networks].sort((a, b) => (a.Name < b.Name ? -1 : 1));
    const format = flags.quiet && flags.format === '' ? '{{.ID}}' : flags.format;
    const table = '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}';
    await io.stdout.write(
      formatRows(sorted, networkColumns(flags['no-trunc']), { format, table, type: 'network.networkContext' }),
    );
    return 0;
  },
});
