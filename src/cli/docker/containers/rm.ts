import { SandboxError } from '../../../base/errors';
import { segment } from '../../engine/engine-client';
import { bool } from '../../grammar/flag';
import { docker } from '../docker-context';
import { eachNamed } from '../each-named';

export const rm = docker({
  spellings: ['container rm', 'container remove', 'rm'],
  summary: 'Remove one or more containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: ['container'],
  flags: {
    force: bool('Force the removal of a running container (uses SIGKILL)', { short: 'f' }),
    link: bool('Remove the specified link', { short: 'l' }),
    volumes: bool('Remove anonymous volumes associated with the container', { short: 'v' }),
  },
  run({ args, flags }, { engine, io }) {
    return eachNamed(io, args, async (name) => {
      try {
        await engine.done('DELETE', `/containers/${segment(name)}`, {
          query: { force: flags.force, link: flags.link, v: flags.volumes },
        });
      } catch (error) {
        // What is not there need not be removed by force.
        if (!flags.force || !(error instanceof SandboxError) || error.code !== 'NotFound') throw error;
        await io.stderr.write(`${error.message}\n`);
        return undefined;
      }
      return name;
    });
  },
});
