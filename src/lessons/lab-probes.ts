import type { ContainerEngine } from '../api/container-engine';
import type { ExecSpec, Process } from '../api/instance';
import type { Clock } from '../base/clock';
import { createDeferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { chunksOf } from '../base/streams';
import type { Lab } from '../engine/lab';
import { HttpClient } from '../network/gateway/http-client';
import type { HttpSeen, LessonLab } from './lesson-lab';

export interface LabProbesOptions {
  readonly lab: Pick<Lab, 'list' | 'instance' | 'connect' | 'containers' | 'wire'>;
  /** Whether an image of that name is here. */
  readonly hasImage: (reference: string) => Promise<boolean>;
  readonly clock: Clock;
}

/** Bytes of an answer that are read. */
const bodyLimit = 64 * 1024;

const timeouts = { headMs: 10_000, idleMs: 10_000 };

/** What lessons see of a lab. The container engine is loaded when somebody asks for a container. */
export function createLessonLab({ lab, hasImage, clock }: LabProbesOptions): LessonLab {
  const find = (name: string) => lab.list().find((record) => record.name === name);
  const addressOf = (end: string): string => find(end)?.nics[0]?.address ?? end;
  return {
    phaseOf: (name) => find(name)?.state.phase,
    async exec(name, spec, seconds) {
      const record = find(name);
      if (record && record.state.phase !== 'running') throw notRunning(name);
      if (record) return lab.instance(record.id).exec(spec);
      return execInContainer(await lab.containers(), name, spec, seconds);
    },
    async get(name, port, path, signal) {
      const record = find(name);
      const [nic] = record?.nics ?? [];
      // One that sleeps is woken by what is asked of it.
      if (record && record.state.phase !== 'running' && !record.demand?.asleep) throw notRunning(name);
      if (!nic) throw new SandboxError('NotFound', `There is no ${name} on a network`);
      const connect = () => lab.connect(nic.network, { address: nic.address, port });
      return get(new HttpClient({ connect, clock, timeouts }), name, path, signal);
    },
    async containers() {
      const { containers } = await lab.containers();
      const found = await Promise.all(
        (await containers.list({ all: true })).map(async ({ Id, Names, State }) => {
          const ended = State === 'exited' ? await containers.inspect(Id).catch(() => undefined) : undefined;
          return { name: Names[0]?.replace(/^\//, '') ?? Id, status: State, exit: ended?.State.ExitCode };
        }),
      );
      return found;
    },
    hasImage,
    packets: async ({ network, protocol, from, to, port }) =>
      lab.wire.remote.countFrames({
        network,
        protocol,
        ...(from !== undefined && { from: addressOf(from) }),
        ...(to !== undefined && { to: addressOf(to) }),
        ...(port !== undefined && { port }),
      }),
  };
}

/** There is a button for it above the checks. */
function notRunning(name: string): SandboxError {
  return new SandboxError('FailedPrecondition', `${name} does not run: start it first`);
}

async function get(client: HttpClient, host: string, target: string, signal: AbortSignal): Promise<HttpSeen> {
  try {
    const headers = [
      ['Host', host],
      ['Accept', '*/*'],
    ] as const;
    const { status, body } = await client.request({ method: 'GET', target, headers }, signal);
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of chunksOf(body)) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length >= bodyLimit) break;
    }
    return { status, body: text };
  } finally {
    client.dispose();
  }
}

/** Ends what it is given after so many seconds, where the image has what does that (POSIX.1-2024, timeout). */
const limited = 'command -v timeout > /dev/null && exec timeout -s KILL "$0" "$@"; exec "$@"';

/** A program of a container, for as long as somebody waits for it. */
async function execInContainer(
  { containers, execs }: Pick<ContainerEngine, 'containers' | 'execs'>,
  name: string,
  { argv }: ExecSpec,
  seconds: number,
): Promise<Process> {
  if (!(await containers.list()).some(({ Names }) => Names.includes(`/${name}`))) {
    throw new SandboxError('NotFound', `There is no ${name} that runs`);
  }
  const { Id: id } = await execs.create(name, {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: ['/bin/sh', '-c', limited, String(seconds), ...argv],
  });
  const { output } = await execs.start(id, { detach: false });
  const ended = createDeferred<number>();
  ended.promise.catch(() => {});
  const left = new AbortController();
  const stdout = output.pipeThrough(
    new TransformStream<{ readonly bytes: Uint8Array<ArrayBuffer> }, Uint8Array<ArrayBuffer>>({
      transform: ({ bytes }, controller) => controller.enqueue(bytes),
      flush: async () => {
        const { ExitCode: code } = await execs.inspect(id);
        if (code !== null) ended.resolve(code);
        else ended.reject(new SandboxError('Unavailable', `How the check in ${name} has ended is not known`));
      },
    }),
    { signal: left.signal },
  );
  return {
    id,
    stdin: new WritableStream(),
    stdout,
    stderr: new ReadableStream({ start: (controller) => controller.close() }),
    exited: ended.promise,
    resize: () => {},
    kill: () => {
      const hungUp = new SandboxError('Canceled', `A check in ${name} was not waited for`);
      ended.reject(hungUp);
      left.abort(hungUp);
    },
  };
}
