import { type Clock, delay } from '../base/clock';
import { SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle';
import { withTimeout } from '../base/timeout';
import { type Connection, connect, type Remote } from '../rpc/control';
import type { SpawnWorker } from '../rpc/worker-handle';
import type { StoreService, StoreStatus } from './store-service';

export type StoreEvent =
  /** `restarts` counts from 0. In memory mode a restart begins with nothing. */
  | { readonly kind: 'opened'; readonly status: StoreStatus; readonly restarts: number }
  /** The worker died; calls that waited were rejected, and another worker is on its way. */
  | { readonly kind: 'lost'; readonly error: SandboxError }
  /** It died too often in a row, or cannot open at all: nothing more is tried. */
  | { readonly kind: 'failed'; readonly error: SandboxError };

export interface StoreSupervisionOptions {
  readonly spawn: SpawnWorker;
  /** Directory of the image layout, absolute. */
  readonly registryUrl: string;
  /** Why nothing is to be kept, for people; absent: everything is. */
  readonly unsaved?: string;
  readonly clock: Clock;
  /** By which the end of a worker is heard of at once; absent where the platform has none. */
  readonly locks?: LockManager | undefined;
}

/** How often a worker that has a call waiting is asked for a sign of life; milliseconds. */
export const beatMs = 500;

/** Questions it may leave open. Long, because hashing on a machine with few cores starves it for a while. */
export const missedBeats = 40;

/** Waits before the restarts after one, two, … deaths in a row; milliseconds. More deaths than these are too many. */
const pausesMs = [0, 250, 500, 1000, 2000];

/** A worker that lived this long did not die of starting; milliseconds. */
const healthyMs = 10_000;

/** What a call waits at most for a worker that is being started; milliseconds. */
const readyMs = 15_000;

/**
 * The store's worker, started again when it dies: when it throws, when its lock is freed or its port closes,
 * or when it leaves questions open while a call waits. `remote` stays the same over restarts. A call that waits when the worker
 * dies is rejected with `Unavailable`, because nobody knows how far it came; later ones go to the next worker.
 */
export class StoreSupervision implements Disposable {
  readonly #options: StoreSupervisionOptions;
  readonly #changed = new Emitter<StoreEvent>();
  readonly #ended = new AbortController();
  #life: StoreLife | undefined;
  #ready: Promise<StoreLife>;
  #deaths = 0;
  #restarts = 0;

  readonly events: Event<StoreEvent> = this.#changed.event;
  /** Every call waits until the store is open. */
  readonly remote: Remote<StoreService>;

  constructor(options: StoreSupervisionOptions) {
    this.#options = options;
    this.remote = new Proxy({} as object, {
      get: (_, method) => (method === 'then' ? undefined : (...args: unknown[]) => this.#call(method, args)),
    }) as Remote<StoreService>;
    this.#ready = this.#start();
  }

  dispose(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#life?.end(new SandboxError('Canceled', 'The store has ended'));
    this.#changed.dispose();
  }

  async #call(method: PropertyKey, args: readonly unknown[]): Promise<unknown> {
    if (this.#ended.signal.aborted) throw new SandboxError('Canceled', 'The store has ended');
    const slow = 'The store is still being started; try again';
    const life = await withTimeout(this.#options.clock, readyMs, slow, this.#ready);
    return life.call(method, args);
  }

  /** A worker with the store open in it. Rejected calls wait for this; who handles events hears of it too. */
  #start(): Promise<StoreLife> {
    const { spawn, clock } = this.#options;
    const born = clock.monotonic();
    let life: StoreLife;
    try {
      life = new StoreLife(spawn('store'), clock);
    } catch (error) {
      return this.#giveUp('This page may not start the worker that stores things', error);
    }
    this.#life = life;
    life.lost.addEventListener('abort', () => {
      if (clock.monotonic() - born >= healthyMs) this.#deaths = 0;
      this.#restart(toSandboxError(life.lost.reason));
    });
    return this.#handled(this.#open(life));
  }

  async #open(life: StoreLife): Promise<StoreLife> {
    const { registryUrl, unsaved, locks } = this.#options;
    try {
      const status = (await life.call('open', [registryUrl, unsaved])) as StoreStatus;
      if (locks && status.lock !== undefined) life.watch(locks, status.lock);
      this.#changed.fire({ kind: 'opened', status, restarts: this.#restarts });
      return life;
    } catch (error) {
      // Its death is told, and followed by another start; a store that lives and cannot open is not.
      if (!life.lost.aborted) this.#changed.fire({ kind: 'failed', error: toSandboxError(error) });
      throw error;
    }
  }

  #restart(error: SandboxError): void {
    if (this.#ended.signal.aborted) return;
    const pause = pausesMs[this.#deaths];
    this.#deaths += 1;
    if (pause === undefined) {
      this.#ready = this.#giveUp('The store ends again and again; reload the page', error);
      return;
    }
    this.#restarts += 1;
    this.#ready = this.#handled(this.#startAfter(pause));
    this.#changed.fire({ kind: 'lost', error });
  }

  /** Tells in a moment, when who made this has had time to listen. */
  #giveUp(what: string, cause: unknown): Promise<never> {
    const error = new SandboxError('Unavailable', `${what} (${toSandboxError(cause).message})`, { cause });
    queueMicrotask(() => this.#changed.fire({ kind: 'failed', error }));
    return this.#handled(Promise.reject(error));
  }

  async #startAfter(ms: number): Promise<StoreLife> {
    if (ms > 0) await delay(this.#options.clock, ms, this.#ended.signal);
    if (this.#ended.signal.aborted) throw new SandboxError('Canceled', 'The store has ended');
    return this.#start();
  }

  /** Whether or not a call waits for it. */
  #handled<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => undefined);
    return promise;
  }
}

/** One worker, from its start to its death. */
class StoreLife {
  readonly #connection: Connection<StoreService>;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  readonly #disposables = new DisposableStore();
  #waiting = 0;
  #unanswered = 0;
  #nextBeat: Disposable | undefined;

  constructor(handle: ReturnType<SpawnWorker>, clock: Clock) {
    this.#clock = clock;
    this.#connection = connect<StoreService>(handle.port);
    const onClose = (): void => this.#die('its port closed');
    // Told by Node; Chromium 150 does not tell of a worker's end.
    handle.port.addEventListener('close', onClose);
    this.#disposables.add(toDisposable(() => handle.terminate()));
    this.#disposables.add(toDisposable(() => handle.port.removeEventListener('close', onClose)));
    this.#disposables.add(handle.failed(({ message }) => this.#die(message)));
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async call(method: PropertyKey, args: readonly unknown[]): Promise<unknown> {
    const methods = this.#connection.remote as unknown as Record<PropertyKey, (...args: unknown[]) => Promise<unknown>>;
    this.#waiting += 1;
    if (this.#waiting === 1) this.#beat();
    try {
      return await methods[method]?.(...args);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#rest();
    }
  }

  /** Waits for the lock that the worker holds while it lives. */
  watch(locks: LockManager, name: string): void {
    const { signal } = this.#lost;
    locks
      .request(name, { mode: 'shared', signal }, () => undefined)
      .then(
        () => this.#die('its thread ended'),
        // Canceled because the life is over, or there are no locks after all: then the beat finds out.
        () => undefined,
      );
  }

  end(reason: SandboxError): void {
    if (this.#lost.signal.aborted) return;
    this.#rest();
    this.#disposables.dispose();
    this.#lost.abort(reason);
    this.#connection.close(reason);
  }

  #die(why: string): void {
    this.end(
      new SandboxError('Unavailable', `The store ended in the middle of its work and starts again (${why}); try again`),
    );
  }

  #rest(): void {
    this.#nextBeat?.dispose();
    this.#nextBeat = undefined;
    this.#unanswered = 0;
  }

  #beat(): void {
    if (this.#unanswered >= missedBeats) {
      this.#die('it did not answer any more');
      return;
    }
    this.#unanswered += 1;
    const answered = (): void => {
      this.#unanswered = 0;
    };
    this.#connection.remote.ping().then(answered, () => undefined);
    this.#nextBeat = this.#clock.after(beatMs, () => this.#beat());
  }
}
