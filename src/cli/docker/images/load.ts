import type { JsonMessage } from '../../../api/engine-api';
import { bool, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { parsePlatform } from '../image-name';
import { showProgress } from '../progress/show-progress';

export const load = docker({
  spellings: ['image load', 'load'],
  summary: 'Load an image from a tar archive or STDIN',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    input: text('Read from tar archive file, instead of STDIN', { short: 'i', completes: 'file' }),
    platform: text('Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")'),
    quiet: bool('Suppress the load output', { short: 'q' }),
  },
  async run({ flags }, { engine, io }) {
    if (flags.input === '' && io.terminal) throw new Error('requested load from stdin, but stdin is empty');
    const body = flags.input === '' ? io.stdin : await io.files.read(flags.input);
    const platform = flags.platform === '' ? undefined : JSON.stringify(parsePlatform(flags.platform));
    const messages = engine.lines<JsonMessage>('POST', '/images/load', {
      // Without a terminal docker asks for no progress either.
      query: { quiet: flags.quiet || !io.stdout.terminal, platform },
      body,
      headers: { 'Content-Type': 'application/x-tar' },
      signal: io.signal,
    });
    await showProgress(messages, io);
    return 0;
  },
});
