import type { Operation, Progress } from '../api/operation';
import { SandboxError, throwIfAborted } from '../base/errors';

interface Shared<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  readonly watchers: Set<(progress: Progress) => void>;
  last: Progress | undefined;
  waiting: number;
}

/** Work by key that callers who ask at the same time share. It is stopped when the last of them gives up. */
export class SharedTasks<T> {
  readonly #tasks = new Map<string, Shared<T>>();

  /** Joins the work under way for `key`, or starts it. A caller's own signal only ends its own waiting. */
  async run(key: string, operation: Operation, start: (operation: Operation) => Promise<T>): Promise<T> {
    throwIfAborted(operation.signal);
    const task = this.#tasks.get(key) ?? this.#start(key, start);
    const { onProgress, signal } = operation;
    // A function of its own, so that two callers with one callback are two watchers.
    const watcher = (progress: Progress): void => onProgress?.(progress);
    task.waiting += 1;
    task.watchers.add(watcher);
    if (task.last) watcher(task.last);
    try {
      return await untilAborted(task.result, signal);
    } finally {
      task.watchers.delete(watcher);
      task.waiting -= 1;
      if (task.waiting === 0) await this.#leave(key, task);
    }
  }

  #start(key: string, start: (operation: Operation) => Promise<T>): Shared<T> {
    const abort = new AbortController();
    const watchers = new Set<(progress: Progress) => void>();
    const onProgress = (progress: Progress): void => {
      task.last = progress;
      for (const watcher of watchers) watcher(progress);
    };
    const result = Promise.resolve().then(() => start({ signal: abort.signal, onProgress }));
    const task: Shared<T> = { result, abort, watchers, last: undefined, waiting: 0 };
    this.#tasks.set(key, task);
    const forget = (): void => {
      if (this.#tasks.get(key) === task) this.#tasks.delete(key);
    };
    result.then(forget, forget);
    return task;
  }

  async #leave(key: string, task: Shared<T>): Promise<void> {
    // Forgotten at once: who asks next starts afresh instead of joining work that is being stopped.
    if (this.#tasks.get(key) === task) this.#tasks.delete(key);
    task.abort.abort(new SandboxError('Canceled', 'Canceled'));
    // The last to leave waits for the cleaning up, so that nothing is left when it hears of its end.
    await task.result.catch(() => undefined);
  }
}

function untilAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      try {
        throwIfAborted(signal);
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener('abort', onAbort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
