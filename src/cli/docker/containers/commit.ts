import { bool, list, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { splitTag } from '../image-name';

export const commit = docker({
  spellings: ['container commit', 'commit'],
  summary: "Create a new image from a container's changes",
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  args: { min: 1, max: 2 },
  completes: ['container', 'image'],
  flags: {
    author: text('Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")', { short: 'a' }),
    change: list('Apply Dockerfile instruction to the created image', { short: 'c' }),
    message: text('Commit message', { short: 'm' }),
    pause: bool('Pause container during commit', { short: 'p', initial: true }),
  },
  async run({ args: [container = '', reference = ''], flags }, { engine, io }) {
    const { name, tag } = splitTag(reference);
    const made = await engine.json<{ readonly Id: string }>('POST', '/commit', {
      query: {
        container,
        repo: name || undefined,
        tag,
        comment: flags.message || undefined,
        author: flags.author || undefined,
        changes: flags.change,
        pause: flags.pause ? undefined : '0',
      },
    });
    await io.stdout.write(`${made.Id}\n`);
    return 0;
  },
});
