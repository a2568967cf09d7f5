import type { ContainerEngine } from '../../api/container-engine';
import type { ExecSpec, InstanceState, Process } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import type { ShellHost } from '../terminals/shell-source';

/** A container's own shell: bash where its image has it. */
const shell = ['/bin/sh', '-c', 'if command -v bash > /dev/null; then exec bash; fi; exec sh'];

/** A running container as something that a shell's terminal is run in. */
export function containerShellHost(engine: ContainerEngine, id: string): ShellHost {
  const state: InstanceState = { phase: 'running', since: 0 };
  return {
    state,
    states: new Emitter<InstanceState>().event,
    exec: ({ terminal }) => run(engine, id, terminal),
    reattach: async () => {
      throw new SandboxError('NotFound', 'A shell in a container ends with its page');
    },
  };
}

async function run(engine: ContainerEngine, container: string, terminal: ExecSpec['terminal']): Promise<Process> {
  const { execs } = engine;
  const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
  const { Id: id } = await execs.create(container, {
    ...attached,
    Tty: true,
    Cmd: shell,
    Env: ['TERM=xterm-256color'],
  });
  const { output, input } = await execs.start(id, { detach: false, ...(terminal && { terminal }) });
  if (!input) throw new SandboxError('Internal', 'A shell without an input');
  const ended = createDeferred<number>();
  const stdout = output.pipeThrough(
    new TransformStream<{ readonly bytes: Uint8Array<ArrayBuffer> }, Uint8Array<ArrayBuffer>>({
      transform: ({ bytes }, controller) => controller.enqueue(bytes),
      flush: async () => ended.resolve((await execs.inspect(id)).ExitCode ?? 0),
    }),
  );
  return {
    id,
    stdin: input,
    stdout,
    stderr: new ReadableStream({ start: (controller) => controller.close() }),
    exited: ended.promise,
    resize: (size) => void execs.resize(id, size).catch(() => {}),
    // A hang-up: the end of its input ends a shell.
    kill: () => void input.abort().catch(() => {}),
  };
}
