import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, toDisposable } from '../base/lifecycle';
import { type Connection, connect, type Remote } from '../rpc/control';
import type { SpawnWorker, WorkerHandle } from '../rpc/worker-handle';

/** What every supervised worker serves beside its own methods: an answer, to show that it still turns. */
export interface Pingable {
  ping(): void;
}

/** How often a worker is asked whether it still turns, and how many questions it may leave open. */
export interface Heartbeat {
  readonly beatMs: number;
  readonly missedBeats: number;
}

/**
 * A worker counts as failed when it does not answer for 1.2 to 1.6 s: emulating or compiling takes its time. It gets
 * longer on a computer that is busy, see {@link Lateness}.
 */
const usualHeartbeat: Heartbeat = { beatMs: 400, missedBeats: 3 };

/** How long a late answer counts as a sign that the computer is busy; milliseconds. */
const busyMs = 5000;

/** Beats that nobody gets more than, however busy the computer is. */
const mostBeats = 25;

/**
 * How late the answers of late were, whoever gave them, and the beats of this very thread. A computer with more to do than
 * cores keeps everybody waiting: then a worker that is silent has probably not been given its turn.
 */
class Lateness {
  #answers: { readonly at: number; readonly ms: number }[] = [];

  note(at: number, ms: number): void {
    this.#answers = [...this.#answers.filter((answer) => at - answer.at < busyMs && answer.ms > ms), { at, ms }];
  }

  /** Beats that anybody may miss in addition: twice as many as the latest of what was late took. */
  extraBeats(now: number, beatMs: number): number {
    const ms = Math.max(0, ...this.#answers.filter(({ at }) => now - at < busyMs).map((answer) => answer.ms));
    return Math.floor((2 * ms) / beatMs);
  }
}

/** A worker under supervision. Once `lost` has fired, all its calls are rejected with the same reason. */
export interface SupervisedWorker<T> {
  readonly name: string;
  readonly remote: Remote<T>;
  /** Aborted with a SandboxError when the worker is gone, for whatever reason. */
  readonly lost: AbortSignal;
  /**
   * From now on the worker counts as failed when it does not answer for 1.2 to 1.6 s, or as the heartbeat says; the
   * last one that was given counts.
   */
  watch(heartbeat?: Heartbeat): void;
  /** It will be silent because of something long that it was told to do: not counted until disposed, or `ms` later. */
  excuse(ms: number): Disposable;
  /** Ends the worker at once. */
  terminate(reason: SandboxError): void;
}

/** Owns every worker, and can always end it. */
export class Supervisor implements Disposable {
  readonly #clock: Clock;
  readonly #workers = new Set<Supervised<Pingable>>();
  readonly #lateness = new Lateness();
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
    const worker = new Supervised<T>(spawn(name), this.#clock, this.#lateness);
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
  readonly #lateness: Lateness;
  readonly #lost = new AbortController();
  readonly #failure: Disposable;
  #nextBeat: Disposable | undefined;
  #unanswered = 0;
  #lastBeat = 0;
  /** When the next beat is to be. */
  #due = 0;
  #heartbeat = usualHeartbeat;
  readonly #excuses = new Set<{ readonly until: number }>();

  constructor(handle: WorkerHandle, clock: Clock, lateness: Lateness) {
    this.#handle = handle;
    this.#clock = clock;
    this.#lateness = lateness;
    this.#connection = connect<T>(handle.port);
    this.#failure = handle.failed((reason) => this.terminate(reason));
    // Told by Node and Chromium when the other end has gone; elsewhere only its silence tells.
    handle.port.addEventListener('close', this.#onClosed);
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

  watch(heartbeat = usualHeartbeat): void {
    // Told once more what it is watched by already, it has as many questions open as before.
    if (this.#nextBeat && heartbeat === this.#heartbeat) return;
    this.#nextBeat?.dispose();
    this.#heartbeat = heartbeat;
    this.#unanswered = 0;
    this.#lastBeat = this.#clock.monotonic();
    this.#due = this.#lastBeat;
    this.#beat();
  }

  excuse(ms: number): Disposable {
    const excuse = { until: this.#clock.monotonic() + ms };
    this.#excuses.add(excuse);
    return toDisposable(() => {
      this.#excuses.delete(excuse);
      this.#unanswered = 0;
    });
  }

  terminate(reason: SandboxError): void {
    if (this.#lost.signal.aborted) return;
    this.#failure.dispose();
    this.#handle.port.removeEventListener('close', this.#onClosed);
    this.#nextBeat?.dispose();
    this.#handle.terminate();
    this.#connection.close(reason);
    this.#lost.abort(reason);
  }

  readonly #onClosed = (): void => this.terminate(new SandboxError('Unavailable', `The worker ${this.name} died`));

  #beat(): void {
    const { beatMs, missedBeats } = this.#heartbeat;
    const now = this.#clock.monotonic();
    // When this very thread was asleep (a laptop's lid, a hidden tab), nobody could have answered.
    if (now - this.#lastBeat > 2 * beatMs || this.#isExcused(now)) this.#unanswered = 0;
    else if (now > this.#due) this.#lateness.note(now, now - this.#due);
    this.#lastBeat = now;
    if (this.#unanswered >= Math.min(mostBeats, missedBeats + this.#lateness.extraBeats(now, beatMs))) {
      this.terminate(new SandboxError('Unavailable', `The worker ${this.name} does not answer any more and was ended`));
      return;
    }
    this.#unanswered += 1;
    const answered = (): void => {
      this.#unanswered = 0;
      const answeredAt = this.#clock.monotonic();
      // What it was told to do says nothing of the others.
      if (!this.#isExcused(answeredAt)) this.#lateness.note(answeredAt, answeredAt - now);
    };
    (this.remote as unknown as { ping(): Promise<void> }).ping().then(answered, () => {});
    // All workers at the same multiples of it: a page wakes up once for all of them.
    const next = Math.ceil(now / beatMs + 0.5) * beatMs;
    this.#due = next;
    this.#nextBeat = this.#clock.after(next - now, () => this.#beat());
  }

  #isExcused(now: number): boolean {
    for (const { until } of this.#excuses) if (now <= until) return true;
    return false;
  }
}
