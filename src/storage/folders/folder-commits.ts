import { createDeferred, type Deferred } from '../../base/deferred';

interface Waiting {
  readonly lasting: boolean;
  readonly done: Deferred<void>;
}

export interface CommitWork {
  /** Writes what has changed up to now. */
  write(lasting: boolean): Promise<void>;
  /** Takes back what could not be written, and what was built on it. Ends with nobody waiting. */
  undo(error: unknown): Promise<void>;
}

/**
 * Writes changes in the order in which they were made, those that come while one is written together in the next, and
 * tells each when it is there.
 */
export class FolderCommits {
  readonly #work: CommitWork;
  #waiting: Waiting[] = [];
  #running = false;
  /** What is being written, or will be next. */
  #step = createDeferred<void>();
  /** Why the last could not be written, until that is taken back. */
  #failure: { readonly error: unknown } | undefined;
  /** Whether something was written that a power cut may take. */
  #loose = false;

  constructor(work: CommitWork) {
    this.#work = work;
  }

  /** Settles when what was changed before is written; with `lasting`, when it survives a power cut. */
  commit(lasting: boolean): Promise<void> {
    const done = createDeferred<void>();
    this.#waiting.push({ lasting, done });
    if (!this.#running) void this.#run();
    return done.promise;
  }

  /** Resolves when all that was changed before survives a power cut; nothing is done where it does. */
  async settle(): Promise<void> {
    if (this.#loose || this.#running) await this.commit(true);
  }

  /** Resolves when something was written, of what is on its way; rejects when it could not be. */
  async next(): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    await this.#step.promise;
  }

  /** Whoever waits still is told that it was not written. */
  failAll(error: unknown): void {
    for (const { done } of this.#waiting.splice(0)) done.reject(error);
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Everybody who asks in this turn of the event loop is in the first one.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeOnce(this.#waiting.splice(0));
    this.#running = false;
  }

  async #writeOnce(waiting: readonly Waiting[]): Promise<void> {
    const lasting = waiting.some((each) => each.lasting);
    try {
      await this.#work.write(lasting);
      this.#loose = !lasting;
      this.#nextStep().resolve();
      for (const { done } of waiting) done.resolve();
    } catch (error) {
      this.#failure = { error };
      this.#nextStep().reject(error);
      await this.#work.undo(error);
      this.#failure = undefined;
      for (const { done } of waiting) done.reject(error);
    }
  }

  #nextStep(): Deferred<void> {
    const step = this.#step;
    // Most of the time nobody waits for it.
    step.promise.catch(() => {});
    this.#step = createDeferred<void>();
    return step;
  }
}
