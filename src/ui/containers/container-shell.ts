import type { ContainerEngine } from '../../api/container-engine';
import type { ExecSpec, InstanceState, Process } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import type { ShellHost } from '../terminals/shell-source';

/** A container's own shell: bash where its image has it. */
const shell = ['/bin/sh', '-c', 'if command -v bash > /dev/null; then exec bash; fi; exec sh'];

/** A running container as something that a terminal is run in: its own where it has one, else one with a shell in it. */
export function containerShellHost(engine: ContainerEngine, id: string): ShellHost {
  const state: InstanceState = { phase: 'running', since: 0 };
  return {
    state,
    states: new Emitter<InstanceState>().event,
    exec: ({ terminal }) => open(engine, id, terminal),
    reattach: async () => {
      throw new SandboxError('NotFound', 'A shell in a container ends with its page');
    },
  };
}

async function open(engine: ContainerEngine, id: string, terminal: ExecSpec['terminal']): Promise<Process> {
  const { Config } = await engine.containers.inspect(id);
  return Config.Tty && Config.OpenStdin ? attach(engine, id, terminal) : run(engine, id, terminal);
}

/** The container's first process; who leaves its terminal leaves it running. */
async function attach({ containers }: ContainerEngine, id: string, terminal: ExecSpec['terminal']): Promise<Process> {
  const { output, input } = await containers.attach(id, { logs: true, stream: true, stdin: true, stdout: true });
  if (!input) throw new SandboxError('Internal', 'A terminal without an input');
  const left = new AbortController();
  const { ended } = await containers.wait(id, 'not-running', left.signal);
  const [reader, writer] = [output.getReader(), input.getWriter()];
  if (terminal) void containers.resize(id, terminal).catch(() => {});
  return {
    id,
    // Its end would be the container's.
    stdin: new WritableStream({ write: (bytes) => writer.write(bytes) }),
    stdout: new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        async pull(controller) {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value.bytes);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    ),
    stderr: new ReadableStream({ start: (controller) => controller.close() }),
    exited: ended.then(({ StatusCode }) => StatusCode),
    resize: (size) => void containers.resize(id, size).catch(() => {}),
    kill() {
      left.abort();
      void reader.cancel().catch(() => {});
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
