import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';

/** A transfer that gives nothing for this long has failed; milliseconds. */
export const stallTimeoutMs = 30_000;

/** Ends a transfer when the caller says so or when nothing comes any more, and knows which it was. */
export class Watchdog implements Disposable {
  readonly #abort = new AbortController();
  readonly #clock: Clock;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #limitMs: number;
  readonly #onAbort = (): void => this.#end(new SandboxError('Canceled', 'Canceled'));
  #timer: Disposable | undefined;
  #reason: SandboxError | undefined;

  constructor(clock: Clock, callerSignal: AbortSignal | undefined, limitMs = stallTimeoutMs) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#callerSignal = callerSignal;
    callerSignal?.addEventListener('abort', this.#onAbort);
    if (callerSignal?.aborted) this.#onAbort();
    else this.feed();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why it was ended, if it was. */
  get reason(): SandboxError | undefined {
    return this.#reason;
  }

  /** Something came: wait anew. */
  feed(): void {
    this.#timer?.dispose();
    this.#timer = this.#clock.after(this.#limitMs, () => {
      this.#end(new SandboxError('Unavailable', `nothing came for ${Math.round(this.#limitMs / 1000)} seconds`));
    });
  }

  /** Nothing is waited for until something is fed again: it is us who are busy. */
  rest(): void {
    this.#timer?.dispose();
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#callerSignal?.removeEventListener('abort', this.#onAbort);
  }

  #end(reason: SandboxError): void {
    this.#reason ??= reason;
    this.#abort.abort(reason);
  }
}
