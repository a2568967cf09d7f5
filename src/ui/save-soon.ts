import { type Clock, systemClock } from '../base/clock';
import type { Disposable } from '../base/lifecycle';

/** How long after the last key what was typed is saved, milliseconds: no write for each key, nothing lost that was read over. */
export const saveSoonMs = 400;

/** Saves the parts of something as they are typed, a moment after the last key; at once when it is told to. */
export class SaveSoon<Value extends object> {
  readonly #save: (change: Partial<Value>) => void;
  readonly #clock: Clock;
  #waiting: Partial<Value> = {};
  #timer: Disposable | undefined;

  constructor(save: (change: Partial<Value>) => void, clock: Clock = systemClock) {
    this.#save = save;
    this.#clock = clock;
  }

  put(change: Partial<Value>): void {
    this.#waiting = { ...this.#waiting, ...change };
    this.#timer?.dispose();
    this.#timer = this.#clock.after(saveSoonMs, () => this.now());
  }

  /** What waits is saved. */
  now(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    const change = this.#waiting;
    this.#waiting = {};
    if (Object.keys(change).length > 0) this.#save(change);
  }
}
