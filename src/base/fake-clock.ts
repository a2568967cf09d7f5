import type { Clock } from './clock';
import { type Disposable, toDisposable } from './lifecycle';

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until told to advance. For tests. */
export class FakeClock implements Clock {
  #now: number;
  readonly #alarms = new Set<Alarm>();

  constructor(start = 1_000_000) {
    this.#now = start;
  }

  /** Alarms that have not rung: zero when nothing leaks. */
  get pending(): number {
    return this.#alarms.size;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  /** Lets time pass with nobody looking, as when a laptop sleeps: what is due rings late. */
  async jump(ms: number): Promise<void> {
    this.#now += ms;
    await this.advance(0);
  }

  after(ms: number, callback: () => void): Disposable {
    const alarm: Alarm = {
      at: this.#now + ms,
      callback: () => {
        ending.dispose();
        callback();
      },
    };
    this.#alarms.add(alarm);
    const ending = toDisposable(() => this.#alarms.delete(alarm));
    return ending;
  }

  /** Moves time on, rings what is due in order, and lets promises settle before it and after each. */
  async advance(ms: number): Promise<void> {
    await settle();
    const end = this.#now + ms;
    for (let next = this.#nextAlarm(end); next; next = this.#nextAlarm(end)) {
      this.#now = Math.max(this.#now, next.at);
      this.#alarms.delete(next);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #nextAlarm(end: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) if (alarm.at <= end && (!next || alarm.at < next.at)) next = alarm;
    return next;
  }
}

/** Lets chains of settled promises run: twenty turns of the microtask queue. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
