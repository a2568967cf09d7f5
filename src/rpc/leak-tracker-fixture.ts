import { type Disposable, watchLifecycles } from '../base/lifecycle';
import type { SpawnWorker } from './worker-handle';

/**
 * Knows every listener, alarm and other disposable that was made and not ended, and every worker that runs,
 * each by the stack that made it. For tests; one at a time.
 */
export class LeakTracker implements Disposable {
  readonly #disposables = new Map<Disposable, Error>();
  readonly #workers = new Map<string, number>();

  constructor() {
    watchLifecycles({
      made: (item) => this.#disposables.set(item, new Error('Made here and never ended')),
      ended: (item) => this.#disposables.delete(item),
    });
  }

  /** The spawner with its workers counted until they are terminated. */
  track(spawn: SpawnWorker): SpawnWorker {
    return (name) => {
      const handle = spawn(name);
      this.#count(name, 1);
      let ended = false;
      return {
        ...handle,
        terminate: () => {
          if (!ended) this.#count(name, -1);
          ended = true;
          handle.terminate();
        },
      };
    };
  }

  /** What is there now that should have ended; empty when nothing leaks. */
  leaks(): readonly string[] {
    const workers = [...this.#workers].flatMap(([name, count]) => (count > 0 ? [`${count} × worker ${name}`] : []));
    return [...workers, ...[...this.#disposables.values()].map((error) => String(error.stack))];
  }

  dispose(): void {
    watchLifecycles(undefined);
  }

  #count(name: string, change: number): void {
    this.#workers.set(name, (this.#workers.get(name) ?? 0) + change);
  }
}
