import type { Clock } from '../base/clock';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import type { LessonCheck } from '../formats/lesson/lesson';
import type { LessonLab } from './lesson-lab';
import { packetsFromNow } from './packets-from-now';
import { runCheck } from './run-check';

/** `waiting`: it has not been looked at yet. */
export type CheckState =
  | { readonly state: 'waiting' | 'passed' }
  | { readonly state: 'missing'; readonly missing: string };

/** Between the end of one round and the next, milliseconds. */
const pauseMs = 1500;

export interface CheckWatchOptions {
  readonly lab: LessonLab;
  readonly clock: Clock;
}

/**
 * Looks at the checks of a step, one after the other and again and again, until all have passed. One that has passed is not
 * looked at again: a later command may well undo what it has shown.
 */
export class CheckWatch implements Disposable {
  readonly #checks: readonly LessonCheck[];
  readonly #lab: LessonLab;
  readonly #clock: Clock;
  readonly #changed = new Emitter<readonly CheckState[]>();
  readonly #ended = new AbortController();
  #states: readonly CheckState[];
  #pause: Disposable | undefined;

  /** Begins at once. */
  constructor(checks: readonly LessonCheck[], { lab, clock }: CheckWatchOptions) {
    this.#checks = checks;
    this.#lab = packetsFromNow(lab, checks);
    this.#clock = clock;
    this.#states = checks.map(() => ({ state: 'waiting' }));
    void this.#round();
  }

  /** In the order of the checks. */
  get states(): readonly CheckState[] {
    return this.#states;
  }

  get passed(): boolean {
    return this.#states.every(({ state }) => state === 'passed');
  }

  /** Fires with the states whenever one has changed. */
  get changed(): Event<readonly CheckState[]> {
    return this.#changed.event;
  }

  dispose(): void {
    this.#ended.abort();
    this.#pause?.dispose();
    this.#changed.dispose();
  }

  async #round(): Promise<void> {
    const { signal } = this.#ended;
    for (const [at, check] of this.#checks.entries()) {
      if (signal.aborted) return;
      if (this.#states[at]?.state === 'passed') continue;
      const outcome = await runCheck(check, this.#lab, this.#clock, signal);
      if (signal.aborted) return;
      this.#set(at, outcome.passed ? { state: 'passed' } : { state: 'missing', missing: outcome.missing });
    }
    if (!this.passed) this.#pause = this.#clock.after(pauseMs, () => void this.#round());
  }

  #set(at: number, next: CheckState): void {
    const before = this.#states[at];
    if (before && said(before) === said(next)) return;
    this.#states = this.#states.with(at, next);
    this.#changed.fire(this.#states);
  }
}

function said(state: CheckState): string {
  return state.state === 'missing' ? `missing ${state.missing}` : state.state;
}
