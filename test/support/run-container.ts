import type { ContainerCreateBody } from '../../src/api/container';
import type { OutputChunk } from '../../src/api/container-streams';
import type { LabContainers } from '../../src/engine/containers/engine';

export interface RunOutcome {
  readonly id: string;
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** All that somebody who is attached was told. */
export async function outputOf(
  stream: ReadableStream<OutputChunk>,
): Promise<{ readonly out: string; readonly err: string }> {
  const texts = { stdout: '', stderr: '' };
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return { out: texts.stdout, err: texts.stderr };
    texts[value.stream] += new TextDecoder().decode(value.bytes);
  }
}

/** `docker run` of busybox in the foreground; the container stays. */
export async function runContainer(
  engine: LabContainers,
  command: readonly string[],
  more: Partial<ContainerCreateBody> = {},
): Promise<RunOutcome> {
  const { Id: id } = await engine.containers.create({ Image: 'busybox', Cmd: command, ...more });
  const streams = await engine.containers.attach(id, { stream: true, stdout: true, stderr: true });
  const { ended } = await engine.containers.wait(id, 'next-exit');
  await engine.containers.start(id);
  const [text, { StatusCode: code }] = await Promise.all([outputOf(streams.output), ended]);
  return { id, code, ...text };
}

/** A container that goes on until it is removed. */
export async function startContainer(engine: LabContainers, more: Partial<ContainerCreateBody> = {}): Promise<string> {
  const { Id } = await engine.containers.create({
    Image: 'busybox',
    Cmd: ['sleep', '100000'],
    StopSignal: 'SIGKILL',
    ...more,
  });
  await engine.containers.start(Id);
  return Id;
}

/** `docker exec` of a shell command. */
export async function execContainer(engine: LabContainers, id: string, script: string, user?: string) {
  const body = { Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true, ...(user && { User: user }) };
  const { Id } = await engine.execs.create(id, body);
  const { output } = await engine.execs.start(Id, { detach: false });
  const text = await outputOf(output);
  return { ...text, code: (await engine.execs.inspect(Id)).ExitCode };
}
