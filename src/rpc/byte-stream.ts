import { SandboxError, toSandboxError } from '../base/errors';

/**
 * One byte stream over one MessagePort, with credit: the writer may be at most `windowBytes` ahead of what
 * the reader has taken. Transferable streams would do the same, but Safari lacks them.
 *
 * Messages writer to reader: a Uint8Array (its buffer transferred), `{ end: true }` or `{ error: text }`.
 * Messages reader to writer: `{ taken: bytes }` or `{ cancel: true }`.
 */
export const windowBytes = 512 * 1024;

type ToReader = Uint8Array<ArrayBuffer> | { readonly end: true } | { readonly error: string };
type ToWriter = { readonly taken: number } | { readonly cancel: true };

/**
 * The reading end as a web stream. Cancelling it cancels the writer. When `lost` fires (the writer's thread
 * died) the stream errors with the signal's reason instead of waiting for ever.
 */
export function readableFromPort(port: MessagePort, lost: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> {
  const inbox: Uint8Array<ArrayBuffer>[] = [];
  let ended = false;
  let failure: SandboxError | undefined;
  let wake: (() => void) | undefined;

  port.onmessage = ({ data }: MessageEvent<ToReader>) => {
    if (data instanceof Uint8Array) inbox.push(data);
    else if ('end' in data) ended = true;
    else failure = new SandboxError('Aborted', data.error);
    wake?.();
  };
  const onLost = (): void => {
    failure ??= toSandboxError(lost.reason);
    wake?.();
  };
  lost.addEventListener('abort', onLost, { once: true });
  if (lost.aborted) onLost();
  const release = (): void => {
    lost.removeEventListener('abort', onLost);
    port.close();
  };

  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        while (inbox.length === 0 && !ended && !failure) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const chunk = inbox.shift();
        if (chunk) {
          port.postMessage({ taken: chunk.length } satisfies ToWriter);
          controller.enqueue(chunk);
          return;
        }
        release();
        if (failure) controller.error(failure);
        else controller.close();
      },
      cancel() {
        port.postMessage({ cancel: true } satisfies ToWriter);
        release();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The writing end as a web stream. Chunks are copied before they are transferred. `lost` as above. */
export function writableToPort(port: MessagePort, lost: AbortSignal): WritableStream<Uint8Array> {
  let ahead = 0;
  let canceled = false;
  let wake: (() => void) | undefined;

  port.onmessage = ({ data }: MessageEvent<ToWriter>) => {
    if ('taken' in data) ahead -= data.taken;
    else canceled = true;
    wake?.();
  };
  const onLost = (): void => wake?.();
  lost.addEventListener('abort', onLost, { once: true });

  return new WritableStream<Uint8Array>({
    async write(chunk) {
      while (ahead >= windowBytes && !canceled && !lost.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (lost.aborted) throw toSandboxError(lost.reason);
      if (canceled) throw new SandboxError('Canceled', 'The reader of this stream has gone');
      const copy = new Uint8Array(chunk);
      ahead += copy.length;
      port.postMessage(copy satisfies ToReader, [copy.buffer]);
    },
    close() {
      lost.removeEventListener('abort', onLost);
      port.postMessage({ end: true } satisfies ToReader);
    },
    abort(reason) {
      lost.removeEventListener('abort', onLost);
      port.postMessage({ error: reason instanceof Error ? reason.message : String(reason) } satisfies ToReader);
      port.close();
    },
  });
}
