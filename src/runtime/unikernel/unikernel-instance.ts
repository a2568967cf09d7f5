import type {
  Checkpoint,
  ConsoleAttachment,
  ConsoleOutput,
  Exit,
  Instance,
  InstanceResources,
  InstanceState,
  Migration,
  Process,
  StartMethod,
} from '../../api/instance';
import type { Operation } from '../../api/operation';
import type { StatSample } from '../../api/stats';
import type { UnikernelSpec } from '../../api/unikernel';
import { type Clock, delay } from '../../base/clock';
import { parseError, SandboxError, serializeError, throwIfAborted, toSandboxError } from '../../base/errors';
import type { Event } from '../../base/events';
import { InstanceStateMachine, isLive } from '../instance-state';
import { ConsoleClient } from '../vm/console-client';
import type { GuestEnd } from './guest-end';
import type { RunnableModule } from './module-cache';
import type { TenderHost } from './tender-pool';
import type { RunKey } from './tender-protocol';
import { UnikernelRun } from './unikernel-run';

/** What a unikernel is given by its driver. */
export interface UnikernelResources {
  readonly clock: Clock;
  /** What surrounds it: networks and disks. Without, it has none. */
  readonly surroundings: InstanceResources | undefined;
  module(image: string, memoryMiB: number, operation: Operation): Promise<RunnableModule>;
  /** A worker with room for one more. */
  host(module: RunnableModule): TenderHost;
  nextKey(): RunKey;
  /** Frees what modules that have ended still take, where there was no memory for another. */
  collect(): Promise<void>;
  /** It runs: a moment to make the next worker ready. */
  started(): void;
  /** Throws `ResourceExhausted` when it would not fit beside those that run. */
  assertMemory(): void;
  /** Throws `InvalidArgument` unless an instance can have that name. */
  assertName(name: string): void;
  disposed(): void;
}

/** Exit codes follow the shell: 128 + SIGKILL, 128 + SIGABRT, 128 + SIGSEGV, and 130 for what a person canceled. */
const exitCode = { killed: 137, aborted: 134, crashed: 139, canceled: 130 } as const;

/** How often one is started again after its worker was ended for another's fault, before that is taken for its own. */
const maxRestarts = 5;

/** A unikernel: one module, which runs in a worker beside others. It starts anew after every end; nothing is saved. */
export class UnikernelInstance implements Instance {
  readonly kind = 'unikernel';
  readonly id: string;
  readonly states: Event<InstanceState>;
  readonly origin = [];
  readonly #resources: UnikernelResources;
  readonly #state: InstanceStateMachine;
  readonly #console = new ConsoleClient();
  #spec: UnikernelSpec;
  #run: UnikernelRun | undefined;
  #startMethod: StartMethod | undefined;
  #startNote: string | undefined;
  /** Counts starts: one that was overtaken by another must not touch that one's state. */
  #attempt = 0;
  #restarts = 0;
  /** How it ended in its first turns, before it was known that it had begun. */
  #earlyEnd: GuestEnd | undefined;

  constructor(id: string, spec: UnikernelSpec, resources: UnikernelResources) {
    this.id = id;
    this.#spec = spec;
    this.#resources = resources;
    this.#state = new InstanceStateMachine(() => resources.clock.now());
    this.states = this.#state.changed;
  }

  get spec(): UnikernelSpec {
    return this.#spec;
  }

  get state(): InstanceState {
    return this.#state.current;
  }

  get startMethod(): StartMethod | undefined {
    return this.#startMethod;
  }

  get startNote(): string | undefined {
    return this.#startNote;
  }

  async start(operation: Operation = {}): Promise<void> {
    this.#state.require('start', 'created', 'stopped', 'failed');
    this.#startNote = undefined;
    this.#restarts = 0;
    await this.#begin(operation);
  }

  async reset(operation: Operation = {}): Promise<void> {
    this.#state.require('reset', 'running', 'paused');
    this.#endRun('Reset');
    this.#startNote = undefined;
    this.#restarts = 0;
    await this.#begin(operation);
  }

