import { type Clock, delay } from '../base/clock';
import { toSandboxError } from '../base/errors';

/** How long a share's machine waits for the store, milliseconds: as long as for disks. */
const reopenMs = 30_000;

/** Between two tries, milliseconds. */
const pauseMs = 250;

/** Something of the store that is to be opened anew after its worker has died. */
export interface Reopening<T> {
  readonly open: () => Promise<T>;
  /** What was opened is not needed after all. */
  readonly close: (opened: T) => void;
  /** Whether anybody needs it still. */
  readonly wanted: () => boolean;
  /** How often the store has died so far. */
  readonly losses: () => number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Tries until the store is there and stays for a moment; undefined when nobody needs it any more. Rejects with what the
 * store says, or with `Unavailable` when it has been away for too long.
 */
export async function openAgain<T>({
  open,
  close,
  wanted,
  losses,
  clock,
  signal,
}: Reopening<T>): Promise<T | undefined> {
  const deadline = clock.monotonic() + reopenMs;
  while (wanted()) {
    const before = losses();
    try {
      const opened = await open();
      if (wanted() && losses() === before) return opened;
      close(opened);
    } catch (error) {
      if (toSandboxError(error).code !== 'Unavailable' || clock.monotonic() >= deadline) throw error;
      await delay(clock, pauseMs, signal);
    }
  }
  return undefined;
}
