import type { JsonMessage } from '../../../api/engine-api';
import { parseReference } from '../../../formats/reference';
import { bool, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { parsePlatform, splitTag } from '../image-name';
import { showProgress } from '../progress/show-progress';
import { authHeader } from '../registry-auth';

export const push = docker({
  spellings: ['image push', 'push'],
  summary: 'Upload an image to a registry',
  usage: '[OPTIONS] NAME[:TAG]',
  args: { min: 1, max: 1 },
  completes: ['image'],
  flags: {
    'all-tags': bool('Push all tags of an image to the repository', { short: 'a' }),
    'disable-content-trust': bool('Skip image signing', { initial: true }),
    platform: text(
      "Push a platform-specific manifest as a single-platform image to the registry.\nImage index won't be pushed, meaning that other manifests, including attestations won't be preserved.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    ),
    quiet: bool('Suppress verbose output', { short: 'q' }),
  },
  async run({ args: [reference = ''], flags }, { engine, io, credentials }) {
    const { registry, repository } = parseReference(reference);
    const { tag } = splitTag(reference);
    if (flags['all-tags'] && tag !== undefined) throw new Error("tag can't be used with --all-tags/-a");
    if (!flags['all-tags'] && tag === undefined && !flags.quiet) await io.stdout.write('Using default tag: latest\n');
    const messages = engine.lines<JsonMessage>('POST', `/images/${registry}/${repository}/push`, {
      query: {
        tag: flags['all-tags'] ? undefined : (tag ?? 'latest'),
        platform: flags.platform === '' ? undefined : JSON.stringify(parsePlatform(flags.platform)),
      },
      headers: authHeader(credentials, registry),
      signal: io.signal,
    });
    await showProgress(messages, io, { quiet: flags.quiet });
    if (flags.quiet) await io.stdout.write(`${registry}/${repository}${tag === undefined ? '' : `:${tag}`}\n`);
    return 0;
  },
});
