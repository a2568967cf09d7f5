import { SandboxError, toSandboxError } from '../../../base/errors';
import { segment } from '../../engine/engine-client';
import { docker } from '../docker-context';

export const rename = docker({
  spellings: ['container rename', 'rename'],
  summary: 'Rename a container',
  usage: 'CONTAINER NEW_NAME',
  args: { min: 2, max: 2 },
  completes: ['container', 'none'],
  flags: {},
  async run({ args: [name = '', to = ''] }, { engine }) {
    if (to === '') throw new Error('Error: Neither old nor new names may be empty');
    try {
      await engine.done('POST', `/containers/${segment(name)}/rename`, { query: { name: to } });
    } catch (error) {
      const { code, message } = toSandboxError(error);
      throw new SandboxError(code, `${message}\nError: failed to rename container named ${name}`, { cause: error });
    }
    return 0;
  },
});
