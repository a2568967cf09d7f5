import type { Clock } from './clock';
import { SandboxError } from './errors';

/** The promise's outcome, or `Unavailable` with `message` when it takes longer than `ms`. */
export function withTimeout<T>(clock: Clock, ms: number, message: string, promise: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.after(ms, () =>
      reject(new SandboxError('Unavailable', message, { details: { timeoutMs: ms } })),
    );
    promise.then(resolve, reject).finally(() => timer.dispose());
  });
}
