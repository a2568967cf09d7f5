import { segment } from '../../engine/engine-client';
import { int, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { eachNamed } from '../each-named';

export const restart = docker({
  spellings: ['container restart', 'restart'],
  summary: 'Restart one or more containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: ['container'],
  flags: {
    signal: text('Signal to send to the container', { short: 's' }),
    timeout: int('Seconds to wait before killing the container', { short: 't' }),
  },
  run({ args, flags }, { engine, io }) {
    return eachNamed(io, args, async (name) => {
      await engine.done('POST', `/containers/${segment(name)}/restart`, {
        query: { signal: flags.signal || undefined, t: flags.timeout },
      });
      return name;
    });
  },
});
