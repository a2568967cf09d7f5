import type { Operation } from '../../api/operation';
import { throwIfAborted } from '../../base/errors';
import { onAbort } from '../../base/on-abort';
import type { Task } from '../tasks';

/** Waits for a task, and cancels it when the operation is. */
export async function finished(task: Task, { signal }: Operation): Promise<void> {
  const following = signal && onAbort(signal, () => task.cancel());
  try {
    await task.finished;
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    following?.dispose();
  }
}
