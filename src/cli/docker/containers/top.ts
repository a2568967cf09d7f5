import type { ContainerTop } from '../../../api/container';
import { segment } from '../../engine/engine-client';
import { tabulate } from '../../format/tabulate';
import { docker } from '../docker-context';

export const top = docker({
  spellings: ['container top', 'top'],
  summary: 'Display the running processes of a container',
  usage: 'CONTAINER [ps OPTIONS]',
  args: { min: 1 },
  completes: ['running-container'],
  flagsFirst: true,
  flags: {},
  async run({ args: [name = '', ...options] }, { engine, io }) {
    const query = { ps_args: options.length > 0 ? options.join(' ') : undefined };
    const { Titles, Processes } = await engine.json<ContainerTop>('GET', `/containers/${segment(name)}/top`, { query });
    const rows = [Titles, ...Processes].map((cells) => cells.join('\t')).join('\n');
    await io.stdout.write(`${tabulate(rows, { minimum: 20 })}\n`);
    return 0;
  },
});
