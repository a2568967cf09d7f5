import { handleFailpoints } from './failpoint';
import type { Disposable } from './lifecycle';

/**
 * - `error`: the step fails.
 * - `crash`: the thread ends there: nothing that it awaits ever settles.
 * - `delay`: everything else that can run runs first.
 */
export type Fault = 'error' | 'crash' | 'delay';

/**
 * One fault at one of the places that a run passes, by number. To try them all, run with `at` = 0, 1, 2 …
 * until `happened` stays false. For tests.
 */
export class FaultPlan {
  readonly fault: Fault;
  readonly #at: number;
  readonly #passed: string[] = [];
  #onCrash: (() => void) | undefined;

  constructor(fault: Fault, at: number) {
    this.fault = fault;
    this.#at = at;
  }

  /** The places passed so far, in order. */
  get passed(): readonly string[] {
    return this.#passed;
  }

  /** Where the fault happened. */
  get place(): string | undefined {
    return this.#passed[this.#at];
  }

  get happened(): boolean {
    return this.#passed.length > this.#at;
  }

  /** Whether the fault is to happen here and now. */
  visit(place: string): boolean {
    this.#passed.push(place);
    return this.#passed.length === this.#at + 1;
  }

  /** Calls back when a failpoint crashes; others end what the dead thread held. */
  onCrash(callback: () => void): void {
    this.#onCrash = callback;
  }

  crash(): void {
    this.#onCrash?.();
  }

  /** Makes this plan decide at all failpoints, until disposed. */
  handleFailpoints(): Disposable {
    return handleFailpoints((name) => {
      if (!this.visit(name)) return undefined;
      if (this.fault === 'error') return Promise.reject(new Error(`Failpoint ${name}`));
      if (this.fault === 'delay') return yieldAll();
      this.crash();
      return new Promise(() => undefined);
    });
  }
}

/** Lets what waits for tasks run: more of them than any step here takes. */
export async function yieldAll(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
