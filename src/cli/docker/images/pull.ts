import { parseReference } from '../../../formats/reference';
import { bool, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { pullImage } from './pull-image';

function hasTag(name: string): boolean {
  return /:[^/]*$/.test(name) || name.includes('@');
}

/** The whole name that was pulled, as docker says it at the end. */
function canonical(name: string, allTags: boolean): string {
  const { registry, repository, tag, digest } = parseReference(name);
  if (allTags) return `${registry}/${repository}`;
  return `${registry}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;
}

export const pull = docker({
  spellings: ['image pull', 'pull'],
  summary: 'Download an image from a registry',
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  args: { min: 1, max: 1 },
  completes: ['image'],
  flags: {
    'all-tags': bool('Download all tagged images in the repository', { short: 'a' }),
    'disable-content-trust': bool('Skip image verification', { initial: true }),
    platform: text('Set platform if server is multi-platform capable'),
    quiet: bool('Suppress verbose output', { short: 'q' }),
  },
  async run({ args: [name = ''], flags }, context) {
    const { stdout } = context.io;
    if (flags['all-tags'] && hasTag(name)) throw new Error("tag can't be used with --all-tags/-a");
    if (!flags['all-tags'] && !hasTag(name) && !flags.quiet) await stdout.write('Using default tag: latest\n');
    await pullImage(context, name, { platform: flags.platform, quiet: flags.quiet, allTags: flags['all-tags'] });
    await stdout.write(`${canonical(name, flags['all-tags'])}\n`);
    return 0;
  },
});
