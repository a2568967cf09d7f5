import type { JsonMessage } from '../../../api/engine-api';
import { list, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { splitTag } from '../image-name';
import { showProgress } from '../progress/show-progress';

export const importImage = docker({
  spellings: ['image import', 'import'],
  summary: 'Import the contents from a tarball to create a filesystem image',
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  args: { min: 1 },
  completes: ['file', 'image'],
  flags: {
    change: list('Apply Dockerfile instruction to the created image', { short: 'c' }),
    message: text('Set commit message for imported image', { short: 'm' }),
    platform: text('Set platform if server is multi-platform capable'),
  },
  async run({ args: [source = '', reference = ''], flags }, { engine, io }) {
    const remote = /^https?:\/\//.test(source);
    const { name, tag } = splitTag(reference);
    const body = remote ? undefined : source === '-' ? io.stdin : await io.files.read(source);
    const messages = engine.lines<JsonMessage>('POST', '/images/create', {
      query: {
        fromSrc: remote ? source : '-',
        message: flags.message || undefined,
        repo: name || undefined,
        tag,
        platform: flags.platform || undefined,
        changes: flags.change,
      },
      ...(body && { body }),
      headers: { 'Content-Type': 'application/x-tar' },
      signal: io.signal,
    });
    await showProgress(messages, io);
    return 0;
  },
});
