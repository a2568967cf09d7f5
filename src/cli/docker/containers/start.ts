import type { ContainerInspect, ContainerWait } from '../../../api/container';
import { segment } from '../../engine/engine-client';
import { bool, text } from '../../grammar/flag';
import { type DockerContext, docker } from '../docker-context';
import { eachNamed } from '../each-named';
import { joinStreams } from './join-streams';

const noCheckpoints = 'a container cannot be frozen by itself; take a snapshot of its host';

export const start = docker({
  spellings: ['container start', 'start'],
  summary: 'Start one or more stopped containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: ['container'],
  flags: {
    attach: bool('Attach STDOUT/STDERR and forward signals', { short: 'a' }),
    checkpoint: text('Restore from this checkpoint', { refused: noCheckpoints }),
    'checkpoint-dir': text('Use a custom checkpoint storage directory', { refused: noCheckpoints }),
    'detach-keys': text('Override the key sequence for detaching a container'),
    interactive: bool("Attach container's STDIN", { short: 'i' }),
  },
  async run({ args, flags }, context) {
    const { engine, io } = context;
    const [name = ''] = args;
    if (flags.attach || flags.interactive) {
      if (args.length > 1) throw new Error('you cannot start and attach multiple containers at once');
      return startAndAttach(context, name, flags['detach-keys'], flags.interactive);
    }
    const failed: string[] = [];
    const code = await eachNamed(io, args, async (each) => {
      try {
        await engine.done('POST', `/containers/${segment(each)}/start`);
      } catch (error) {
        failed.push(each);
        throw error;
      }
      return each;
    });
    if (failed.length > 0) await io.stderr.write(`Error: failed to start containers: ${failed.join(', ')}\n`);
    return code;
  },
});

async function startAndAttach(
  { engine, io }: DockerContext,
  name: string,
  detachKeys: string,
  interactive: boolean,
): Promise<number> {
  const { Id, Config } = await engine.json<ContainerInspect>('GET', `/containers/${segment(name)}/json`);
  const path = `/containers/${segment(Id)}`;
  const tty = Config.Tty === true;
  const stdin = interactive && Config.OpenStdin === true;
  const joined = await joinStreams(io, {
    tty,
    stdin,
    detachKeys,
    connect: (input) =>
      engine.call('POST', `${path}/attach`, {
        query: { stream: true, stdin, stdout: true, stderr: true, detachKeys: detachKeys || undefined },
        ...(input && { input }),
      }),
    resize: ({ columns, rows }) => engine.done('POST', `${path}/resize`, { query: { h: rows, w: columns } }),
    ...(!tty && {
      interrupt: (signal) => void engine.done('POST', `${path}/kill`, { query: { signal } }).catch(() => {}),
    }),
  });
  const waiting = engine.json<ContainerWait>('POST', `${path}/wait`, {
    query: { condition: 'next-exit' },
    signal: io.signal,
  });
  waiting.catch(() => {});
  try {
    await engine.done('POST', `${path}/start`);
  } catch (error) {
    joined.dispose();
    throw error;
  }
  await joined.follow();
  if ((await joined.ended) === 'detached') return io.signal.aborted ? 130 : 0;
  return (await waiting).StatusCode;
}
