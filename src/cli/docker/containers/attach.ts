import type { ContainerInspect, ContainerWait } from '../../../api/container';
import { segment } from '../../engine/engine-client';
import { bool, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { joinStreams } from './join-streams';

export const attach = docker({
  spellings: ['container attach', 'attach'],
  summary: 'Attach local standard input, output, and error streams to a running container',
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  completes: ['running-container'],
  flags: {
    'detach-keys': text('Override the key sequence for detaching a container'),
    'no-stdin': bool('Do not attach STDIN'),
    'sig-proxy': bool('Proxy all received signals to the process', { initial: true }),
  },
  async run({ args: [name = ''], flags }, { engine, io }) {
    const { Id, State, Config } = await engine.json<ContainerInspect>('GET', `/containers/${segment(name)}/json`);
    if (!State.Running) throw new Error('You cannot attach to a stopped container, start it first');
    if (State.Paused) throw new Error('You cannot attach to a paused container, unpause it first');
    if (State.Restarting) throw new Error('You cannot attach to a restarting container, wait until it is running');
    const path = `/containers/${segment(Id)}`;
    const tty = Config.Tty === true;
    const stdin = !flags['no-stdin'] && Config.OpenStdin === true;
    if (tty && stdin && !io.terminal) throw new Error('the input device is not a TTY');
    const waiting = engine.json<ContainerWait>('POST', `${path}/wait`, { signal: io.signal });
    waiting.catch(() => {});
    const joined = await joinStreams(io, {
      tty,
      stdin,
      detachKeys: flags['detach-keys'],
      connect: (input) =>
        engine.call('POST', `${path}/attach`, {
          query: { stream: true, stdin, stdout: true, stderr: true, detachKeys: flags['detach-keys'] || undefined },
          ...(input && { input }),
        }),
      resize: ({ columns, rows }) => engine.done('POST', `${path}/resize`, { query: { h: rows, w: columns } }),
      ...(flags['sig-proxy'] &&
        !tty && {
          interrupt: (signal) => void engine.done('POST', `${path}/kill`, { query: { signal } }).catch(() => {}),
        }),
    });
    await joined.follow();
    if ((await joined.ended) === 'detached') return io.signal.aborted ? 130 : 0;
    return (await waiting).StatusCode;
  },
});
