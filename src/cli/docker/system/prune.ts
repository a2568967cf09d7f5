import { humanSize } from '../../format/units';
import { bool, filter } from '../../grammar/flag';
import { confirm } from '../confirm';
import { docker } from '../docker-context';
import { filterQuery } from '../filters';

type Report = Readonly<Record<string, unknown>>;

export const systemPrune = docker({
  spellings: ['system prune'],
  summary: 'Remove unused data',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    all: bool('Remove all unused images not just dangling ones', { short: 'a' }),
    filter: filter('Provide filter values (e.g. "label=<key>=<value>")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
    volumes: bool('Prune anonymous volumes'),
  },
  async run({ flags }, { engine, io }) {
    if (flags.volumes && flags.filter.some((each) => each.startsWith('until='))) {
      throw new Error('ERROR: The "until" filter is not supported with "--volumes"');
    }
    if (!flags.force && !(await confirm(io, warning(flags)))) return 1;
    let reclaimed = 0;
    const prune = async (path: string, filters: readonly string[], heading: string, key: string): Promise<void> => {
      const report = await engine.json<Report>('POST', `${path}/prune`, { query: { filters: filterQuery(filters) } });
      reclaimed += Number(report['SpaceReclaimed'] ?? 0);
      const deleted = Array.isArray(report[key]) ? report[key].map(nameOf) : [];
      if (deleted.length > 0) await io.stdout.write(`${heading}:\n${deleted.join('\n')}\n\n`);
    };
    await prune('/containers', flags.filter, 'Deleted Containers', 'ContainersDeleted');
    await prune('/networks', flags.filter, 'Deleted Networks', 'NetworksDeleted');
    if (flags.volumes) await prune('/volumes', flags.filter, 'Deleted Volumes', 'VolumesDeleted');
    await prune('/images', [...flags.filter, `dangling=${!flags.all}`], 'Deleted Images', 'ImagesDeleted');
    await prune('/build', flags.filter, 'Deleted build cache objects', 'CachesDeleted');
    await io.stdout.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
    return 0;
  },
});

function warning({ all, volumes }: { readonly all: boolean; readonly volumes: boolean }): string {
  return [
    'WARNING! This will remove:',
    '  - all stopped containers',
    '  - all networks not used by at least one container',
    ...(volumes ? ['  - all anonymous volumes not used by at least one container'] : []),
    all ? '  - all images without at least one container associated to them' : '  - all dangling images',
    all ? '  - all build cache' : '  - unused build cache',
    '',
  ].join('\n');
}

function nameOf(deleted: unknown): string {
  if (typeof deleted !== 'object' || deleted === null) return String(deleted);
  const { Untagged, Deleted } = deleted as { readonly Untagged?: string; readonly Deleted?: string };
  return Untagged === undefined ? `deleted: ${Deleted}` : `untagged: ${Untagged}`;
}
