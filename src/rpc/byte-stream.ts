import { type ErrorRecord, parseError, SandboxError, serializeError, toSandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import { onAbort } from '../base/on-abort';

/**
 * One byte stream over one MessagePort, with credit: the writer may be at most `windowBytes` ahead of what
 * the reader has taken. Transferable streams would do the same, but Safari lacks them.
 */
export const windowBytes = 512 * 1024;

/** The most that one message of a writer carries; so a reader never holds more than the window and this. */
export const maxPieceBytes = 64 * 1024;

/** From the writer; the buffer of bytes is transferred. Nothing follows an end or an error. */
export type ByteStreamToReader =
  | Uint8Array<ArrayBuffer>
  | { readonly end: true }
  | {
      /** The stream was cut off. */
      readonly error: ErrorRecord;
    };

/** From the reader. */
export type ByteStreamToWriter =
  | {
      /** Bytes, in addition to those said before. */
      readonly taken: number;
    }
  | {
      /** Nothing more is taken: what the writer's next write fails with. */
      readonly cancel: ErrorRecord;
    };

/**
 * The reading end as a web stream. Cancelling it cancels the writer. When `lost` fires (the writer's thread
 * died) the stream errors with the signal's reason instead of waiting for ever.
 */
export function readableFromPort(port: MessagePort, lost: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> {
  const inbox: Uint8Array<ArrayBuffer>[] = [];
  let ended = false;
  let failure: SandboxError | undefined;
  let wake: (() => void) | undefined;

  port.onmessage = ({ data }: MessageEvent<ByteStreamToReader>) => {
    if (data instanceof Uint8Array) inbox.push(data);
    else {
      if ('end' in data) ended = true;
      else failure = parseError(data.error);
      // Whether or not anybody reads it to its end.
      release();
    }
    wake?.();
  };
  const onLost = (): void => {
    failure ??= toSandboxError(lost.reason);
    release();
    wake?.();
  };
  const release = (): void => {
    following.dispose();
    port.close();
  };
  const following = onAbort(lost, onLost);
  if (lost.aborted) onLost();

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
          port.postMessage({ taken: chunk.length } satisfies ByteStreamToWriter);
          controller.enqueue(chunk);
          return;
        }
        if (failure) controller.error(failure);
        else controller.close();
      },
      cancel() {
        const gone = new SandboxError('Canceled', 'The reader of this stream has gone');
        port.postMessage({ cancel: serializeError(gone) } satisfies ByteStreamToWriter);
        release();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The writing end as a web stream. Chunks are copied before they are transferred. `lost` as above. */
export function writableToPort(port: MessagePort, lost: AbortSignal): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>(new PortSink(port, lost));
}

class PortSink implements UnderlyingSink<Uint8Array> {
  readonly #port: MessagePort;
  readonly #lost: AbortSignal;
  #following: Disposable | undefined;
  #controller: WritableStreamDefaultController | undefined;
  #ahead = 0;
  #failure: SandboxError | undefined;
  #wake: (() => void) | undefined;

  constructor(port: MessagePort, lost: AbortSignal) {
    this.#port = port;
    this.#lost = lost;
  }

  start(controller: WritableStreamDefaultController): void {
    this.#controller = controller;
    this.#port.onmessage = ({ data }: MessageEvent<ByteStreamToWriter>) => {
      if ('taken' in data) this.#ahead -= data.taken;
      else this.#fail(parseError(data.cancel));
      this.#wake?.();
    };
    this.#following = onAbort(this.#lost, () => this.#fail(toSandboxError(this.#lost.reason)));
    if (this.#lost.aborted) this.#fail(toSandboxError(this.#lost.reason));
    // At once: a stream calls `abort` only after the write that waits for the reader.
    controller.signal.addEventListener('abort', () => this.#abort(controller.signal.reason));
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; at += maxPieceBytes) {
      while (this.#ahead >= windowBytes && !this.#failure) await this.#news();
      if (this.#failure) throw this.#failure;
      const piece = new Uint8Array(chunk.subarray(at, at + maxPieceBytes));
      this.#ahead += piece.length;
      this.#port.postMessage(piece satisfies ByteStreamToReader, [piece.buffer]);
    }
  }

  close(): void {
    this.#release({ end: true });
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** From the other side, whether somebody is writing just now or not. */
  #fail(error: SandboxError): void {
    this.#failure ??= error;
    this.#controller?.error(this.#failure);
    this.#wake?.();
    this.#release();
  }

  #abort(reason: unknown): void {
    if (this.#failure) return;
    const text = reason instanceof Error ? reason.message : String(reason ?? 'The writer of this stream has given up');
    this.#failure = reason instanceof SandboxError ? reason : new SandboxError('Aborted', text);
    this.#release({ error: serializeError(this.#failure) });
    this.#wake?.();
  }

  #release(last?: ByteStreamToReader): void {
    this.#following?.dispose();
    if (last) this.#port.postMessage(last);
    this.#port.close();
  }
}
