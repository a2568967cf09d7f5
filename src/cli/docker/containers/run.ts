import type { ContainerWait } from '../../../api/container';
import { toSandboxError } from '../../../base/errors';
import { segment } from '../../engine/engine-client';
import { bool, text } from '../../grammar/flag';
import { type DockerContext, docker } from '../docker-context';
import { type Attached, attachedStreams, containerBody } from './container-body';
import { containerFlags } from './container-flags';
import { createContainer } from './create-container';
import { startFailureCode } from './exit-status';
import { type Joined, joinStreams } from './join-streams';
import { checkIdFile, writeIdFile } from './write-id-file';

export const run = docker({
  spellings: ['container run', 'run'],
  summary: 'Create and run a new container from an image',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: { min: 1 },
  completes: ['image', 'none'],
  flagsFirst: true,
  flags: {
    ...containerFlags,
    detach: bool('Run container in background and print container ID', { short: 'd' }),
    'detach-keys': text('Override the key sequence for detaching a container'),
    name: text('Assign a name to the container'),
    pull: text('Pull image before running ("always", "missing", "never")', {
      initial: 'missing',
      completes: ['always', 'missing', 'never'],
    }),
    quiet: bool('Suppress the pull output', { short: 'q' }),
    'sig-proxy': bool('Proxy received signals to the process', { initial: true }),
  },
  async run({ args: [image = '', ...command], flags }, context) {
    const { io } = context;
    if (flags.detach && flags.attach.length > 0) {
      throw new Error('conflicting options: cannot specify both --attach and --detach');
    }
    try {
      const attached = attachedStreams(flags, flags.detach);
      if (flags.tty && attached.stdin && !io.terminal) throw new Error('the input device is not a TTY');
      await checkIdFile(io, flags.cidfile);
      const body = await containerBody(image, command, flags, attached, io);
      const id = await createContainer(context, body, flags);
      await writeIdFile(io, flags.cidfile, id);
      const options = { tty: flags.tty, rm: flags.rm, detachKeys: flags['detach-keys'], proxy: flags['sig-proxy'] };
      return await startAttached(context, id, attached, options);
    } catch (error) {
      if (io.signal.aborted) throw error;
      const { message } = toSandboxError(error);
      await io.stderr.write(`docker: ${message}\n\nRun 'docker run --help' for more information\n`);
      return startFailureCode(message);
    }
  },
});

interface StartOptions {
  readonly tty: boolean;
  readonly rm: boolean;
  readonly detachKeys: string;
  readonly proxy: boolean;
}

/** Attaches first, so that nothing that the container says is lost, then starts it; returns its exit code. */
async function startAttached(
  context: DockerContext,
  id: string,
  attached: Attached,
  { tty, rm, detachKeys, proxy }: StartOptions,
): Promise<number> {
  const { engine, io } = context;
  const path = `/containers/${segment(id)}`;
  const any = attached.stdin || attached.stdout || attached.stderr;
  let joined: Joined | undefined;
  const proxied = proxy && !tty;
  if (any) {
    joined = await joinStreams(io, {
      tty,
      stdin: attached.stdin,
      detachKeys,
      connect: (input) =>
        engine.call('POST', `${path}/attach`, {
          query: { stream: true, ...attached, detachKeys: detachKeys || undefined },
          ...(input && { input }),
        }),
      resize: ({ columns, rows }) => engine.done('POST', `${path}/resize`, { query: { h: rows, w: columns } }),
      ...(proxied && {
        interrupt: (signal) => void engine.done('POST', `${path}/kill`, { query: { signal } }).catch(() => {}),
      }),
    });
  }
  // Asked before the start: a container that is removed at its end has no status any more.
  const waiting = engine.json<ContainerWait>('POST', `${path}/wait`, {
    query: { condition: rm ? 'removed' : 'next-exit' },
    signal: io.signal,
  });
  waiting.catch(() => {});
  try {
    await engine.done('POST', `${path}/start`);
  } catch (error) {
    joined?.dispose();
    // It goes away by itself; who looks for it right after this one should not find it.
    if (rm) await waiting.catch(() => {});
    throw error;
  }
  if (!joined) {
    await io.stdout.write(`${id}\n`);
    return 0;
  }
  await joined.follow();
  if ((await joined.ended) === 'detached') return io.signal.aborted ? 130 : 0;
  const { StatusCode, Error: failure } = await waiting;
  if (failure?.Message) throw new Error(failure.Message);
  return StatusCode;
}
