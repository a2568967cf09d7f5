import { type Clock, every } from '../base/clock';
import { Emitter, type Event } from '../base/events';
import { type Disposable, toDisposable } from '../base/lifecycle';

/** An event with a round at once and at each period, as long as somebody listens and no longer. */
export class TickingEvent<T> implements Disposable {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #round: () => void;
  readonly #values = new Emitter<T>();
  #timer: Disposable | undefined;

  /** `round` finds out what there is to tell, and fires. */
  constructor(clock: Clock, periodMs: number, round: () => void) {
    this.#clock = clock;
    this.#periodMs = periodMs;
    this.#round = round;
  }

  /** Whether anybody listens. */
  get heard(): boolean {
    return this.#timer !== undefined;
  }

  readonly event: Event<T> = (listener) => {
    const subscription = this.#values.event(listener);
    this.#timer ??= every(this.#clock, this.#periodMs, this.#round);
    return toDisposable(() => {
      subscription.dispose();
      if (this.#values.listenerCount === 0) this.#stop();
    });
  };

  fire(value: T): void {
    this.#values.fire(value);
  }

  dispose(): void {
    this.#values.dispose();
    this.#stop();
  }

  #stop(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
  }
}
