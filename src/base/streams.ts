import { onAbort } from './on-abort';

/**
 * The chunks of a stream. Leaving the loop cancels the stream, and so does the signal, which ends the loop however long the
 * next chunk would have taken. (Safari's streams cannot be iterated.)
 */
export async function* chunksOf<T>(
  stream: ReadableStream<T>,
  signal?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const reader = stream.getReader();
  const following = signal && onAbort(signal, () => void reader.cancel(signal.reason).catch(() => undefined));
  let ended = false;
  try {
    while (!signal?.aborted) {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    following?.dispose();
    // A stream that has failed cannot be canceled, and need not be.
    if (!ended) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}

/** A stream of what is iterated, as it is asked for. Canceling it ends the iteration. */
export function streamOf<T>(iterable: AsyncIterable<T>): ReadableStream<T> {
  const iterator = iterable[Symbol.asyncIterator]();
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
