import { SandboxError } from '../../base/errors';
import type { Output } from '../command-io';

/** Bytes that wait between two commands of a pipe. */
const pipeBytes = 64 * 1024;

/** Between a command's output and the next one's input. */
export interface Pipe {
  readonly output: Output;
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Fires when something was written that nobody reads any more: what a Unix tells by SIGPIPE. */
  readonly broken: AbortSignal;
  close(): void;
}

export function createPipe(): Pipe {
  const size = { highWaterMark: pipeBytes, size: (chunk?: Uint8Array) => chunk?.length ?? 0 };
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(
    undefined,
    size,
    size,
  );
  const broken = new AbortController();
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  return {
    readable,
    broken: broken.signal,
    output: {
      terminal: false,
      async write(data) {
        const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data.slice();
        try {
          await writer.ready;
          await writer.write(bytes);
        } catch {
          const error = new SandboxError('Aborted', 'Broken pipe');
          broken.abort(error);
          throw error;
        }
      },
    },
    close: () => void writer.close().catch(() => {}),
  };
}
