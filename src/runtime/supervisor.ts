import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import { type Connection, connect, type Remote } from '../rpc/control';
import type { SpawnWorker, WorkerHandle } from '../rpc/worker-handle';

/** What every supervised worker serves beside its own methods: an answer, to show that it still turns. */
export interface Pingable {
  ping(): void;
}

/** How often a worker is asked whether it still turns, and how many questions it may leave open. */
const beatMs = 400;
const missedBeats = 3;

/** A worker under supervision. Once `lost` has fired, all its calls are rejected with the same reason. */
export interface SupervisedWorker<T> {
  readonly name: string;
  readonly remote: Remote<T>;
  /** Aborted with a SandboxError when the worker is gone, for whatever reason. */
  readonly lost: AbortSignal;
  /** From now on the worker counts as failed when it does not answer for 1.2 to 1.6 s. */
  watch(): void;
  /** Ends the worker at once. */
  terminate(reason: SandboxError): void;
}

/** Owns every worker, and can always end it. */
export class Supervisor implements Disposable {
  readonly #clock: Clock;
  readonly #workers = new Set<Supervised<Pingable>>();
  readonly #countChanged = new Emitter<number>();
  /** Fires with the number of live workers. */
  readonly countChanged: Event<number> = this.#countChanged.event;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#workers.size;
  }

  spawn<T extends Pingable>(spawn: SpawnWorker, name: string): SupervisedWorker<T> {
    const worker = new Supervised<T>(spawn(name), this.#clock);
    const entry = worker as unknown as Supervised<Pingable>;
    this.#workers.add(entry);
    this.#countChanged.fire(this.count);
    worker.lost.addEventListener('abort', () => {
      this.#workers.delete(entry);
      this.#countChanged.fire(this.count);
    });
    return worker;
  }

  dispose(): void {
    for (const worker of [...this.#workers]) worker.terminate(new SandboxError('Canceled', 'The supervisor has ended'));
  }
}

class Supervised<T extends Pingable> implements SupervisedWorker<T> {
  readonly #handle: WorkerHandle;
  readonly #connection: Connection<T>;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  readonly #failure: Disposable;
  #nextBeat: Disposable | undefined;
  #unanswered = 0;
  #lastBeat = 0;

  constructor(handle: WorkerHandle, clock: Clock) {
    this.#handle = handle;
    this.#clock = clock;
    this.#connection = connect<T>(handle.port);
    this.#failure = handle.failed((reason) => this.terminate(reason));
  }

  get name(): string {
    return this.#handle.name;
  }

  get remote(): Remote<T> {
    return this.#connection.remote;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  watch(): void {
    this.#lastBeat = this.#clock.monotonic();
    this.#beat();
  }

  terminate(reason: SandboxError): void {
    if (this.#lost.signal.aborted) return;
    this.#failure.dispose();
    this.#nextBeat?.dispose();
    this.#handle.terminate();
    this.#connection.close(reason);
    this.#lost.abort(reason);
  }

  #beat(): void {
    const now = this.#clock.monotonic();
    // When this very thread was asleep (a laptop's lid, a hidden tab), nobody could have answered.
    if (now - this.#lastBeat > 2 * beatMs) this.#unanswered = 0;
    this.#lastBeat = now;
    if (this.#unanswered >= missedBeats) {
      this.terminate(new SandboxError('Unavailable', `The worker ${this.name} does not answer any more and was ended`));
      return;
    }
    this.#unanswered += 1;
    const answered = (): void => {
      this.#unanswered = 0;
    };
    (this.remote as unknown as { ping(): Promise<void> }).ping().then(answered, () => {});
    this.#nextBeat = this.#clock.after(beatMs, () => this.#beat());
  }
}