  /** It has no power button: it gets no turn any more, and ends when what it wrote is durable. */
  async stop(graceMs: number): Promise<Exit> {
    this.#state.require('stop', 'running', 'paused');
    const run = this.#require();
    this.#state.enter('stopping');
    const waiting = new AbortController();
    const settled = run.settle().then(
      (): Exit => ({ code: 0, reason: 'Stopped' }),
      (thrown: unknown): Exit => ({ code: exitCode.killed, reason: toSandboxError(thrown).message }),
    );
    const overdue = delay(this.#resources.clock, graceMs, waiting.signal).then((): Exit => {
      const seconds = Math.round(graceMs / 1000);
      return { code: exitCode.killed, reason: `Killed: its disks took longer than ${seconds} s` };
    });
    const exit = await Promise.race([settled, overdue]);
    waiting.abort();
    this.#end(exit);
    return this.state.exit ?? exit;
  }

  async kill(): Promise<Exit> {
    this.#state.require('kill', 'starting', 'running', 'paused', 'stopping');
    const exit = { code: exitCode.killed, reason: 'Killed' };
    this.#end(exit);
    return exit;
  }

  async pause(): Promise<void> {
    this.#state.require('pause', 'running');
    const run = this.#require();
    await run.remote.pause(run.key);
    if (this.#run === run) this.#state.enter('paused');
  }

  async resume(): Promise<void> {
    this.#state.require('resume', 'paused');
    const run = this.#require();
    await run.remote.resume(run.key);
    if (this.#run === run) this.#state.enter('running');
  }

  /** It reads nothing from its console. */
  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    return this.#console.attach(onOutput);
  }

  async stats(): Promise<StatSample> {
    this.#state.require('read the statistics', 'running');
    const run = this.#require();
    const sample = await run.remote.sample(run.key);
    return { ...sample, at: this.#resources.clock.now(), processes: 1 };
  }

  async ping(): Promise<void> {
    this.#state.require('ping', 'running');
    const run = this.#require();
    await run.remote.nudge(run.key);
  }

  async exec(): Promise<Process> {
    throw refused('runs one program and has no shell', 'look at its console, or talk to it over the network');
  }

  /** It is one program itself, and has none. */
  async programs(): Promise<readonly never[]> {
    return [];
  }

  async reattach(): Promise<Process> {
    throw refused('runs one program and has no shell', 'look at its console, or talk to it over the network');
  }

  async copyIn(): Promise<void> {
    throw refused('has no files of its own', 'give it files by its configuration');
  }

  async copyOut(): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    throw refused('has no files of its own', 'ask for them over the network');
  }

  async checkpoint(): Promise<Checkpoint> {
    throw refused('cannot be saved', 'start another one: it is there in milliseconds');
  }

  async restore(): Promise<void> {
    throw refused('cannot be restored', 'start it anew');
  }

  async migrate(): Promise<Migration> {
    throw refused('does not move', 'start it anew: it is there in milliseconds');
  }

  /** Names are asked for over the network. */
  async updateHosts(): Promise<void> {}

  /** It learns its name when it starts. */
  async rename(name: string): Promise<void> {
    this.#resources.assertName(name);
    this.#spec = { ...this.#spec, name };
  }

  async dispose(): Promise<void> {
    if (isLive(this.state.phase)) await this.kill();
    this.#console.disconnect();
    this.#resources.disposed();
  }

  #require(): UnikernelRun {
    if (!this.#run) throw new SandboxError('Internal', 'A running unikernel without a worker');
    return this.#run;
  }

  /** Takes a worker and leaves the instance running, stopped or failed. */
  async #begin(operation: Operation): Promise<void> {
    this.#state.enter('starting');
    this.#attempt += 1;
    const attempt = this.#attempt;
    const isCurrent = (): boolean => attempt === this.#attempt && this.state.phase === 'starting';
    const cancel = (): void => {
      if (isCurrent()) this.#end({ code: exitCode.canceled, reason: 'Canceled while starting' });
    };
    operation.signal?.addEventListener('abort', cancel);
    try {
      throwIfAborted(operation.signal);
      this.#resources.assertMemory();
      const end = await this.#launch(operation, isCurrent);
      if (!isCurrent()) throw new SandboxError('Aborted', 'The unikernel was ended while it started');
      this.#startMethod = 'instantiated';
      if (end) this.#onEndWhileStarting(end);
      else this.#onBegun();
    } catch (thrown) {
      const error = operation.signal?.aborted
        ? new SandboxError('Canceled', 'Canceled while starting')
        : toSandboxError(thrown);
      if (isCurrent()) this.#fail(error);
      // Why it failed is known better than that its worker has gone.
      const { error: reason } = this.state;
      throw reason && attempt === this.#attempt ? parseError(reason) : error;
    } finally {
      operation.signal?.removeEventListener('abort', cancel);
    }
    this.#resources.started();
  }

  async #launch(operation: Operation, isCurrent: () => boolean): Promise<GuestEnd | undefined> {
    const { image, memoryMiB } = this.#spec;
    operation.onProgress?.({ phase: 'Compiling the module' });
    const module = await this.#resources.module(image, memoryMiB, operation);
    let collected = false;
    for (;;) {
      if (!isCurrent()) return undefined;
      const run = this.#newRun(module);
      try {
        const end = await run.start(this.#spec, module, this.#console.connect());
        if (end) await this.#console.drained;
        if (end?.kind !== 'exhausted') return end;
        if (collected) throw noRoom();
        collected = true;
        this.#endRun('There was no memory for it');
        await this.#resources.collect();
      } catch (thrown) {
        if (this.#earlyEnd) return undefined;
        // A neighbour took the worker with it: another worker, another try.
        if (this.#run !== run && isCurrent() && this.#restarts <= maxRestarts) continue;
        throw thrown;
      }
    }
  }

  #newRun(module: RunnableModule): UnikernelRun {
    const run: UnikernelRun = new UnikernelRun(this.#resources.nextKey(), this.#resources.host(module), {
      surroundings: this.#resources.surroundings,
      // Who sees that it has ended finds all that it said, which its worker sent before.
      ended: (end) => void this.#console.drained.then(() => this.#run === run && this.#onEnd(end)),
      lost: (error, blamed) => this.#run === run && this.#onLost(error, blamed),
    });
    this.#run = run;
    this.#earlyEnd = undefined;
    return run;
  }

  /** A program that has done its work and ends with 0 before it ever waits has run well. */
  #onEndWhileStarting(end: GuestEnd): void {
    if (end.kind === 'exited' && end.status === 0) {
      this.#state.enter('running');
      this.#conclude(end);
      return;
    }
    this.#conclude(end);
    throw new SandboxError('Aborted', `The unikernel ended while it started: ${describe(end)}`);
  }

  #onBegun(): void {
    this.#state.enter('running');
    if (this.#earlyEnd) this.#onEnd(this.#earlyEnd);
  }

  #onEnd(end: GuestEnd): void {
    if (this.state.phase === 'starting') {
      this.#earlyEnd = end;
      return;
    }
    this.#conclude(end);
  }

  #conclude(end: GuestEnd): void {
    if (end.kind === 'exited') {
      const reason = end.status === 0 ? 'Exited' : `Exited with status ${end.status}`;
      this.#end({ code: end.status & 0xff, reason });
      return;
    }
    if (end.kind === 'exhausted') {
      this.#fail(noRoom());
      return;
    }
    const code = end.kind === 'aborted' ? exitCode.aborted : exitCode.crashed;
    this.#fail(new SandboxError('Aborted', `The unikernel ${describe(end)}`), code);
  }

  /** Who kept the CPU to itself fails; the others begin again in another worker. */
  #onLost(error: SandboxError, blamed: boolean): void {
    const { name } = this.#spec;
    const { phase } = this.state;
    if (phase === 'stopping') {
      this.#end({ code: exitCode.killed, reason: error.message });
      return;
    }
    this.#restarts += 1;
    if (blamed) {
      const message = `${name} did not give the CPU back within 0.45 s and was ended: it may be in an endless loop`;
      this.#fail(new SandboxError('ResourceExhausted', message, { cause: error, details: { instance: this.id } }));
      return;
    }
    if (this.#restarts > maxRestarts) {
      this.#fail(new SandboxError('Unavailable', `${name} lost its worker ${this.#restarts} times: ${error.message}`));
      return;
    }
    this.#startNote = 'Started again in another worker: a neighbour had kept this one to itself';
    this.#endRun(error.message);
    if (phase === 'starting') return;
    this.#begin({}).catch(() => {});
  }

  #end(exit: Exit): void {
    if (!isLive(this.state.phase)) return;
    this.#endRun(exit.reason);
    this.#state.enter('stopped', { exit });
  }

  #fail(error: SandboxError, code: number = exitCode.killed): void {
    if (!isLive(this.state.phase)) return;
    this.#endRun(error.message);
    this.#state.enter('failed', { exit: { code, reason: error.message }, error: serializeError(error) });
  }

  #endRun(reason: string): void {
    const run = this.#run;
    this.#run = undefined;
    // What it printed last may be on its way to the console still.
    this.#console.leave();
    run?.end(new SandboxError('Aborted', `The unikernel ${this.#spec.name} has ended: ${reason}`));
  }
}

function noRoom(): SandboxError {
  return new SandboxError('ResourceExhausted', 'The browser has no memory for one more module: stop another one');
}

function describe(end: GuestEnd): string {
  if (end.kind === 'exhausted') return 'had no memory';
  if (end.kind === 'exited') return `exited with status ${end.status}`;
  if (end.kind === 'crashed') return `crashed: ${end.message}`;
  return end.lastLine === '' ? 'aborted' : `aborted: ${end.lastLine}`;
}

function refused(what: string, instead: string): SandboxError {
  return new SandboxError('FailedPrecondition', `A unikernel ${what}: ${instead}`);
}
