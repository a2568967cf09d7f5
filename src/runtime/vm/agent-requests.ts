import type { Clock } from '../../base/clock';
import { createDeferred, type Deferred } from '../../base/deferred';
import { type ErrorCode, SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';

/** Unanswered requests that one session may have. */
const maxPending = 256;

interface Pending {
  readonly what: string;
  readonly answer: Deferred<Uint8Array<ArrayBuffer>>;
  readonly timer: Disposable;
}

/** Requests to an agent that wait for their answers, each for so long and no longer. */
export class AgentRequests {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer to come. `ResourceExhausted` with too many open; `Unavailable` when none comes in time. */
  add(id: number, what: string, timeoutMs: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#pending.size >= maxPending) {
      throw new SandboxError('ResourceExhausted', `${maxPending} requests to the agent are unanswered`);
    }
    const answer = createDeferred<Uint8Array<ArrayBuffer>>();
    const timer = this.#clock.after(timeoutMs, () => {
      this.reject(
        id,
        new SandboxError('Unavailable', `The agent in the guest did not answer "${what}" within ${timeoutMs} ms`),
      );
    });
    this.#pending.set(id, { what, answer, timer });
    return answer.promise;
  }

  resolve(id: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#take(id)?.answer.resolve(bytes);
  }

  reject(id: number, error: SandboxError): void {
    this.#take(id)?.answer.reject(error);
  }

  /** The agent said no. */
  refuse(id: number, errno: number, text: string): void {
    const pending = this.#take(id);
    const message = `The guest refused "${pending?.what}": ${text}`;
    pending?.answer.reject(new SandboxError(errorCodes[errno] ?? 'Internal', message, { details: { errno } }));
  }

  rejectAll(error: SandboxError): void {
    for (const id of [...this.#pending.keys()]) this.reject(id, error);
  }

  /** An answer that comes late finds nothing, which is right. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    pending?.timer.dispose();
    this.#pending.delete(id);
    return pending;
  }
}

/** Linux's error numbers that say something about the caller (man 3 errno). */
const errorCodes: Readonly<Record<number, ErrorCode>> = {
  1: 'FailedPrecondition',
  2: 'NotFound',
  12: 'ResourceExhausted',
  19: 'NotFound',
  22: 'InvalidArgument',
  28: 'ResourceExhausted',
  38: 'Unimplemented',
};
