import { segment } from '../../engine/engine-client';
import { bool } from '../../grammar/flag';
import { docker } from '../docker-context';
import { eachNamed } from '../each-named';

export const volumeRm = docker({
  spellings: ['volume rm', 'volume remove'],
  summary: 'Remove one or more volumes',
  description: 'Remove one or more volumes. You cannot remove a volume that is in use by a container.',
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: { min: 1 },
  completes: ['volume'],
  flags: {
    force: bool('Force the removal of one or more volumes', { short: 'f' }),
  },
  run({ args, flags }, { engine, io }) {
    return eachNamed(io, args, async (name) => {
      await engine.done('DELETE', `/volumes/${segment(name)}`, { query: { force: flags.force } });
      return name;
    });
  },
});
