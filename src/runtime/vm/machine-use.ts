import { type Clock, delay } from '../../base/clock';
import { SandboxError } from '../../base/errors';

/** How long a migration waits for questions that the guest has been asked, so that their answers are not lost. */
const questionsMs = 1_000;

/**
 * What a machine that runs is busy with: what is done with it as a whole, one such thing at a time, and what its guest is
 * asked meanwhile. Nobody asks it anything while it moves to another worker.
 */
export class MachineUse {
  readonly #questions = new Set<Promise<unknown>>();
  #busy: string | undefined;
  #moving: Promise<unknown> | undefined;

  /** Resolves when the machine has moved, or failed to; undefined while it stays where it is. */
  get moving(): Promise<unknown> | undefined {
    return this.#moving;
  }

  /** Does something with the machine as a whole. `FailedPrecondition` while something else is done with it. */
  async exclusive<T>(verb: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy !== undefined) {
      throw new SandboxError('FailedPrecondition', `Cannot ${verb}: the instance is busy (${this.#busy})`);
    }
    this.#busy = verb;
    try {
      return await work();
    } finally {
      this.#busy = undefined;
    }
  }

  /** The guest was asked something. */
  async awaitAnswer<T>(answer: Promise<T>): Promise<T> {
    this.#questions.add(answer);
    try {
      return await answer;
    } finally {
      this.#questions.delete(answer);
    }
  }

  /** Moves the machine once the guest has answered, or after a second. */
  async move<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
    const moving = this.#answered(clock).then(work);
    this.#moving = moving.catch(() => {});
    try {
      return await moving;
    } finally {
      this.#moving = undefined;
    }
  }

  async #answered(clock: Clock): Promise<void> {
    const waited = new AbortController();
    await Promise.race([Promise.allSettled(this.#questions), delay(clock, questionsMs, waited.signal)]);
    waited.abort();
  }
}
