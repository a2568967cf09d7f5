import type { HostedModule, HostedModuleOptions, HostModule } from '../../api/tender';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { parseMacAddress } from '../../formats/mac-address';
import { ConsoleSender } from './console-sender';
import { endOf, type GuestEnd } from './guest-end';
import { GuestMemory } from './guest-memory';
import { GuestNic } from './guest-nic';
import { HostCalls } from './host-calls';
import { createProgram, type Program } from './program';
import { TurnScheduler, type TurnTaker } from './turn-scheduler';

export interface ModuleHostOptions {
  readonly clock: Clock;
  /** Fills what it is given from a cryptographic generator. */
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/** What its one network device is called in its manifest. */
const deviceName = 'service';

/** Runs modules of ours in this thread, for code of ours that calls their exports: they share its turns. */
export function createModuleHost(options: ModuleHostOptions): HostModule {
  const scheduler = new TurnScheduler(options.clock);
  return (module) => new Hosted(module, { ...options, scheduler });
}

interface Surroundings extends ModuleHostOptions {
  readonly scheduler: TurnScheduler;
}

class Hosted implements HostedModule, TurnTaker {
  readonly exports: WebAssembly.Exports;
  readonly memory: WebAssembly.Memory;
  readonly #options: HostedModuleOptions;
  readonly #surroundings: Surroundings;
  readonly #nic: GuestNic;
  readonly #calls: HostCalls;
  readonly #console: ConsoleSender;
  readonly #program: Program;
  deadlineMs = Number.POSITIVE_INFINITY;
  #nudged = false;
  #asked = false;
  #over = false;

  constructor(options: HostedModuleOptions, surroundings: Surroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
    const { clock, random, scheduler } = surroundings;
    const { mac, mtu, port } = options.nic;
    const memory = new GuestMemory();
    this.#nic = new GuestNic({ mac: parseMacAddress(mac), mtu, port, wake: () => scheduler.wake(this) });
    this.#console = silentConsole();
    const devices = [{ name: deviceName, nic: this.#nic }];
    this.#calls = new HostCalls({
      memory,
      devices,
      console: this.#console,
      clock,
      random,
      args: options.args,
      config: {},
    });
    this.#program = createProgram('evented', {
      memory,
      calls: this.#calls,
      waits: (deadline) => {
        this.deadlineMs = deadline === never ? Number.POSITIVE_INFINITY : Number(deadline) / 1_000_000;
      },
      ended: (end) => this.#end(end),
    });
    try {
      const { solo5, strata } = this.#calls.imports;
      const imports = { solo5: { ...solo5, yield: this.#program.yield }, strata };
      this.exports = new WebAssembly.Instance(options.module, imports).exports;
      this.memory = memoryOf(this.exports);
      memory.attach(this.memory);
      this.#program.begin(this.exports, this.memory);
    } catch (thrown) {
      this.#nic.dispose();
      this.#console.close();
      throw thrown instanceof SandboxError ? thrown : errorOf(endOf(thrown), this.#console.lastLine);
    }
    scheduler.add(this);
    this.#nic.up = true;
    this.#nudge();
  }

  get wantsTurn(): boolean {
    if (this.#over) return false;
    return this.#nudged || this.#surroundings.clock.monotonic() >= this.deadlineMs || this.#calls.isReady;
  }

  turn(): void {
    const ready = this.#calls.ready();
    this.#nic.beginTurn();
    this.#nudged = false;
    this.#run(() => this.#program.resume(ready));
    if (!this.#over) this.#options.afterTurn();
  }

  call<T>(work: () => T): T {
    if (this.#over) throw new SandboxError('Unavailable', 'The module has ended');
    try {
      const result = work();
      this.#nudge();
      return result;
    } catch (thrown) {
      const end = endOf(thrown);
      this.#end(end);
      throw errorOf(end, this.#console.lastLine);
    }
  }

  renew(port: MessagePort): void {
    this.#nic.renew(port);
  }

  dispose(): void {
    if (this.#over) return;
    this.#over = true;
    this.#surroundings.scheduler.remove(this);
    this.#nic.dispose();
    this.#console.close();
  }

  /** A turn for what a call has begun, once whoever calls has returned. */
  #nudge(): void {
    if (this.#asked) return;
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
      this.#nudged = true;
      this.#surroundings.scheduler.wake(this);
    });
  }

  #run(work: () => void): void {
    try {
      work();
      if (this.#calls.end) this.#end(this.#calls.end);
    } catch (thrown) {
      this.#end(endOf(thrown));
    }
  }

  #end(end: GuestEnd): void {
    if (this.#over) return;
    const error = errorOf(end, this.#console.lastLine);
    this.dispose();
    this.#options.ended(error);
  }
}

/** UINT64_MAX: for devices alone. */
const never = 0xffff_ffff_ffff_ffffn;

/** Nobody reads it; its last line is for errors. */
function silentConsole(): ConsoleSender {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  return new ConsoleSender(port1);
}

function memoryOf({ memory }: WebAssembly.Exports): WebAssembly.Memory {
  if (memory instanceof WebAssembly.Memory) return memory;
  throw new SandboxError('InvalidArgument', 'The module does not export its memory');
}

function errorOf(end: GuestEnd, lastLine: string): SandboxError {
  const said = lastLine === '' ? '' : `; its last words were "${lastLine}"`;
  if (end.kind === 'exited')
    return new SandboxError('Unavailable', `The module ended with status ${end.status}${said}`);
  if (end.kind === 'aborted') return new SandboxError('Unavailable', `The module gave up${said}`);
  if (end.kind === 'exhausted') return new SandboxError('ResourceExhausted', 'There is no memory for the module');
  return new SandboxError('Internal', `The module crashed: ${end.message}${said}`);
}
