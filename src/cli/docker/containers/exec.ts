import type { ExecCreateBody, ExecInspect } from '../../../api/container-exec';
import { segment } from '../../engine/engine-client';
import { bool, list, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { readEnvironment } from './environment';
import { joinStreams } from './join-streams';

export const exec = docker({
  spellings: ['container exec', 'exec'],
  summary: 'Execute a command in a running container',
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  args: { min: 2 },
  completes: ['running-container', 'none'],
  flagsFirst: true,
  flags: {
    detach: bool('Detached mode: run command in the background', { short: 'd' }),
    'detach-keys': text('Override the key sequence for detaching a container'),
    env: list('Set environment variables', { short: 'e' }),
    'env-file': list('Read in a file of environment variables', { completes: 'file' }),
    interactive: bool('Keep STDIN open even if not attached', { short: 'i' }),
    privileged: bool('Give extended privileges to the command'),
    tty: bool('Allocate a pseudo-TTY', { short: 't' }),
    user: text('Username or UID (format: "<name|uid>[:<group|gid>]")', { short: 'u' }),
    workdir: text('Working directory inside the container', { short: 'w' }),
  },
  async run({ args: [container = '', ...command], flags }, { engine, io }) {
    const { tty, detach } = flags;
    const stdin = flags.interactive && !detach;
    if (tty && stdin && !io.terminal) throw new Error('the input device is not a TTY');
    const size = tty && io.terminal ? { ConsoleSize: [io.terminal.size.rows, io.terminal.size.columns] } : {};
    const json: ExecCreateBody = {
      AttachStdin: stdin,
      AttachStdout: !detach,
      AttachStderr: !detach,
      ...(flags['detach-keys'] !== '' && { DetachKeys: flags['detach-keys'] }),
      Tty: tty,
      Env: await readEnvironment(flags.env, flags['env-file'], io),
      Cmd: command,
      Privileged: flags.privileged,
      User: flags.user,
      WorkingDir: flags.workdir,
      ...size,
    };
    // What is not there is told before anything else, as docker does.
    await engine.done('GET', `/containers/${segment(container)}/json`);
    const { Id } = await engine.json<{ readonly Id: string }>('POST', `/containers/${segment(container)}/exec`, {
      json,
    });
    const path = `/exec/${segment(Id)}`;
    if (detach) {
      await engine.done('POST', `${path}/start`, { json: { Detach: true, Tty: tty } });
      return 0;
    }
    const joined = await joinStreams(io, {
      tty,
      stdin,
      detachKeys: flags['detach-keys'],
      connect: (input) =>
        engine.call('POST', `${path}/start`, {
          json: { Detach: false, Tty: tty, ...size },
          ...(input && { input }),
        }),
      resize: ({ columns, rows }) => engine.done('POST', `${path}/resize`, { query: { h: rows, w: columns } }),
    });
    await joined.follow();
    if ((await joined.ended) === 'detached') return io.signal.aborted ? 130 : 0;
    const { ExitCode } = await engine.json<ExecInspect>('GET', `${path}/json`);
    return ExitCode ?? 0;
  },
});
