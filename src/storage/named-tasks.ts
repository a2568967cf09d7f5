import type { Operation, Progress } from '../api/operation';
import { SandboxError } from '../base/errors';
import { allHeard } from './all-heard';

/** Calls from another thread that can be stopped by the name that the caller gave them: signals do not cross a thread. */
export class NamedTasks {
  readonly #tasks = new Map<string, AbortController>();

  /** `AlreadyExists` while a call with this name is under way. One without a name cannot be stopped. */
  async run<T>(
    name: string | undefined,
    onProgress: ((progress: Progress) => void) | undefined,
    work: (operation: Operation) => Promise<T>,
  ): Promise<T> {
    const abort = new AbortController();
    if (name !== undefined) {
      if (this.#tasks.has(name)) throw new SandboxError('AlreadyExists', `A call with this name is under way: ${name}`);
      this.#tasks.set(name, abort);
    }
    try {
      const { signal } = abort;
      return await allHeard(onProgress, (tell) => work({ signal, ...(tell && { onProgress: tell }) }));
    } finally {
      if (name !== undefined) this.#tasks.delete(name);
    }
  }

  /** Harmless when the call is over. */
  cancel(name: string): void {
    this.#tasks.get(name)?.abort(new SandboxError('Canceled', 'Canceled'));
  }

  cancelAll(reason: SandboxError): void {
    for (const task of this.#tasks.values()) task.abort(reason);
  }
}
