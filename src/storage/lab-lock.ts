import { type Clock, delay } from '../base/clock';
import { toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, toDisposable } from '../base/lifecycle';
import { withTimeout } from '../base/timeout';

/**
 * Whose the lab is, as this tab knows it.
 * - `owner`: this tab's. It alone runs machines and writes records.
 * - `other`: another tab's.
 * - `free`: nobody's: the tab that had it is gone. `takeOver` gets it at once.
 * - `lost`: another tab's, which took it from this one.
 * - `alone`: this browser cannot tell, so this tab works as if it were the only one.
 */
export type LabOwnership = 'owner' | 'other' | 'free' | 'lost' | 'alone';

/** One tab's view of the lab's one lock. Disposing it lets the lab go. */
export interface LabLock extends Disposable {
  readonly state: LabOwnership;
  readonly changes: Event<LabOwnership>;
  /** Why nobody can tell, for people; with `alone` only. */
  readonly reason?: string;
  /** What the owner does before it lets go to a tab that asks; after 5 s it lets go all the same. */
  beforeHandOver(save: () => Promise<void>): Disposable;
  /**
   * Makes this tab the owner. The present one is asked to save and let go, and the lab is taken from one that
   * does not answer within 2 s. Errors: `Unavailable`.
   */
  takeOver(): Promise<void>;
}

/** The part of a BroadcastChannel that is needed. */
export type LabChannel = Pick<BroadcastChannel, 'postMessage' | 'addEventListener' | 'close'>;

export interface LabLockOptions {
  /** Absent where the platform has none. */
  readonly locks: LockManager | undefined;
  /** Opens the channel on which the tabs of this lab talk; it may throw where storage is denied. */
  readonly channel: () => LabChannel;
  readonly clock: Clock;
  readonly name?: string;
}

/** Time for the owner to save before it lets go; milliseconds. */
export const handOverMs = 5000;

/** An owner that has not answered by now is frozen or busy beyond hope; milliseconds. */
export const answerMs = 2000;

/** Between the owner's last sign and the taking of the lock, for messages under way; milliseconds. */
const marginMs = 500;

/** How long the lab must stay without an owner to be called free: a reload takes less; milliseconds. */
const settleMs = 300;

/** A page this young is likely to be the reload of the owner it waits for, and takes what it leaves; milliseconds. */
const reloadMs = 1000;

/** Tries to get a lock that only watchers hold, for a moment each. */
const attempts = 10;
const attemptMs = 20;

/** `ask`: let me have it. `saving`: wait while I save. `owned`: I have it now. */
type Message = 'ask' | 'saving' | 'owned';

/** Takes the lab if it is free, and learns at once when it is not. */
export async function acquireLab(options: LabLockOptions): Promise<LabLock> {
  const { locks, channel, clock, name = 'strata-lab' } = options;
  if (!locks) return loneLab('this browser has no Web Locks here');
  let lab: SharedLab | undefined;
  try {
    lab = new SharedLab(locks, channel(), clock, name);
    await lab.begin();
    return lab;
  } catch (error) {
    lab?.dispose();
    return loneLab(toSandboxError(error).message);
  }
}

function loneLab(reason: string): LabLock {
  const nothing = toDisposable(() => undefined);
  return {
    state: 'alone',
    reason,
    changes: () => nothing,
    beforeHandOver: () => nothing,
    takeOver: async () => undefined,
    dispose: () => undefined,
  };
}

/** A lab that tabs share by an exclusive Web Lock; those who wait watch it by shared requests behind it. */
class SharedLab implements LabLock {
  readonly #locks: LockManager;
  readonly #channel: LabChannel;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #born: number;
  readonly #changed = new Emitter<LabOwnership>();
  readonly #savers = new Set<() => Promise<void>>();
  readonly #ended = new AbortController();
  #state: LabOwnership = 'other';
  #release: (() => void) | undefined;
  #watching = new AbortController();
  #taking: Promise<void> | undefined;
  #leaving = false;
  /** While this tab asks for the lab: the owner has answered, or there is a new owner to ask. */
  #onAnswer: ((message: 'saving' | 'owned') => void) | undefined;

  readonly changes = this.#changed.event;

