import type { ContainerVolume } from '../../../api/container-volume';
import { formatRows } from '../../format/format-rows';
import { bool, filter, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { filterQuery } from '../filters';
import { tableFormat } from '../format-usage';
import { volumeColumns } from './volume-columns';

export const volumeLs = docker({
  spellings: ['volume ls', 'volume list'],
  summary: 'List volumes',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    cluster: bool('Display only cluster volumes, and use cluster volume list formatting'),
    filter: filter('Provide filter values (e.g. "dangling=true")', { short: 'f' }),
    format: text(tableFormat),
    quiet: bool('Only display volume names', { short: 'q' }),
  },
  async run({ flags }, { engine, io }) {
    const { Volumes } = await engine.json<{ readonly Volumes: readonly ContainerVolume[] | null }>('GET', '/volumes', {
      query: { filters: filterQuery(flags.filter) },
    });
    const volumes = [...(Volumes ?? [])].sort((a, b) => (a.Name < b.Name ? -1 : 1));
    const format = flags.quiet && flags.format === '' ? '{{.Name}}' : flags.format;
    await io.stdout.write(
      formatRows(volumes, volumeColumns, { format, table: '{{.Driver}}\t{{.Name}}', type: 'formatter.volumeContext' }),
    );
    return 0;
  },
});
