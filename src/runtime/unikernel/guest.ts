import type { Clock } from '../../base/clock';
import { createDeferred } from '../../base/deferred';
import type { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { ConsoleSender } from './console-sender';
import { endOf, type GuestEnd, GuestEnded } from './guest-end';
import { GuestMemory } from './guest-memory';
import { type GuestDevice, HostCalls } from './host-calls';
import { createProgram, type Program, type ProgramKind } from './program';
import type { TurnScheduler, TurnTaker } from './turn-scheduler';

export interface GuestOptions {
  readonly module: WebAssembly.Module;
  readonly kind: ProgramKind;
  readonly args: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  /** The share of a CPU that it gets at most: above 0; infinite for no limit. */
  readonly cpus: number;
  readonly console: ConsoleSender;
  /** In the order of the manifest. They are the guest's to dispose of. */
  readonly devices: readonly GuestDevice[];
  readonly scheduler: TurnScheduler;
  readonly clock: Clock;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** Called before the module gets the CPU. */
  readonly announce: () => void;
  /** Its memory, once it has one. */
  readonly onMemory: (memory: WebAssembly.Memory) => void;
  /** It has come to its end by itself, after it had begun. */
  readonly onEnd: (end: GuestEnd) => void;
}

export interface TurnCounters {
  turns: number;
  /** CPU time, milliseconds. */
  cpuMs: number;
  longestTurnMs: number;
}

/** One module in its worker: its memory, its devices and its turns. */
export class Guest implements TurnTaker, Disposable {
  readonly counters: TurnCounters = { turns: 0, cpuMs: 0, longestTurnMs: 0 };
  readonly #options: GuestOptions;
  readonly #memory = new GuestMemory();
  readonly #calls: HostCalls;
  readonly #program: Program;
  /** Resolves with the end when it comes before the module first waits. */
  readonly #begun = createDeferred<GuestEnd | undefined>();
  #running = false;
  #runningSince = 0;
  /** It waits: it can be given a turn. */
  #waiting = false;
  #up = false;
  #paused = false;
  #nudged = false;
  #ended = false;
  /** When it wants a turn though no device has anything for it. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  /** Until then its turns have taken more of the CPU than its share. */
  #restsUntilMs = 0;

  constructor(options: GuestOptions) {
    this.#options = options;
    const { devices, console, clock, random, args, config, kind } = options;
    this.#calls = new HostCalls({ memory: this.#memory, devices, console, clock, random, args, config });
    this.#program = createProgram(kind, {
      memory: this.#memory,
      calls: this.#calls,
      waits: (deadline) => this.#waits(deadline),
      ended: (end) => this.#finish(end),
    });
  }

  get devices(): readonly GuestDevice[] {
    return this.#options.devices;
  }

  /** Bytes of its memory. */
  get memoryBytes(): number {
    return this.#memory.size;
  }

  get invalidCalls(): number {
    return this.#calls.counters.invalidCalls;
  }

  /** Runs the module's beginning. Resolves when its network is up, or with its end if that came first. */
  async begin(): Promise<GuestEnd | undefined> {
    const { scheduler } = this.#options;
    scheduler.add(this);
    this.#run(() => this.#instantiate());
    const end = await this.#begun.promise;
    if (end || this.#ended) return end;
    this.#up = true;
    if (!this.#paused) this.#setLinks(true);
    // Its first turn comes when it has been told that it has begun: it may be a long one.
    scheduler.turnOver(this);
    return undefined;
  }

  get wantsTurn(): boolean {
    if (!this.#waiting || this.#paused || !this.#up) return false;
    const now = this.#options.clock.monotonic();
    return now >= this.#restsUntilMs && (this.#isWanted || now >= this.#deadlineMs);
  }

  get deadlineMs(): number {
    const rests = this.#options.clock.monotonic() < this.#restsUntilMs;
    return rests && this.#isWanted ? this.#restsUntilMs : Math.max(this.#restsUntilMs, this.#deadlineMs);
  }

  get #isWanted(): boolean {
    return this.#nudged || this.#calls.isReady;
  }

  turn(): void {
    const ready = this.#calls.ready();
    for (const device of this.#options.devices) ('nic' in device ? device.nic : device.disk).beginTurn();
    this.#nudged = false;
    this.#waiting = false;
    this.counters.turns += 1;
    this.#run(() => this.#program.resume(ready));
  }

  /** A device has something for the module. */
  wake(): void {
    this.#options.scheduler.wake(this);
  }

  /** A turn though nothing has happened. */
  nudge(): void {
    this.#nudged = true;
    this.wake();
  }

  pause(): void {
    this.#paused = true;
    this.#setLinks(false);
  }

  resume(): void {
    this.#paused = false;
    if (this.#up) this.#setLinks(true);
    this.wake();
  }

  /** No turn any more; resolves when what it wrote is durable, or cannot be. */
  async settle(): Promise<void> {
    this.pause();
    await Promise.all(this.#options.devices.map((device) => ('disk' in device ? device.disk.settle() : undefined)));
  }

  renewNic(index: number, port: MessagePort): void {
    const nic = this.#nics[index];
    if (nic) nic.renew(port);
    else port.close();
  }

  renewDisk(index: number, renewed: MessagePort | SandboxError): void {
    const disk = this.#disks[index];
    if (renewed instanceof Error) disk?.fail(renewed);
    else if (disk) disk.renew(renewed);
    else renewed.close();
  }

  dispose(): void {
    this.#ended = true;
    this.#waiting = false;
    this.#options.scheduler.remove(this);
    for (const device of this.#options.devices) ('nic' in device ? device.nic : device.disk).dispose();
    this.#options.console.close();
  }

  get #nics() {
    return this.#options.devices.flatMap((device) => ('nic' in device ? [device.nic] : []));
  }

  get #disks() {
    return this.#options.devices.flatMap((device) => ('disk' in device ? [device.disk] : []));
  }

  #setLinks(up: boolean): void {
    for (const nic of this.#nics) nic.up = up;
  }

  #instantiate(): void {
    const { solo5, strata } = this.#calls.imports;
    const imports = { solo5: { ...solo5, yield: this.#program.yield }, strata };
    const { exports } = instantiate(this.#options.module, imports);
    const memory = exports.memory as WebAssembly.Memory;
    this.#memory.attach(memory);
    this.#options.onMemory(memory);
    this.#program.begin(exports, memory);
  }

  /** Gives the module the CPU; what it throws is its end. It may go on after this returns, until it waits. */
  #run(work: () => void): void {
    this.#options.announce();
    this.#running = true;
    this.#runningSince = this.#options.clock.monotonic();
    try {
      work();
      // One that caught what ended it has ended all the same.
      if (this.#calls.end) this.#finish(this.#calls.end);
    } catch (thrown) {
      this.#finish(endOf(thrown));
    }
  }

  #waits(deadline: bigint): void {
    if (this.#ended) return;
    this.#stopTime();
    this.#waiting = true;
    this.#deadlineMs = deadline === never ? Number.POSITIVE_INFINITY : Number(deadline) / 1_000_000;
    this.#begun.resolve(undefined);
    // Such a module runs on after the call that woke it has returned.
    if (this.#options.kind === 'jspi') this.#options.scheduler.turnOver(this);
  }

  #stopTime(): void {
    if (!this.#running) return;
    this.#running = false;
    const { counters } = this;
    const { clock, cpus } = this.#options;
    const now = clock.monotonic();
    const took = now - this.#runningSince;
    if (cpus < 1) this.#restsUntilMs = now + took * (1 / cpus - 1);
    counters.cpuMs += took;
    counters.longestTurnMs = Math.max(counters.longestTurnMs, took);
    this.#options.console.flush();
    for (const disk of this.#disks) disk.endTurn();
  }

  #finish(end: GuestEnd): void {
    this.#stopTime();
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting = false;
    this.#begun.resolve(end);
    if (this.#up) this.#options.onEnd(end);
  }
}

/** Says apart that the browser has no room for one more memory. */
function instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, imports);
  } catch (thrown) {
    // Not the full stack of a start function, which is a RangeError, too.
    const isMemory = thrown instanceof RangeError && /memory/i.test(thrown.message);
    throw isMemory ? new GuestEnded({ kind: 'exhausted' }) : thrown;
  }
}

/** UINT64_MAX: for devices alone. */
const never = 0xffff_ffff_ffff_ffffn;
