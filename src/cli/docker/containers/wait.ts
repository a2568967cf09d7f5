import type { ContainerWait } from '../../../api/container';
import { segment } from '../../engine/engine-client';
import { docker } from '../docker-context';
import { eachNamed } from '../each-named';

export const wait = docker({
  spellings: ['container wait', 'wait'],
  summary: 'Block until one or more containers stop, then print their exit codes',
  usage: 'CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: ['running-container'],
  flags: {},
  run({ args }, { engine, io }) {
    return eachNamed(io, args, async (name) => {
      const end = await engine.json<ContainerWait>('POST', `/containers/${segment(name)}/wait`, { signal: io.signal });
      return String(end.StatusCode);
    });
  },
});
