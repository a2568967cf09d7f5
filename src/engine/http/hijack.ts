import type { AttachedStreams, OutputChunk } from '../../api/container-streams';
import { serializeStreamFrame } from '../../formats/docker-stream';
import { parseDetachKeys, watchDetachKeys } from './detach-keys';
import type { ApiCall } from './route';

/** From 1.42 on frames have a type of their own. */
const multiplexedSince = 42;

/**
 * Joins a connection with the streams of a process (`api/engine-api.ts`): what the client sends is its input, the answer's
 * body its output. `InvalidArgument` for detach keys that are none.
 */
export function hijack(
  { minor }: ApiCall,
  streams: AttachedStreams,
  given: ReadableStream<Uint8Array> | undefined,
  detachKeys: string | undefined,
): Response {
  const { tty, output, input } = streams;
  const keys = parseDetachKeys(detachKeys);
  // The client has hung up or detached, or there is no more output.
  const over = new AbortController();
  const detach = (): void => {
    streams.detached?.();
    over.abort();
  };
  // Who gives no input at all wants to see what comes nevertheless.
  if (!given) input?.abort().catch(() => undefined);
  else if (input) {
    const passed = tty ? given.pipeThrough(watchDetachKeys(keys, detach)) : given;
    // A process that reads no more, or ended, needs no input.
    passed.pipeTo(input, { signal: over.signal }).catch(() => undefined);
  }
  return new Response(outputBody(output, tty, over), {
    headers: { 'content-type': outputType(minor, tty), upgrade: 'tcp', connection: 'Upgrade' },
  });
}

/** The type of a body of bytes as they are, or in frames. */
export function outputType(minor: number, tty: boolean): string {
  const isRaw = tty || minor < multiplexedSince;
  return isRaw ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream';
}

/** Output as the API sends it: as it is where there is a terminal, and in frames elsewhere. Ends both ways by `over`. */
export function outputBody(
  output: ReadableStream<OutputChunk>,
  tty: boolean,
  over: AbortController,
): ReadableStream<Uint8Array> {
  const reader = output.getReader();
  over.signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined), { once: true });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (!done) {
          controller.enqueue(tty ? value.bytes : serializeStreamFrame({ source: value.stream, bytes: value.bytes }));
          return;
        }
        controller.close();
        over.abort();
      },
      cancel: () => over.abort(),
    },
    { highWaterMark: 0 },
  );
}
