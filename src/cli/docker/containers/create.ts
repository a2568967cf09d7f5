import { bool, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { attachedStreams, containerBody } from './container-body';
import { containerFlags } from './container-flags';
import { createContainer } from './create-container';
import { checkIdFile, writeIdFile } from './write-id-file';

export const create = docker({
  spellings: ['container create', 'create'],
  summary: 'Create a new container',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: { min: 1 },
  completes: ['image', 'none'],
  flagsFirst: true,
  flags: {
    ...containerFlags,
    name: text('Assign a name to the container'),
    pull: text('Pull image before creating ("always", "|missing", "never")', {
      initial: 'missing',
      completes: ['always', 'missing', 'never'],
    }),
    quiet: bool('Suppress the pull output', { short: 'q' }),
  },
  async run({ args: [image = '', ...command], flags }, context) {
    const { io } = context;
    await checkIdFile(io, flags.cidfile);
    const body = await containerBody(image, command, flags, attachedStreams(flags, false), io);
    const id = await createContainer(context, body, flags);
    await writeIdFile(io, flags.cidfile, id);
    await io.stdout.write(`${id}\n`);
    return 0;
  },
});
