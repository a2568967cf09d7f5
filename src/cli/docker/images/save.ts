import { text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { parsePlatform } from '../image-name';
import { writeArchive } from '../write-archive';

export const save = docker({
  spellings: ['image save', 'save'],
  summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  completes: ['image'],
  flags: {
    output: text('Write to a file, instead of STDOUT', { short: 'o', completes: 'file' }),
    platform: text('Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")'),
  },
  async run({ args, flags }, { engine, io }) {
    const { signal } = io;
    const platform = flags.platform === '' ? undefined : JSON.stringify(parsePlatform(flags.platform));
    const query = { names: args, platform };
    await writeArchive(io, flags.output, () => engine.call('GET', '/images/get', { query, signal }));
    return 0;
  },
});
