import { segment } from '../../engine/engine-client';
import { bool, strings } from '../../grammar/flag';
import { docker } from '../docker-context';
import { eachNamed } from '../each-named';
import { parsePlatform } from '../image-name';

interface Removal {
  readonly Deleted?: string;
  readonly Untagged?: string;
}

function platforms(given: readonly string[]): readonly string[] {
  return given.map((each) => JSON.stringify(parsePlatform(each)));
}

export const imageRm = docker({
  spellings: ['image rm', 'image remove', 'rmi'],
  summary: 'Remove one or more images',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  completes: ['image'],
  flags: {
    force: bool('Force removal of the image', { short: 'f' }),
    'no-prune': bool('Do not delete untagged parents'),
    platform: strings(
      'Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    ),
  },
  run({ args, flags }, { engine, io }) {
    return eachNamed(io, args, async (name) => {
      const removed = await engine.json<readonly Removal[]>('DELETE', `/images/${segment(name)}`, {
        query: { force: flags.force, noprune: flags['no-prune'], platforms: platforms(flags.platform) },
      });
      return removed
        .map(({ Deleted, Untagged }) => (Deleted === undefined ? `Untagged: ${Untagged}` : `Deleted: ${Deleted}`))
        .join('\n');
    });
  },
});
