import { SandboxError } from '../base/errors';
import type { Event } from '../base/events';
import { type Disposable, toDisposable } from '../base/lifecycle';
import type { StoreEvent } from '../storage/store-supervision';

/** What the lab has to know of the store's worker: what is under way in it ends with it. */
export class StoreWatch implements Disposable {
  readonly #events: Event<StoreEvent> | undefined;
  readonly #losses: Disposable;
  #life = new AbortController();

  /** `events`: what becomes of the worker, where it can die. */
  constructor(events: Event<StoreEvent> | undefined) {
    this.#events = events;
    this.#losses = this.lost(() => this.#endLife());
  }

  /** Fires when the worker has died; calls from then on wait for the next one. */
  get lost(): Event<void> {
    return this.#when((event) => event.kind === 'lost');
  }

  /** Fires when the store was only in memory, and has begun again with nothing. */
  get emptied(): Event<void> {
    return this.#when((event) => event.kind === 'opened' && event.restarts > 0 && !event.status.persistent);
  }

  /** Ends with the worker that there is now; the next one has another. */
  readonly life = (): AbortSignal => this.#life.signal;

  dispose(): void {
    this.#losses.dispose();
  }

  #when(matches: (event: StoreEvent) => boolean): Event<void> {
    return (listener) =>
      this.#events?.((event) => {
        if (matches(event)) listener();
      }) ?? toDisposable(() => {});
  }

  #endLife(): void {
    const ended = this.#life;
    this.#life = new AbortController();
    ended.abort(new SandboxError('Unavailable', 'The store ended in the middle of its work; try again'));
  }
}
