import { until } from '../waits';
import { type Descriptors, rights } from './descriptors';
import { errno, WasiError } from './errno';
import { clockId } from './process-calls';
import type { ProgramIo } from './program-io';
import { serializeEvent } from './structures';
import type { WasiMemory } from './wasi-memory';

/** Values of `eventtype`. */
const eventType = { clock: 0, read: 1, write: 2 } as const;

/** Bit of `subclockflags`. */
const absolute = 1;

const subscriptionBytes = 48;
const eventBytes = 32;
const maxSubscriptions = 1024;

/** The longest that a timer of a browser waits, milliseconds; a longer wait is waited for in pieces. */
const longestWaitMs = 2 ** 31 - 1;

/** When something happens, and what the program is told of it then. */
interface Subscription {
  readonly userdata: bigint;
  readonly type: number;
  /** Of a clock: nanoseconds of the monotonic one. */
  readonly due?: bigint;
  /** The result, and how many bytes there are; undefined: not yet. */
  ready(): { readonly error: number; readonly bytes: number } | undefined;
}

export interface PollOptions {
  readonly memory: WasiMemory;
  readonly descriptors: Descriptors;
  readonly io: ProgramIo;
}

/** `poll_oneoff`: waits for the first of several things. What sleeps does it by this, too. */
export function pollCall({ memory, descriptors, io }: PollOptions) {
  const subscriptionAt = (at: number): Subscription => {
    const [userdata, type] = [memory.u64(at), memory.bytes(at + 8, 1)[0] ?? 0];
    if (type === eventType.clock) return clock(at, userdata);
    if (type !== eventType.read && type !== eventType.write) throw new WasiError('invalid');
    const number = memory.u32(at + 16);
    return { userdata, type, ready: () => descriptorReady(number, type) };
  };

  const clock = (at: number, userdata: bigint): Subscription => {
    const [id, timeout, flags] = [memory.u32(at + 16), memory.u64(at + 24), memory.u16(at + 40)];
    if (id > clockId.threadTime) throw new WasiError('invalid');
    const started = io.monotonic();
    const reference = id === clockId.realtime ? io.now() : started;
    const left = flags & absolute ? timeout - reference : timeout;
    const due = started + (left > 0n ? left : 0n);
    const over = { error: errno.success, bytes: 0 };
    return { userdata, type: eventType.clock, due, ready: () => (io.monotonic() >= due ? over : undefined) };
  };

  const descriptorReady = (number: number, type: number): { error: number; bytes: number } | undefined => {
    try {
      const found = descriptors.get(number);
      if (found.kind === 'directory') return { error: errno.badDescriptor, bytes: 0 };
      if (found.kind === 'stream') {
        const isReady = type === eventType.write || io.terminal.readable;
        return isReady ? { error: errno.success, bytes: 1 } : undefined;
      }
      const file = descriptors.file(number, type === eventType.read ? rights.read : rights.write);
      const bytes = type === eventType.read ? Math.max(0, file.inode.size - file.position) : 1;
      return { error: errno.success, bytes };
    } catch (thrown) {
      if (thrown instanceof WasiError) return { error: thrown.errno, bytes: 0 };
      throw thrown;
    }
  };

  return (input: number, output: number, count: number, result: number): void | Promise<void> => {
    if (count === 0 || count >>> 0 > maxSubscriptions) throw new WasiError('invalid');
    const subscriptions = Array.from({ length: count }, (_, index) =>
      subscriptionAt(input + index * subscriptionBytes),
    );
    memory.bytes(output, count * eventBytes);
    memory.setU32(result, 0);
    const look = (): true | undefined => {
      let events = 0;
      for (const { userdata, type, ready } of subscriptions) {
        const happened = ready();
        if (!happened) continue;
        memory.set(output + events * eventBytes, serializeEvent(userdata, happened.error, type, happened.bytes));
        events += 1;
      }
      if (events === 0) return undefined;
      memory.setU32(result, events);
      return true;
    };
    const msLeft = (): number | undefined => {
      const dues = subscriptions.flatMap(({ due }) => due ?? []);
      const first = dues.reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined);
      if (first === undefined) return undefined;
      return Math.min(longestWaitMs, Math.max(0, Number(first - io.monotonic()) / 1_000_000));
    };
    const done = until(io.terminal, look, msLeft);
    return done instanceof Promise ? done.then(() => {}) : undefined;
  };
}
