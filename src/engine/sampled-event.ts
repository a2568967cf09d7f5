import type { Clock } from '../base/clock';
import type { Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import { TickingEvent } from './ticking-event';

/** An event that asks for its value at a period as long as somebody listens, and no longer. */
export class SampledEvent<T> implements Disposable {
  readonly #sample: () => Promise<T>;
  readonly #values: TickingEvent<T>;
  #asked = false;
  #failures = 0;

  constructor(clock: Clock, periodMs: number, sample: () => Promise<T>) {
    this.#sample = sample;
    this.#values = new TickingEvent(clock, periodMs, () => void this.#round());
  }

  /** Samples that could not be had. */
  get failures(): number {
    return this.#failures;
  }

  get event(): Event<T> {
    return this.#values.event;
  }

  dispose(): void {
    this.#values.dispose();
  }

  /** Who is slow to answer is not asked twice. */
  async #round(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    try {
      const value = await this.#sample();
      if (this.#values.heard) this.#values.fire(value);
    } catch {
      this.#failures += 1;
    } finally {
      this.#asked = false;
    }
  }
}
