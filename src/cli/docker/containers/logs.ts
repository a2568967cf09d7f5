import type { ContainerInspect } from '../../../api/container';
import { segment } from '../../engine/engine-client';
import { bool, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { engineTime } from '../engine-time';
import { pipeOutput } from '../pipe-output';

export const logs = docker({
  spellings: ['container logs', 'logs'],
  summary: 'Fetch the logs of a container',
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  completes: ['container'],
  flags: {
    details: bool('Show extra details provided to logs'),
    follow: bool('Follow log output', { short: 'f' }),
    since: text('Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)'),
    tail: text('Number of lines to show from the end of the logs', { short: 'n', initial: 'all' }),
    timestamps: bool('Show timestamps', { short: 't' }),
    until: text('Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)'),
  },
  async run({ args: [name = ''], flags }, { engine, io, clock }) {
    const { Id, Config } = await engine.json<ContainerInspect>('GET', `/containers/${segment(name)}/json`);
    const time = (given: string): string | undefined => (given === '' ? undefined : engineTime(given, clock.now()));
    const answer = await engine.call('GET', `/containers/${segment(Id)}/logs`, {
      query: {
        stdout: true,
        stderr: true,
        details: flags.details,
        follow: flags.follow,
        since: time(flags.since),
        until: time(flags.until),
        tail: flags.tail,
        timestamps: flags.timestamps,
      },
      signal: io.signal,
    });
    await pipeOutput(answer, Config.Tty === true, io);
    return 0;
  },
});
