import { segment } from '../../engine/engine-client';
import { text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { eachNamed } from '../each-named';

export const kill = docker({
  spellings: ['container kill', 'kill'],
  summary: 'Kill one or more running containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: ['running-container'],
  flags: {
    signal: text('Signal to send to the container', { short: 's' }),
  },
  run({ args, flags }, { engine, io }) {
    return eachNamed(io, args, async (name) => {
      await engine.done('POST', `/containers/${segment(name)}/kill`, { query: { signal: flags.signal || undefined } });
      return name;
    });
  },
});
