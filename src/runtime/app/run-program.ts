import { SandboxError } from '../../base/errors';
import { endOf, type GuestEnd, GuestEnded } from '../unikernel/guest-end';
import { findJspi } from '../unikernel/jspi';
import type { Waiting } from './program-terminal';
import { waitingCalls, wasiModule } from './wasi/call-names';
import type { Wasi } from './wasi/wasi';

export interface ProgramRun {
  readonly module: WebAssembly.Module;
  readonly wasi: Wasi;
  readonly waiting: Waiting;
  /** Called with the program's memory just before the program gets the CPU. */
  readonly begins: (memory: WebAssembly.Memory) => void;
}

/** Runs a program from its beginning to its end. Rejects with a `SandboxError` when it cannot be run any further. */
export async function runProgram({ module, wasi, waiting, begins }: ProgramRun): Promise<GuestEnd> {
  try {
    const jspi = waiting === 'jspi' ? findJspi() : undefined;
    const calls = Object.entries(wasi.calls).map(([name, call]) => {
      const suspends = jspi && waitingCalls.has(name);
      return [name, suspends ? new jspi.Suspending(call) : call] as const;
    });
    const imports = { [wasiModule]: Object.fromEntries(calls) as WebAssembly.ModuleImports };
    const { exports } = await instantiate(module, imports);
    const memory = exports.memory as WebAssembly.Memory;
    wasi.attach(memory);
    begins(memory);
    const start = exports._start as () => unknown;
    await (jspi ? jspi.promising(start)() : start());
    return wasi.end ?? { kind: 'exited', status: 0 };
  } catch (thrown) {
    if (thrown instanceof SandboxError) throw thrown;
    return wasi.end ?? endOf(thrown);
  }
}

/** Says apart that the browser has no room for one more memory. */
async function instantiate(
  module: WebAssembly.Module,
  imports: WebAssembly.Imports,
): Promise<{ exports: WebAssembly.Exports }> {
  try {
    return await WebAssembly.instantiate(module, imports);
  } catch (thrown) {
    const isMemory = thrown instanceof RangeError && /memory/i.test(thrown.message);
    throw isMemory ? new GuestEnded({ kind: 'exhausted' }) : thrown;
  }
}
