import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { ContainerInspect } from '../../api/container';
import type { ContainerEngine } from '../../api/container-engine';
import type { Disposable } from '../../base/lifecycle';

/** All that the engine says of each container, asked anew whenever one has changed. */
export class PolicyWatch implements Disposable {
  readonly #engine: Pick<ContainerEngine, 'containers' | 'list' | 'changed'>;
  readonly #facts = signal<readonly ContainerInspect[] | undefined>(undefined);
  readonly #listener: Disposable;
  #asking = false;
  #again = false;
  #disposed = false;

  constructor(engine: Pick<ContainerEngine, 'containers' | 'list' | 'changed'>) {
    this.#engine = engine;
    this.#listener = engine.changed(() => this.refresh());
    this.refresh();
  }

  /** Newest first; undefined until the first answer. */
  get facts(): ReadonlySignal<readonly ContainerInspect[] | undefined> {
    return this.#facts;
  }

  /** One question at a time: what changes meanwhile is asked for once more afterwards. */
  refresh(): void {
    this.#again = true;
    if (!this.#asking) void this.#ask();
  }

  dispose(): void {
    this.#disposed = true;
    this.#listener.dispose();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    while (this.#again && !this.#disposed) {
      this.#again = false;
      // One that is removed in between is not there any more, which is another change.
      const answers = await Promise.allSettled(
        this.#engine.list().map(({ Id }) => this.#engine.containers.inspect(Id)),
      );
      if (!this.#disposed)
        this.#facts.value = answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    }
    this.#asking = false;
  }
}
