import { GuestEnded } from '../../unikernel/guest-end';
import { WasiError } from './errno';
import type { ProgramIo } from './program-io';
import type { WasiMemory } from './wasi-memory';

/** Values of `clockid`. */
export const clockId = { realtime: 0, monotonic: 1, processTime: 2, threadTime: 3 } as const;

/** What `getrandom` of a browser gives at once, bytes. */
const maxRandomBytes = 65_536;

/** Without isolation a page's clock is 0.1 ms coarse; nanoseconds. */
const clockResolution = 100_000n;

export interface ProcessCallsOptions {
  readonly memory: WasiMemory;
  /** The first is the program's name. */
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly io: ProgramIo;
}

/** The calls of preview 1 about the process itself: what it was given, time, chance, its end. */
export function processCalls({ memory, args, env, io }: ProcessCallsOptions) {
  const startedAt = io.monotonic();
  const time = (id: number): bigint => {
    if (id === clockId.realtime) return io.now();
    if (id === clockId.monotonic) return io.monotonic();
    if (id === clockId.processTime || id === clockId.threadTime) return io.monotonic() - startedAt;
    throw new WasiError('invalid');
  };
  const [argList, envList] = [args, env].map(textList) as [TextList, TextList];
  const sizes = ({ starts, bytes }: TextList, count: number, size: number): void => {
    memory.setU32(count, starts.length);
    memory.setU32(size, bytes.length);
  };
  const copy = ({ starts, bytes }: TextList, pointers: number, buffer: number): void => {
    memory.set(buffer, bytes);
    for (const [index, start] of starts.entries()) memory.setU32(pointers + 4 * index, buffer + start);
  };

  return {
    args_sizes_get: (count: number, size: number) => sizes(argList, count, size),
    args_get: (pointers: number, buffer: number) => copy(argList, pointers, buffer),
    environ_sizes_get: (count: number, size: number) => sizes(envList, count, size),
    environ_get: (pointers: number, buffer: number) => copy(envList, pointers, buffer),
    clock_res_get(id: number, result: number) {
      time(id);
      memory.setU64(result, clockResolution);
    },
    clock_time_get: (id: number, _precision: bigint, result: number) => memory.setU64(result, time(id)),
    random_get(pointer: number, length: number) {
      const bytes = memory.bytes(pointer, length);
      for (let at = 0; at < bytes.length; at += maxRandomBytes) io.random(bytes.subarray(at, at + maxRandomBytes));
    },
    proc_exit(status: number) {
      throw new GuestEnded({ kind: 'exited', status: status | 0 });
    },
    /** As if a signal had ended it: nobody handles signals in preview 1. */
    proc_raise(signal: number) {
      throw new GuestEnded({ kind: 'exited', status: 128 + (signal & 127) });
    },
    sched_yield: () => {},
    // Preview 1 makes no sockets, so that there is no descriptor of any.
    sock_accept: noSocket,
    sock_recv: noSocket,
    sock_send: noSocket,
    sock_shutdown: noSocket,
  };
}

function noSocket(): never {
  throw new WasiError('notSocket');
}

/** Texts as C has them: one after the other, each with its NUL. */
interface TextList {
  readonly starts: readonly number[];
  readonly bytes: Uint8Array;
}

function textList(texts: readonly string[]): TextList {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(texts.map((text) => `${text}\0`).join(''));
  const starts: number[] = [];
  let at = 0;
  for (const text of texts) {
    starts.push(at);
    at += encoder.encode(text).length + 1;
  }
  return { starts, bytes };
}
