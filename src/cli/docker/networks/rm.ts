import { SandboxError } from '../../../base/errors';
import { segment } from '../../engine/engine-client';
import { bool } from '../../grammar/flag';
import { docker } from '../docker-context';
import { eachNamed } from '../each-named';

export const networkRm = docker({
  spellings: ['network rm', 'network remove'],
  summary: 'Remove one or more networks',
  usage: 'NETWORK [NETWORK...]',
  args: { min: 1 },
  completes: ['network'],
  flags: {
    force: bool('Do not error if the network does not exist', { short: 'f' }),
  },
  run({ args, flags }, { engine, io }) {
    return eachNamed(io, args, async (name) => {
      try {
        await engine.done('DELETE', `/networks/${segment(name)}`);
      } catch (error) {
        if (flags.force && error instanceof SandboxError && error.code === 'NotFound') return undefined;
        throw error;
      }
      return name;
    });
  },
});