  constructor(locks: LockManager, channel: LabChannel, clock: Clock, name: string) {
    this.#locks = locks;
    this.#channel = channel;
    this.#clock = clock;
    this.#name = name;
    this.#born = clock.monotonic();
    channel.addEventListener('message', ({ data }: MessageEvent<Message>) => this.#hear(data));
  }

  get state(): LabOwnership {
    return this.#state;
  }

  async begin(): Promise<void> {
    if (!(await this.#tryHold(this.#ended.signal))) this.#watch();
  }

  beforeHandOver(save: () => Promise<void>): Disposable {
    const entry = (): Promise<void> => save();
    this.#savers.add(entry);
    return toDisposable(() => this.#savers.delete(entry));
  }

  takeOver(): Promise<void> {
    this.#taking ??= this.#take().finally(() => {
      this.#taking = undefined;
    });
    return this.#taking;
  }

  dispose(): void {
    this.#ended.abort();
    this.#watching.abort();
    this.#channel.close();
    this.#changed.dispose();
    this.#savers.clear();
    this.#release?.();
  }

  async #take(): Promise<void> {
    if (this.#state === 'owner') return;
    this.#watching.abort();
    const waiting = new AbortController();
    const granted = this.#hold({ signal: AbortSignal.any([waiting.signal, this.#ended.signal]) });
    const patience = this.#ask();
    try {
      await Promise.race([granted, patience.over]);
      waiting.abort();
      if (!(await granted) && !this.#ended.signal.aborted) await this.#hold({ steal: true });
    } catch (error) {
      this.#watch();
      throw toSandboxError(error);
    } finally {
      patience.dispose();
    }
  }

  /** Asks the owner, and whoever becomes the owner meanwhile, to let go. */
  #ask(): Disposable & { readonly over: Promise<void> } {
    const over = new AbortController();
    let timer = this.#clock.after(answerMs, () => over.abort());
    let answered = false;
    this.#onAnswer = (message) => {
      if (message === 'owned') return this.#tell('ask');
      if (answered) return;
      answered = true;
      timer.dispose();
      timer = this.#clock.after(handOverMs + marginMs, () => over.abort());
    };
    this.#tell('ask');
    return {
      over: new Promise((resolve) => over.signal.addEventListener('abort', () => resolve())),
      dispose: () => {
        timer.dispose();
        this.#onAnswer = undefined;
      },
    };
  }

  #hear(message: Message): void {
    if (message === 'ask') {
      if (this.#state === 'owner') void this.#handOver();
      return;
    }
    this.#onAnswer?.(message);
    // There is an owner again: what was free is not, and the wait is for another's end.
    if (message === 'owned' && this.#state !== 'owner' && !this.#onAnswer) {
      if (this.#state === 'free') this.#become('other');
      this.#watch();
    }
  }

  async #handOver(): Promise<void> {
    this.#tell('saving');
    if (this.#leaving) return;
    this.#leaving = true;
    const saved = Promise.all([...this.#savers].map(async (save) => save()));
    // What could not be saved is for the saver to tell; it is no reason to keep others waiting.
    await withTimeout(this.#clock, handOverMs, 'Saving took too long', saved).catch(() => undefined);
    this.#leaving = false;
    this.#lose(this.#release);
  }

  /** Like `#hold`, of a lock that has no owner: others who watch it may be in the way for a moment. */
  async #tryHold(signal: AbortSignal): Promise<boolean> {
    for (let attempt = 1; attempt <= attempts && !signal.aborted; attempt += 1) {
      if (await this.#hold({ ifAvailable: true })) return true;
      if (await this.#isOwned()) return false;
      await delay(this.#clock, attemptMs, signal);
    }
    return false;
  }

  /** Whether the lock was granted. It is then held, and this tab is the owner, until it is let go or taken. */
  #hold(options: LockOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let release: (() => void) | undefined;
      const onGrant = (lock: Lock | null): Promise<void> | undefined => {
        if (!lock || this.#ended.signal.aborted) {
          resolve(false);
          return undefined;
        }
        return new Promise((end) => {
          release = end;
          this.#own(end);
          resolve(true);
        });
      };
      const held = this.#locks.request(this.#name, options, onGrant);
      held.catch((error: unknown) => {
        if (release) this.#lose(release);
        else if (options.signal?.aborted) resolve(false);
        else reject(error);
      });
    });
  }

  #own(release: () => void): void {
    this.#release = release;
    this.#watching.abort();
    this.#become('owner');
    this.#tell('owned');
  }

  /** Lets go of the lock that `release` ends, unless that has happened before. Who listens stops writing first. */
  #lose(release: (() => void) | undefined): void {
    if (!release || this.#release !== release) return;
    this.#release = undefined;
    this.#become('lost');
    release();
    this.#watch();
  }

  /** Waits, from now on, for the owner's end. */
  #watch(): void {
    this.#watching.abort();
    if (this.#ended.signal.aborted) return;
    this.#watching = new AbortController();
    // A lock manager that fails has nothing to tell; `takeOver` says so to who asks.
    this.#untilFree(this.#watching.signal).catch(() => undefined);
  }

  async #untilFree(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Shared, so that all who wait are told at once; nobody keeps it.
      await this.#locks.request(this.#name, { mode: 'shared', signal }, () => undefined);
      const young = this.#clock.monotonic() - this.#born < reloadMs && this.#state === 'other';
      if (young && (await this.#tryHold(signal))) return;
      await delay(this.#clock, settleMs, signal);
      if (signal.aborted || (await this.#isOwned()) || signal.aborted) continue;
      this.#become('free');
      return;
    }
  }

  async #isOwned(): Promise<boolean> {
    const { held = [] } = await this.#locks.query();
    return held.some(({ name, mode }) => name === this.#name && mode === 'exclusive');
  }

  #become(state: LabOwnership): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#changed.fire(state);
  }

  #tell(message: Message): void {
    if (!this.#ended.signal.aborted) this.#channel.postMessage(message);
  }
}
