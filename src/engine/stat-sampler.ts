import type { Instance, InstanceId } from '../api/instance';
import type { StatSample } from '../api/stats';
import type { Clock } from '../base/clock';
import type { Event } from '../base/events';
import { type Disposable, toDisposable } from '../base/lifecycle';
import { TickingEvent } from './ticking-event';

/** One sample with what only two samples can tell. */
export interface StatReading {
  readonly id: InstanceId;
  readonly sample: StatSample;
  /** Share of one CPU since the sample before, 0 to 1; absent for the first. */
  readonly cpuShare?: number;
}

const periodMs = 1000;

/** Share of a CPU used between two samples of one machine; undefined when they cannot be compared. */
export function cpuShare(before: StatSample | undefined, now: StatSample): number | undefined {
  if (!before || now.at <= before.at || now.cpuMicros < before.cpuMicros) return undefined;
  return Math.min(1, (now.cpuMicros - before.cpuMicros) / ((now.at - before.at) * 1000));
}

/** Samples the running instances every second, as long as somebody listens and no longer. */
export class StatSampler implements Disposable {
  readonly #running: () => readonly Instance[];
  readonly #readings: TickingEvent<StatReading>;
  readonly #last = new Map<InstanceId, StatSample>();
  /** Asked and not answered: a slow guest is not asked twice. */
  readonly #asked = new Set<InstanceId>();
  #failures = 0;

  constructor(clock: Clock, running: () => readonly Instance[]) {
    this.#running = running;
    this.#readings = new TickingEvent(clock, periodMs, () => this.#round());
  }

  /** Samples that an instance could not give. */
  get failures(): number {
    return this.#failures;
  }

  readonly readings: Event<StatReading> = (listener) => {
    const subscription = this.#readings.event(listener);
    return toDisposable(() => {
      subscription.dispose();
      // Who listens again later gets no share of the time between.
      if (!this.#readings.heard) this.#last.clear();
    });
  };

  dispose(): void {
    this.#readings.dispose();
    this.#last.clear();
  }

  #round(): void {
    const running = this.#running();
    const ids = new Set(running.map((instance) => instance.id));
    for (const id of this.#last.keys()) if (!ids.has(id)) this.#last.delete(id);
    for (const instance of running) void this.#sample(instance);
  }

  async #sample(instance: Instance): Promise<void> {
    if (this.#asked.has(instance.id)) return;
    this.#asked.add(instance.id);
    try {
      const sample = await instance.stats();
      if (!this.#readings.heard) return;
      const share = cpuShare(this.#last.get(instance.id), sample);
      this.#last.set(instance.id, sample);
      this.#readings.fire({ id: instance.id, sample, ...(share === undefined ? {} : { cpuShare: share }) });
    } catch {
      // An instance may end between the question and the answer; what matters of that is in its state.
      this.#failures += 1;
    } finally {
      this.#asked.delete(instance.id);
    }
  }
}
