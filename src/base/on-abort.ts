import type { Disposable } from './lifecycle';

/** What hangs on a signal, behind the one listener that it has for all. */
interface Followers {
  readonly calls: Set<() => void>;
  readonly tell: () => void;
}

const followed = new WeakMap<AbortSignal, Followers>();

/**
 * Calls back when a signal is aborted, for signals that much hangs on: a worker's end ends every stream that leads there, and
 * Node takes more than ten listeners for a leak. What was aborted before is not told again.
 */
export function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  const { calls, tell } = followed.get(signal) ?? follow(signal);
  const call = (): void => listener();
  calls.add(call);
  return {
    dispose() {
      if (!calls.delete(call) || calls.size > 0) return;
      signal.removeEventListener('abort', tell);
      followed.delete(signal);
    },
  };
}

function follow(signal: AbortSignal): Followers {
  const calls = new Set<() => void>();
  const tell = (): void => {
    for (const call of calls) call();
  };
  const followers = { calls, tell };
  followed.set(signal, followers);
  signal.addEventListener('abort', tell, { once: true });
  return followers;
}
