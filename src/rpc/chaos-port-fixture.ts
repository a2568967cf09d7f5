import { type Clock, delay, systemClock } from '../base/clock';
import type { Disposable } from '../base/lifecycle';
import type { SeededRandom } from '../base/seeded-random';

export interface ChaosOptions {
  readonly random: SeededRandom;
  /** Probabilities for a message, from 0 to 1. */
  readonly drop?: number;
  readonly duplicate?: number;
  /** Of changing places with the next message of its direction. */
  readonly reorder?: number;
  /** Of waiting up to `delayMs`; later messages pass it. */
  readonly delay?: number;
  readonly delayMs?: number;
  readonly clock?: Clock;
}

/** What became of the messages, of both directions. */
export interface ChaosCounters {
  readonly taken: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly delayed: number;
}

/** A port whose messages go astray on the way to and from another one. */
export interface ChaosPort extends Disposable {
  /** Give this away in place of the port that was handed in. */
  readonly port: MessagePort;
  readonly counters: ChaosCounters;
  /** Delivers the messages that wait for one to change places with. */
  flush(): void;
}

/** For tests: loses, doubles, swaps and delays messages. What they carry is copied; ports in them move. */
export function createChaosPort(inner: MessagePort, options: ChaosOptions): ChaosPort {
  const { port1, port2 } = new MessageChannel();
  const counters = { taken: 0, delivered: 0, dropped: 0, duplicated: 0, reordered: 0, delayed: 0 };
  const ended = new AbortController();
  const directions = [relay(port2, inner), relay(inner, port2)];

  function relay(from: MessagePort, to: MessagePort): { flush(): void } {
    const {
      random,
      drop = 0,
      duplicate = 0,
      reorder = 0,
      delay: late = 0,
      delayMs = 10,
      clock = systemClock,
    } = options;
    let held: (() => void) | undefined;
    const flush = (): void => {
      const deliver = held;
      held = undefined;
      deliver?.();
    };
    from.onmessage = ({ data, ports }: MessageEvent) => {
      counters.taken += 1;
      const deliver = (): void => {
        if (ended.signal.aborted) return;
        counters.delivered += 1;
        to.postMessage(data, [...ports]);
      };
      if (random.chance(drop)) {
        counters.dropped += 1;
        return;
      }
      if (random.chance(late)) {
        counters.delayed += 1;
        void delay(clock, random.below(delayMs + 1), ended.signal).then(deliver);
        return;
      }
      if (!held && random.chance(reorder)) {
        counters.reordered += 1;
        held = deliver;
        return;
      }
      deliver();
      if (ports.length === 0 && random.chance(duplicate)) {
        counters.duplicated += 1;
        deliver();
      }
      flush();
    };
    return { flush };
  }

  return {
    port: port1,
    counters,
    flush: () => {
      for (const direction of directions) direction.flush();
    },
    dispose() {
      ended.abort();
      port2.close();
      inner.close();
    },
  };
}
