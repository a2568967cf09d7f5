import type { Readable, Writable } from 'node:stream';

/**
 * What comes from a socket or a request, as a web stream. Nothing is read before it is wanted, and what nobody wants any more
 * is thrown away: the other side can go on to what it says next.
 */
export function readableOf(source: Readable): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        source.pause();
        source.on('data', (chunk: Buffer) => {
          // Node's buffers are windows on a pool that others write to.
          controller.enqueue(new Uint8Array(chunk));
          source.pause();
        });
        const end = (): void => {
          source.removeAllListeners('data');
          source.resume();
        };
        const close = (): void => {
          end();
          try {
            controller.close();
          } catch {
            // Whoever canceled it knows.
          }
        };
        source.once('end', close);
        source.once('close', close);
        source.once('error', (error) => {
          end();
          controller.error(error);
        });
        // It came before anybody listened.
        if (source.readableEnded || source.destroyed) close();
      },
      pull() {
        source.resume();
      },
      cancel() {
        source.removeAllListeners('data');
        source.resume();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Writes all of a body, no faster than the other side takes it; what is left is canceled when that has gone. */
export async function writeBody(body: ReadableStream<Uint8Array>, target: Writable): Promise<void> {
  const reader = body.getReader();
  const leave = (): void => void reader.cancel().catch(() => undefined);
  target.once('close', leave);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || target.destroyed) return;
      if (!target.write(value)) await drained(target);
    }
  } finally {
    target.removeListener('close', leave);
    leave();
  }
}

function drained(target: Writable): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      target.removeListener('drain', go);
      target.removeListener('close', go);
      resolve();
    };
    target.once('drain', go);
    target.once('close', go);
  });
}
