import { formatRows } from '../../format/format-rows';
import { shortId } from '../../format/units';
import { bool, filter, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { filterQuery } from '../filters';
import { tableFormat } from '../format-usage';
import { type ImageSummary, imageColumns, imageRows } from './image-columns';

export const imageLs = docker({
  spellings: ['image ls', 'image list', 'images'],
  summary: 'List images',
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  args: { min: 0, max: 1 },
  completes: ['image'],
  flags: {
    all: bool('Show all images (default hides intermediate images)', { short: 'a' }),
    digests: bool('Show digests'),
    filter: filter('Filter output based on conditions provided', { short: 'f' }),
    format: text(tableFormat),
    'no-trunc': bool("Don't truncate output"),
    quiet: bool('Only show image IDs', { short: 'q' }),
    tree: bool('List multi-platform images as a tree (EXPERIMENTAL)'),
  },
  async run({ args: [reference], flags }, { engine, io, clock }) {
    const filters = reference === undefined ? flags.filter : [...flags.filter, `reference=${reference}`];
    const images = await engine.json<readonly ImageSummary[]>('GET', '/images/json', {
      query: { all: flags.all, filters: filterQuery(filters) },
    });
    const rows = imageRows(images, {
      digests: flags.digests,
      known: flags.digests || flags.format.includes('.Digest'),
    });
    if (flags.quiet) {
      const ids = rows.map(({ image }) => (flags['no-trunc'] ? image.Id : shortId(image.Id)));
      await io.stdout.write(ids.map((id) => `${id}\n`).join(''));
      return 0;
    }
    const digest = flags.digests ? '{{.Digest}}\t' : '';
    const table = `{{.Repository}}\t{{.Tag}}\t${digest}{{.ID}}\t{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}\t{{.Size}}`;
    const columns = imageColumns({ whole: flags['no-trunc'], now: clock.now() });
    await io.stdout.write(formatRows(rows, columns, { format: flags.format, table, type: 'formatter.imageContext' }));
    return 0;
  },
});
