import { type Clock, delay } from '../../base/clock';
import { SandboxError, throwIfAborted, toSandboxError } from '../../base/errors';
import type { Descriptor } from '../../formats/oci';
import { Watchdog } from '../watchdog';
import type { ImageSource } from './image-source';
import { isTransient, pauseBefore } from './retry';

export interface ResumableOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly cache: RequestCache;
  /** Bytes so far, and bytes that came over the network for it, which are more when a server cannot resume. */
  readonly onBytes?: (received: number, came: number) => void;
  /** Before a pause, milliseconds. */
  readonly onRetry?: (pauseMs: number) => void;
}

/** A connection that brought this much was no failure, however it ended. */
const progressBytes = 256 * 1024;

/**
 * The bytes of a blob as they come; where the connection breaks or stalls, the rest is asked for by Range. Exactly `size`
 * bytes; their digest is for whoever takes them to verify.
 * Errors: `DataLoss` when there are more or fewer, `Unavailable` when it goes on breaking, and those of the source.
 */
export async function* resumableBlob(
  source: ImageSource,
  descriptor: Descriptor,
  { clock, signal, cache, onBytes, onRetry }: ResumableOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let received = 0;
  let came = 0;
  let before = 0;
  let endedAt: number | undefined;
  for (let failures = 0; ; ) {
    throwIfAborted(signal);
    const watchdog = new Watchdog(clock, signal);
    try {
      const { offset, pieces } = await source.blob(descriptor, received, { signal: watchdog.signal, cache });
      if (offset > received) throw broken(descriptor, received, 'resumes at another place');
      let skip = received - offset;
      for await (const piece of pieces) {
        came += piece.length;
        const rest = skip === 0 ? piece : piece.subarray(Math.min(skip, piece.length));
        skip -= piece.length - rest.length;
        received += rest.length;
        if (received > descriptor.size) throw tooLong(descriptor);
        onBytes?.(received, came);
        // While what takes the bytes is busy, it is not the network that stands still.
        watchdog.rest();
        if (rest.length > 0) yield rest;
        watchdog.feed();
      }
      if (received === descriptor.size) return;
      if (endedAt === received) throw tooShort(descriptor, received);
      endedAt = received;
      throw broken(descriptor, received, 'ended');
    } catch (error) {
      const failure = named(watchdog.reason ?? error, descriptor, received);
      // All there is came; how the connection ended after it is nothing to us.
      if (received === descriptor.size && isTransient(failure)) return;
      failures = received - before >= progressBytes ? 1 : failures + 1;
      before = received;
      const pause = isTransient(failure) ? pauseBefore(failures, failure) : undefined;
      if (pause === undefined) throw failure;
      onRetry?.(pause);
      await delay(clock, pause, signal);
    } finally {
      watchdog.dispose();
    }
  }
}

function broken({ digest, size }: Descriptor, received: number, what: string): SandboxError {
  return new SandboxError('Unavailable', `blob ${digest} ${what} after ${received} of ${size} bytes`);
}

function tooLong({ digest, size }: Descriptor): SandboxError {
  const message = `Blob ${digest} has more than the ${size} bytes that its manifest announces`;
  return new SandboxError('DataLoss', message, { details: { digest, size } });
}

/** Of a blob whose rest is not there: also what a 416 means. */
export function tooShort({ digest, size }: Descriptor, received: number): SandboxError {
  const message = `Blob ${digest} ends after ${received} of ${size} bytes: its manifest lies about the size, or the registry's copy is damaged`;
  return new SandboxError('DataLoss', message, { details: { digest, size } });
}

/** A failure of the connection with the blob in its message; any other as it is. */
function named(thrown: unknown, { digest, size }: Descriptor, received: number): SandboxError {
  const error = toSandboxError(thrown);
  if (error.code !== 'Unavailable' || error.details['url'] !== undefined) return error;
  const message = `Cannot fetch ${digest}: ${error.message}; ${received} of ${size} bytes came`;
  return new SandboxError('Unavailable', message, { cause: error, details: { ...error.details, digest } });
}
