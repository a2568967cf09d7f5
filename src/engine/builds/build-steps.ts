import type { BuildEvent, BuildStep } from '../../api/build';
import type { Digest } from '../../api/content-store';
import type { Clock } from '../../base/clock';

/** Numbers the steps of a build, and knows how long each has taken. */
export class BuildSteps {
  readonly #clock: Clock;
  #count = 0;
  #startedAt = 0;
  /** The step that has begun and not ended. */
  #current: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get current(): number | undefined {
    return this.#current;
  }

  /** Milliseconds since the current step began. */
  get elapsed(): number {
    return this.#clock.monotonic() - this.#startedAt;
  }

  start(step: Omit<BuildStep, 'number'>): BuildEvent {
    this.#count += 1;
    this.#current = this.#count;
    this.#startedAt = this.#clock.monotonic();
    return { kind: 'started', step: { number: this.#count, ...step } };
  }

  cached(id: Digest): BuildEvent {
    const step = this.#end();
    return { kind: 'cached', step, id };
  }

  finish(id?: Digest): BuildEvent {
    const ms = this.elapsed;
    return { kind: 'finished', step: this.#end(), ms, ...(id && { id }) };
  }

  #end(): number {
    this.#current = undefined;
    return this.#count;
  }
}
