import { SandboxError } from '../../base/errors';
import { endOf, type GuestEnd } from './guest-end';
import type { GuestMemory } from './guest-memory';
import type { HostCalls } from './host-calls';
import { findJspi } from './jspi';
import { pageBytes } from './wasm-limits';

/** How a module is run. */
export type ProgramKind = 'evented' | 'jspi' | 'asyncify';

export interface ProgramHost {
  readonly memory: GuestMemory;
  readonly calls: HostCalls;
  /** The module has given up the CPU until a device is ready or that time, monotonic nanoseconds. */
  waits(deadline: bigint): void;
  /** The module has come to an end while nobody was in a call of it. */
  ended(end: GuestEnd): void;
}

/** One way to run a module. `begin` and `resume` may throw whatever the module does. */
export interface Program {
  /** The import `solo5.yield`. */
  readonly yield: WebAssembly.ImportValue;
  /** From its beginning until it first waits. */
  begin(exports: WebAssembly.Exports, memory: WebAssembly.Memory): void;
  /** After it has waited. */
  resume(ready: bigint): void;
}

export function createProgram(kind: ProgramKind, host: ProgramHost): Program {
  if (kind === 'evented') return new EventedProgram(host);
  return kind === 'jspi' ? new JspiProgram(host) : new AsyncifyProgram(host);
}

type Call = (...args: (number | bigint)[]) => unknown;

/** What a module exports under that name; checked before it was started. */
function exportOf(exports: WebAssembly.Exports, name: string): Call {
  const found = exports[name];
  if (typeof found !== 'function') throw new SandboxError('InvalidArgument', `The module does not export ${name}`);
  return found as Call;
}

function initialize(exports: WebAssembly.Exports): void {
  if (typeof exports._initialize === 'function') exportOf(exports, '_initialize')();
}

class EventedProgram implements Program {
  readonly #host: ProgramHost;
  #poll: Call | undefined;

  constructor(host: ProgramHost) {
    this.#host = host;
  }

  get yield(): WebAssembly.ImportValue {
    return () => this.#host.calls.misuse('yield', 'a poll under way: a module that is polled returns instead');
  }

  begin(exports: WebAssembly.Exports): void {
    initialize(exports);
    const status = Number(exportOf(exports, 'solo5_app_init')());
    if (status !== 0) this.#host.calls.exit(status);
    this.#poll = exportOf(exports, 'solo5_app_poll');
    // Its first poll says when it wants the next.
    this.#host.waits(0n);
  }

  resume(ready: bigint): void {
    this.#host.waits(BigInt.asUintN(64, BigInt(this.#poll?.(ready) as bigint)));
  }
}

interface Waiting {
  readonly readyAt: number;
  readonly resume: () => void;
}

/** Tells a module that waited what is ready. NULL is for who does not want to know. */
function tellReady({ memory, calls }: ProgramHost, readyAt: number, ready: bigint): void {
  if (readyAt === 0) return;
  if (memory.has(readyAt, 8)) memory.setU64(readyAt, ready);
  else calls.misuse('yield', 'a set outside of the memory');
}

/** The engine keeps the module's stack while it waits. */
class JspiProgram implements Program {
  readonly #host: ProgramHost;
  readonly #jspi = findJspi();
  #waiting: Waiting | undefined;

  constructor(host: ProgramHost) {
    this.#host = host;
  }

  get yield(): WebAssembly.ImportValue {
    if (!this.#jspi) throw new SandboxError('Unimplemented', 'This browser cannot wait in WebAssembly (no JSPI)');
    return new this.#jspi.Suspending((deadline: bigint, readyAt: number) => this.#wait(deadline, readyAt));
  }

  begin(exports: WebAssembly.Exports): void {
    initialize(exports);
    const main = this.#jspi?.promising(exportOf(exports, 'solo5_app_main'));
    main?.().then(
      (status) => this.#host.ended(this.#host.calls.end ?? { kind: 'exited', status: Number(status) }),
      (thrown: unknown) => this.#host.ended(endOf(thrown)),
    );
  }

  resume(ready: bigint): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = undefined;
    tellReady(this.#host, waiting.readyAt, ready);
    waiting.resume();
  }

  #wait(deadline: bigint, readyAt: number): Promise<void> {
    return new Promise((resume) => {
      this.#waiting = { readyAt, resume };
      this.#host.waits(BigInt.asUintN(64, BigInt(deadline)));
    });
  }
}

/** Where the stack is kept that asyncify unwinds: two pointers, and what they point into. */
const asyncifyHeader = 8;

/** The module itself winds up its stack, returns, and winds it down again when it is called the next time. */
class AsyncifyProgram implements Program {
  readonly #host: ProgramHost;
  #exports: WebAssembly.Exports = {};
  #stack = 0;
  #rewinding = false;
  #waiting: { readonly readyAt: number; readonly deadline: bigint } | undefined;

  constructor(host: ProgramHost) {
    this.#host = host;
  }

  get yield(): WebAssembly.ImportValue {
    return (deadline: bigint, readyAt: number) => this.#yield(deadline, readyAt);
  }

  begin(exports: WebAssembly.Exports, memory: WebAssembly.Memory): void {
    this.#exports = exports;
    initialize(exports);
    // A page of its own at the end of the memory: the module's allocator finds it taken and goes on behind it.
    this.#stack = memory.grow(1) * pageBytes;
    this.#call();
  }

  resume(ready: bigint): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = undefined;
    tellReady(this.#host, waiting.readyAt, ready);
    this.#rewinding = true;
    exportOf(this.#exports, 'asyncify_start_rewind')(this.#stack);
    this.#call();
  }

  #call(): void {
    const status = Number(exportOf(this.#exports, 'solo5_app_main')());
    if (!this.#waiting) this.#host.calls.exit(status);
    exportOf(this.#exports, 'asyncify_stop_unwind')();
    this.#host.waits(this.#waiting.deadline);
  }

  #yield(deadline: bigint, readyAt: number): void {
    if (this.#rewinding) {
      this.#rewinding = false;
      exportOf(this.#exports, 'asyncify_stop_rewind')();
      return;
    }
    const { memory } = this.#host;
    if (!memory.has(this.#stack, pageBytes)) this.#host.calls.misuse('yield', 'its memory gone');
    memory.setU32(this.#stack, this.#stack + asyncifyHeader);
    memory.setU32(this.#stack + 4, this.#stack + pageBytes);
    this.#waiting = { readyAt, deadline: BigInt.asUintN(64, BigInt(deadline)) };
    exportOf(this.#exports, 'asyncify_start_unwind')(this.#stack);
  }
}
