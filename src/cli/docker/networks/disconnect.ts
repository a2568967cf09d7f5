import { segment } from '../../engine/engine-client';
import { bool } from '../../grammar/flag';
import { docker } from '../docker-context';

export const networkDisconnect = docker({
  spellings: ['network disconnect'],
  summary: 'Disconnect a container from a network',
  usage: '[OPTIONS] NETWORK CONTAINER',
  args: { min: 2, max: 2 },
  completes: ['network', 'container'],
  flags: {
    force: bool('Force the container to disconnect from a network', { short: 'f' }),
  },
  async run({ args: [network = '', container = ''], flags }, { engine }) {
    const json = { Container: container, Force: flags.force };
    await engine.done('POST', `/networks/${segment(network)}/disconnect`, { json });
    return 0;
  },
});
