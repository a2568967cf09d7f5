/** Something that a program can wait for: counts what has happened, and tells when it happens. */
export interface Waits {
  /** Changes with whatever happens. */
  readonly news: number;
  /**
   * Until `news` is another than `seen`, or `ms` are over. Returns at once with a promise where the thread has to be
   * given back meanwhile. Throws `GuestEnded` where nothing can be waited for.
   */
  wait(seen: number, ms: number | undefined): void | Promise<void>;
}

/**
 * Tries until there is a result: at once, if there is one, and again after whatever happens. `msLeft` is when to try
 * again though nothing has happened; undefined is never.
 */
export function until<T>(waits: Waits, attempt: () => T | undefined, msLeft: () => number | undefined): T | Promise<T> {
  for (;;) {
    const seen = waits.news;
    const result = attempt();
    if (result !== undefined) return result;
    const waiting = waits.wait(seen, msLeft());
    if (waiting) return untilLater(waits, attempt, msLeft, waiting);
  }
}

async function untilLater<T>(
  waits: Waits,
  attempt: () => T | undefined,
  msLeft: () => number | undefined,
  waiting: Promise<void>,
): Promise<T> {
  await waiting;
  for (;;) {
    const seen = waits.news;
    const result = attempt();
    if (result !== undefined) return result;
    await waits.wait(seen, msLeft());
  }
}
