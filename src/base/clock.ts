import { type Disposable, toDisposable } from './lifecycle';

/** Time as a parameter, so that tests own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from some fixed point, never going back. */
  monotonic(): number;
  /** Calls back once after `ms`, unless disposed first. */
  after(ms: number, callback: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(() => {
      alarm.dispose();
      callback();
    }, ms);
    const alarm = toDisposable(() => clearTimeout(timer));
    return alarm;
  },
};

/** Resolves after `ms`, or as soon as the signal fires. */
export function delay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      timer.dispose();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(ms, done);
    signal?.addEventListener('abort', done);
  });
}

/** Calls back at once and then every `ms` milliseconds, until disposed. */
export function every(clock: Clock, ms: number, callback: () => void): Disposable {
  let timer: Disposable | undefined;
  let ended = false;
  const round = (): void => {
    timer = clock.after(ms, round);
    callback();
    if (ended) timer.dispose();
  };
  round();
  return toDisposable(() => {
    ended = true;
    timer?.dispose();
  });
}
