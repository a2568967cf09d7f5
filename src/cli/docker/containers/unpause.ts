import { segment } from '../../engine/engine-client';
import { docker } from '../docker-context';
import { eachNamed } from '../each-named';

export const unpause = docker({
  spellings: ['container unpause', 'unpause'],
  summary: 'Unpause all processes within one or more containers',
  usage: 'CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: ['container'],
  flags: {},
  run({ args }, { engine, io }) {
    return eachNamed(io, args, async (name) => {
      await engine.done('POST', `/containers/${segment(name)}/unpause`);
      return name;
    });
  },
});
