import { type Clock, delay } from '../../base/clock';
import { SandboxError, throwIfAborted } from '../../base/errors';

/** Attempts in all before a failure is told. */
const attemptLimit = 5;
const firstPauseMs = 500;
const longestPauseMs = 8000;

/** What a server asks to wait at most; beyond that the person is asked to. */
const longestWaitMs = 60_000;

/** Whether trying again may help: the server did not answer, or answered that it cannot now. */
export function isTransient(error: unknown): error is SandboxError {
  return error instanceof SandboxError && error.code === 'Unavailable' && error.details['lasting'] !== true;
}

/** How long to wait before the next attempt, milliseconds; undefined when there is to be none. */
export function pauseBefore(failures: number, error: SandboxError): number | undefined {
  if (failures >= attemptLimit) return undefined;
  const asked = error.details['retryAfterMs'];
  if (typeof asked === 'number') return asked <= longestWaitMs ? asked : undefined;
  return Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs);
}

/** The work's outcome, tried again with longer and longer pauses while its failures are transient. */
export async function retrying<T>(clock: Clock, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; ) {
    throwIfAborted(signal);
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error)) throw error;
      failures += 1;
      const pause = pauseBefore(failures, error);
      if (pause === undefined) throw error;
      await delay(clock, pause, signal);
    }
  }
}
