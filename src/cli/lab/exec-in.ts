import type { ExecSpec, Instance } from '../../api/instance';
import { chunksOf } from '../../base/streams';
import type { CommandIo, Output } from '../command-io';

/** Runs a program in an instance with a command's streams. Returns its exit code. */
export async function execIn(
  instance: Pick<Instance, 'exec'>,
  io: CommandIo,
  { stdin, ...spec }: ExecSpec & { readonly stdin: boolean },
): Promise<number> {
  const process = await instance.exec(spec);
  const raw = spec.terminal && stdin ? io.terminal?.raw() : undefined;
  const resized = spec.terminal && io.terminal?.resized((size) => process.resize(size));
  const interrupts = io.onInterrupt((signal) => process.kill(signal));
  const gone = (): void => process.kill('SIGHUP');
  io.signal.addEventListener('abort', gone);
  const input = new AbortController();
  const feeding = stdin
    ? io.stdin.pipeTo(process.stdin, { signal: input.signal, preventCancel: true })
    : process.stdin.close();
  // A program that has ended reads no more.
  feeding.catch(() => {});
  try {
    await Promise.all([copy(process.stdout, io.stdout), copy(process.stderr, io.stderr)]);
    return await process.exited;
  } finally {
    input.abort();
    io.signal.removeEventListener('abort', gone);
    interrupts.dispose();
    resized?.dispose();
    raw?.dispose();
  }
}

async function copy(from: ReadableStream<Uint8Array<ArrayBuffer>>, to: Output): Promise<void> {
  for await (const chunk of chunksOf(from)) await to.write(chunk);
}
