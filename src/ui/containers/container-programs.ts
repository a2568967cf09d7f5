import type { ContainerEngine } from '../../api/container-engine';
import type { OutputChunk } from '../../api/container-streams';
import type { Process } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import type { GuestPrograms } from '../files/guest-folder';
import { containerText } from '../text/containers';

/**
 * Runs programs in a container, as root, and without a terminal: as `docker exec -i -u 0` does. One that is killed has the
 * end of its input, and nobody who reads it. `FailedPrecondition` where the image has no such program.
 */
export function containerPrograms({ execs }: Pick<ContainerEngine, 'execs'>, container: string): GuestPrograms {
  return async ({ argv }) => {
    const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
    const { Id: id } = await execs.create(container, { ...attached, User: '0', Cmd: [...argv] });
    const { output, input } = await execs.start(id, { detach: false }).catch((error: unknown) => {
      throw error instanceof SandboxError && error.code === 'InvalidArgument'
        ? new SandboxError('FailedPrecondition', containerText.noShell, { cause: error })
        : error;
    });
    if (!input) throw new SandboxError('Internal', 'A program without an input');
    return process(id, output, input, async () => (await execs.inspect(id)).ExitCode ?? 0);
  };
}

function process(
  id: string,
  output: ReadableStream<OutputChunk>,
  input: WritableStream<Uint8Array>,
  exitCode: () => Promise<number>,
): Process {
  const exited = createDeferred<number>();
  exited.promise.catch(() => {});
  const errors = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(undefined, {
    // Few words, and read when all is over.
    highWaterMark: Number.POSITIVE_INFINITY,
  });
  const complaints = errors.writable.getWriter();
  const reader = output.getReader();
  const end = (ended: Promise<number>): void => {
    complaints.close().catch(() => {});
    ended.then(exited.resolve, exited.reject);
  };
  const stdout = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) {
            end(exitCode());
            return controller.close();
          }
          if (value.stream === 'stdout') return controller.enqueue(value.bytes);
          complaints.write(value.bytes).catch(() => {});
        }
      },
      async cancel(reason) {
        end(Promise.reject(new SandboxError('Canceled', 'Nobody reads it any more')));
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return {
    id,
    stdin: input,
    stdout,
    stderr: errors.readable,
    exited: exited.promise,
    resize() {},
    kill: () => void input.abort().catch(() => {}),
  };
}
