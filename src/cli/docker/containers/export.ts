import { segment } from '../../engine/engine-client';
import { text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { writeArchive } from '../write-archive';

export const exportContainer = docker({
  spellings: ['container export', 'export'],
  summary: "Export a container's filesystem as a tar archive",
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  completes: ['container'],
  flags: {
    output: text('Write to a file, instead of STDOUT', { short: 'o', completes: 'file' }),
  },
  async run({ args: [name = ''], flags }, { engine, io }) {
    const { signal } = io;
    await writeArchive(io, flags.output, () => engine.call('GET', `/containers/${segment(name)}/export`, { signal }));
    return 0;
  },
});
