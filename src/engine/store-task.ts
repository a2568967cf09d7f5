import type { Operation, Progress } from '../api/operation';
import { throwIfAborted } from '../base/errors';
import { callback, type Remote } from '../rpc/control';
import type { StoreService } from '../storage/store-service';

let lastTask = 0;

/**
 * A long call of the store's worker, given the name that it can be stopped by and a progress callback that crosses
 * the thread, where there is one.
 */
export async function runStoreTask<T>(
  remote: Remote<StoreService>,
  { signal, onProgress }: Operation,
  start: (task: string, onProgress: ((progress: Progress) => void)[]) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  lastTask += 1;
  const task = `task-${lastTask}`;
  const cancel = (): void => void remote.cancel(task).catch(() => {});
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await start(task, onProgress ? [callback(onProgress)] : []);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
