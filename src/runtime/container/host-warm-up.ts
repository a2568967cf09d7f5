import { type Clock, delay } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { HostUse } from './host-use';

/** Of a container that only warms its host up. Nobody is told of it. */
export const warmUpId = 'strata-warm-up';

/** Nobody has used the host for so long, milliseconds. */
const idleMs = 1500;

/** So often in a row it may fail on a host that could do it. */
const maxFailures = 3;

export interface HostWarmUpOptions {
  readonly clock: Clock;
  /** So many containers have to have run, real ones among them. */
  readonly runs: number;
  readonly use: Pick<HostUse, 'idleMs' | 'note'>;
  /** Whether a container runs on it or begins to, or it is paused. */
  readonly busy: () => boolean;
  /** Takes away what an earlier page may have left of a rehearsal. */
  readonly clear: () => Promise<void>;
  /** Runs a container to its end, and takes all away that it had. */
  readonly rehearse: () => Promise<void>;
}

/**
 * Runs throw-away containers on a host that nobody uses for a while. The emulator compiles what a guest does often, and a restored
 * guest has done nothing yet: its first container takes four times as long as the tenth.
 */
export class HostWarmUp implements Disposable {
  readonly #options: HostWarmUpOptions;
  readonly #ended = new AbortController();
  #runs = 0;
  /** Resolves when the host is warm, or is not warmed up any more. */
  readonly over: Promise<void>;

  constructor(options: HostWarmUpOptions) {
    this.#options = options;
    this.over = this.#work();
  }

  /** A container has run, which warms as much. */
  ran(): void {
    this.#runs += 1;
  }

  dispose(): void {
    this.#ended.abort();
  }

  async #work(): Promise<void> {
    const { clock, runs, use, busy, clear, rehearse } = this.#options;
    const { signal } = this.#ended;
    // What stays goes with the first rehearsal.
    await clear().catch(() => undefined);
    let failures = 0;
    while (this.#runs < runs && failures < maxFailures && !signal.aborted) {
      if (busy()) use.note();
      const left = idleMs - use.idleMs;
      if (left > 0) {
        await delay(clock, left, signal);
        continue;
      }
      try {
        await rehearse();
        this.#runs += 1;
        failures = 0;
      } catch {
        // What cannot be rehearsed is told to whoever wants it really. A host that was paused can do it later.
        if (!busy()) failures += 1;
        use.note();
      }
    }
  }
}
