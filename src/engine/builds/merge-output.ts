/** A piece of what a process has said. */
export interface OutputPiece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

type Reader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

/** Two streams as one, piece by piece as they come. Leaving the loop cancels both. */
export async function* mergeOutput(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
  stderr: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<OutputPiece, void, undefined> {
  const readers = new Map<OutputPiece['stream'], Reader>([
    ['stdout', stdout.getReader()],
    ['stderr', stderr.getReader()],
  ]);
  const read = async (stream: OutputPiece['stream'], reader: Reader) => ({ stream, ...(await reader.read()) });
  const pending = new Map([...readers].map(([stream, reader]) => [stream, read(stream, reader)]));
  try {
    while (pending.size > 0) {
      const { stream, done, value } = await Promise.race(pending.values());
      const reader = readers.get(stream);
      if (done || !reader) {
        pending.delete(stream);
        continue;
      }
      pending.set(stream, read(stream, reader));
      if (value.length > 0) yield { stream, bytes: value };
    }
  } finally {
    for (const waiting of pending.values()) waiting.catch(() => undefined);
    for (const reader of readers.values()) await reader.cancel().catch(() => undefined);
  }
}
