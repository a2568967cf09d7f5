import { humanSize } from '../../format/units';
import { bool, filter } from '../../grammar/flag';
import { confirm } from '../confirm';
import { docker } from '../docker-context';
import { filterQuery } from '../filters';

interface Report {
  readonly ImagesDeleted: readonly { readonly Deleted?: string; readonly Untagged?: string }[] | null;
  readonly SpaceReclaimed?: number;
}

export const imagePrune = docker({
  spellings: ['image prune'],
  summary: 'Remove unused images',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    all: bool('Remove all unused images, not just dangling ones', { short: 'a' }),
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
  },
  async run({ flags }, { engine, io }) {
    const which = flags.all ? 'all images without at least one container associated to them' : 'all dangling images';
    if (!flags.force && !(await confirm(io, `WARNING! This will remove ${which}.`))) return 1;
    const query = { filters: filterQuery([...flags.filter, `dangling=${!flags.all}`]) };
    const report = await engine.json<Report>('POST', '/images/prune', { query });
    const lines = (report.ImagesDeleted ?? []).map(({ Deleted, Untagged }) =>
      Untagged === undefined ? `deleted: ${Deleted}` : `untagged: ${Untagged}`,
    );
    if (lines.length > 0) await io.stdout.write(`Deleted Images:\n${lines.join('\n')}\n\n`);
    await io.stdout.write(`Total reclaimed space: ${humanSize(report.SpaceReclaimed ?? 0)}\n`);
    return 0;
  },
});
