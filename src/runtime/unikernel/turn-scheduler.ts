import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';

/** What takes turns. */
export interface TurnTaker {
  /** Whether there is something for it to do now. */
  readonly wantsTurn: boolean;
  /** When it wants a turn whatever happens, on the monotonic clock in milliseconds; may be infinite. */
  readonly deadlineMs: number;
  turn(): void;
}

interface Place {
  queued: boolean;
  /** When the timer fires, if there is one. */
  timerAt: number;
  timer?: Disposable;
}

interface Later extends Disposable {
  ask(): void;
}

/**
 * Calls back in a turn of the event loop of its own, which no timer can do at once. Node hands a port a thousand
 * messages before it looks at the next, so a port that posts to itself would keep all others waiting there.
 */
function createLater(callback: () => void): Later {
  const { setImmediate } = globalThis as { readonly setImmediate?: (callback: () => void) => void };
  if (setImmediate) return { ask: () => setImmediate(callback), dispose() {} };
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = callback;
  return { ask: () => port2.postMessage(undefined), dispose: () => port1.close() };
}

/** The longest that a timer waits: browsers take no more than 2^31 ms. */
const longestTimerMs = 1_000_000_000;

/**
 * Gives the modules of one worker their turns. One that is woken has its turn at once, in the event that woke it;
 * one that wants more has the next after its neighbours', in a later turn of the event loop. No timer is in the way
 * of a frame; timers are for deadlines alone, and are left to fire early rather than set anew at each turn.
 */
export class TurnScheduler implements Disposable {
  readonly #clock: Clock;
  readonly #places = new Map<TurnTaker, Place>();
  readonly #later: Later;
  #queue: TurnTaker[] = [];
  #asked = false;
  #turning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#later = createLater(() => this.#round());
  }

  add(taker: TurnTaker): void {
    this.#places.set(taker, { queued: false, timerAt: Number.POSITIVE_INFINITY });
  }

  remove(taker: TurnTaker): void {
    this.#places.get(taker)?.timer?.dispose();
    this.#places.delete(taker);
  }

  /** Something has happened that the taker may want a turn for. */
  wake(taker: TurnTaker): void {
    const place = this.#places.get(taker);
    if (!place || place.queued) return;
    if (this.#turning) this.#enqueue(taker, place);
    else this.#give(taker, place);
  }

  /** The taker's turn went on after it had returned and is over now. */
  turnOver(taker: TurnTaker): void {
    const place = this.#places.get(taker);
    if (place && !place.queued) this.#next(taker, place);
  }

  dispose(): void {
    for (const taker of [...this.#places.keys()]) this.remove(taker);
    this.#later.dispose();
  }

  #give(taker: TurnTaker, place: Place): void {
    this.#turning = true;
    try {
      if (taker.wantsTurn) taker.turn();
    } finally {
      this.#turning = false;
    }
    // It may have come to its end.
    if (this.#places.has(taker) && !place.queued) this.#next(taker, place);
  }

  #next(taker: TurnTaker, place: Place): void {
    if (taker.wantsTurn) this.#enqueue(taker, place);
    else this.#setTimer(taker, place);
  }

  #enqueue(taker: TurnTaker, place: Place): void {
    place.queued = true;
    this.#queue.push(taker);
    if (this.#asked) return;
    this.#asked = true;
    this.#later.ask();
  }

  #round(): void {
    this.#asked = false;
    const queue = this.#queue;
    this.#queue = [];
    for (const taker of queue) {
      const place = this.#places.get(taker);
      if (!place) continue;
      place.queued = false;
      this.#give(taker, place);
    }
  }

  #setTimer(taker: TurnTaker, place: Place): void {
    const { deadlineMs } = taker;
    if (deadlineMs >= place.timerAt) return;
    place.timer?.dispose();
    const ms = Math.min(longestTimerMs, Math.max(1, Math.ceil(deadlineMs - this.#clock.monotonic())));
    place.timerAt = deadlineMs;
    place.timer = this.#clock.after(ms, () => {
      place.timerAt = Number.POSITIVE_INFINITY;
      delete place.timer;
      this.wake(taker);
    });
  }
}
