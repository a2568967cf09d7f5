import { chunksOf } from '../../base/streams';
import { parseDockerStream } from '../../formats/docker-stream';
import type { CommandIo } from '../command-io';

/** Writes what comes from a container to output and errors, until it ends. With a terminal there is only output. */
export async function pipeOutput(
  { body }: Pick<Response, 'body'>,
  raw: boolean,
  { stdout, stderr }: Pick<CommandIo, 'stdout' | 'stderr'>,
): Promise<void> {
  if (!body) return;
  if (raw) {
    for await (const chunk of chunksOf(body)) await stdout.write(chunk);
    return;
  }
  for await (const { source, bytes } of parseDockerStream(chunksOf(body))) {
    await (source === 'stderr' ? stderr : stdout).write(bytes);
  }
}
