import type { AppSpec } from '../../api/app';
import type {
  Checkpoint,
  ConsoleAttachment,
  ConsoleOutput,
  Exit,
  Instance,
  InstanceState,
  Migration,
  Process,
  StartMethod,
} from '../../api/instance';
import type { NicAttachment } from '../../api/network';
import type { Operation } from '../../api/operation';
import type { StatSample } from '../../api/stats';
import type { Clock } from '../../base/clock';
import { SandboxError, serializeError, throwIfAborted, toSandboxError } from '../../base/errors';
import type { Event } from '../../base/events';
import { InstanceStateMachine, isLive } from '../instance-state';
import type { SupervisedWorker } from '../supervisor';
import type { GuestEnd } from '../unikernel/guest-end';
import type { AppService, PreparedRequest } from './app-protocol';
import { AppRun } from './app-run';
import { AppTerminal } from './app-terminal';
import type { ProgramFigures } from './shared-terminal';

/** A program that can be begun, once. */
export interface PreparedProgram {
  readonly request: PreparedRequest;
  /** What its network card is attached by, if it has one. */
  readonly nic: NicAttachment | undefined;
}

/** What an app is given by its driver. */
export interface AppResources {
  readonly clock: Clock;
  /** How long it may take until a program has begun, milliseconds. */
  readonly beginMs: number;
  /** All that the program is run with, but its terminal. */
  prepare(spec: AppSpec, operation: Operation): Promise<PreparedProgram>;
  spawn(name: string): SupervisedWorker<AppService>;
  /** Throws `ResourceExhausted` when it would not fit beside those that run. */
  assertRoom(): void;
  /** Throws `InvalidArgument` unless an instance can have that name. */
  assertName(name: string): void;
  disposed(): void;
}

/** Exit codes follow the shell: 128 and the number of a signal. */
const exitCode = { interrupted: 130, quit: 131, killed: 137, crashed: 139, terminated: 143 } as const;

/** How often a program is begun whose worker died or hung before it had. */
const mostAttempts = 3;

/** One program in a worker of its own. It starts anew after every end; nothing is saved. */
export class AppInstance implements Instance {
  readonly kind = 'app';
  readonly id: string;
  readonly states: Event<InstanceState>;
  readonly origin = [];
  readonly #resources: AppResources;
  readonly #state: InstanceStateMachine;
  readonly #terminal = new AppTerminal();
  #spec: AppSpec;
  #run: AppRun | undefined;
  #startMethod: StartMethod | undefined;
  #startNote: string | undefined;
  /** Counts starts: one that was overtaken by another must not touch that one's state. */
  #attempt = 0;

  constructor(id: string, spec: AppSpec, resources: AppResources) {
    this.id = id;
    this.#spec = spec;
    this.#resources = resources;
    this.#state = new InstanceStateMachine(() => resources.clock.now());
    this.states = this.#state.changed;
    this.#terminal.signals((signal) => {
      const code = signal === 'SIGINT' ? exitCode.interrupted : exitCode.quit;
      this.#end({ code, reason: signal === 'SIGINT' ? 'Interrupted (Ctrl+C)' : 'Quit (Ctrl+\\)' });
    });
  }

  get spec(): AppSpec {
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
    await this.#begin(operation);
  }

  async reset(operation: Operation = {}): Promise<void> {
    this.#state.require('reset', 'running');
    this.#endRun('Reset');
    await this.#begin(operation);
  }

  /** As a process that does not handle SIGTERM, which none of them can: it ends at once. */
  async stop(_graceMs: number): Promise<Exit> {
    this.#state.require('stop', 'running');
    const exit = { code: exitCode.terminated, reason: 'Stopped' };
    this.#end(exit);
    return exit;
  }

  async kill(): Promise<Exit> {
    this.#state.require('kill', 'starting', 'running');
    const exit = { code: exitCode.killed, reason: 'Killed' };
    this.#end(exit);
    return exit;
  }

  async pause(): Promise<void> {
    throw refused('cannot be paused', 'stop it');
  }

  async resume(): Promise<void> {
    throw refused('cannot be paused', 'start it');
  }

  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    return this.#terminal.attach(onOutput);
  }

  async stats(): Promise<StatSample> {
    this.#state.require('read the statistics', 'running');
    const at = this.#resources.clock.now();
    const { busyMs, runningSince, memoryBytes } = this.#terminal.figures ?? (await this.#figures());
    const busy = busyMs + (runningSince > 0 ? Math.max(0, at - runningSince) : 0);
    return {
      at,
      cpuMicros: Math.round(busy * 1000),
      memory: { total: memoryBytes, used: memoryBytes },
      network: { rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0 },
      disk: { readBytes: 0, writtenBytes: 0 },
      processes: 1,
    };
  }

  /** A program that has the CPU to itself is as alive as one that waits. */
  async ping(): Promise<void> {
    this.#state.require('ping', 'running');
  }

  async exec(): Promise<Process> {
    throw refused('is one program and has no shell', 'type into its terminal');
  }

  /** It is one program itself, and has none. */
  async programs(): Promise<readonly never[]> {
    return [];
  }

  async reattach(): Promise<Process> {
    throw refused('is one program and has no shell', 'type into its terminal');
  }

  async copyIn(): Promise<void> {
    throw refused('takes no files while it runs', 'give it files when you make it');
  }

  async copyOut(): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    throw refused('gives no files out', 'have it print what you want to keep');
  }

  async checkpoint(): Promise<Checkpoint> {
    throw refused('cannot be saved', 'start it anew');
  }

  async restore(): Promise<void> {
    throw refused('cannot be restored', 'start it anew');
  }

  async migrate(): Promise<Migration> {
    throw refused('does not move', 'start it anew');
  }

  /** Names are asked for over the network. */
  async updateHosts(): Promise<void> {}

  async rename(name: string): Promise<void> {
    this.#resources.assertName(name);
    this.#spec = { ...this.#spec, name };
  }

  async dispose(): Promise<void> {
    if (isLive(this.state.phase)) await this.kill();
    this.#terminal.disconnect();
    this.#resources.disposed();
  }

  async #figures(): Promise<ProgramFigures> {
    if (!this.#run) throw new SandboxError('Internal', 'A running app without a worker');
    return this.#run.figures();
  }

  async #begin(operation: Operation): Promise<void> {
    this.#state.enter('starting');
    this.#startNote = undefined;
    this.#attempt += 1;
    const attempt = this.#attempt;
    const isCurrent = (): boolean => attempt === this.#attempt && this.state.phase === 'starting';
    const cancel = (): void => {
      if (isCurrent()) this.#end({ code: exitCode.interrupted, reason: 'Canceled while starting' });
    };
    operation.signal?.addEventListener('abort', cancel);
    try {
      throwIfAborted(operation.signal);
      this.#resources.assertRoom();
      await this.#launch(operation, isCurrent);
      this.#startMethod = 'instantiated';
    } catch (thrown) {
      const canceled = operation.signal?.aborted;
      const error = canceled ? new SandboxError('Canceled', 'Canceled while starting') : toSandboxError(thrown);
      if (isCurrent()) this.#fail(error);
      throw error;
    } finally {
      operation.signal?.removeEventListener('abort', cancel);
    }
  }

  async #launch(operation: Operation, isCurrent: () => boolean): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#try(operation, isCurrent);
        break;
      } catch (thrown) {
        const { code, message } = toSandboxError(thrown);
        if (code !== 'Unavailable' || attempt === mostAttempts || !isCurrent()) throw thrown;
        // Told where people look: a start that takes twice as long as usual wants a reason.
        this.#endRun(message);
        this.#startNote = `${message}; it was begun again`;
        this.#terminal.say(`${message}: beginning again (${attempt + 1} of ${mostAttempts})`);
      }
    }
    this.#state.enter('running');
  }

  /** Resolves when the program has begun, in a worker of its own. */
  async #try(operation: Operation, isCurrent: () => boolean): Promise<void> {
    const { beginMs, clock } = this.#resources;
    operation.onProgress?.({ phase: 'Compiling the program' });
    const { request, nic } = await this.#resources.prepare(this.#spec, operation);
    const overtaken = (): SandboxError => new SandboxError('Aborted', 'The app was ended while it started');
    if (!isCurrent()) {
      nic?.detach();
      throw overtaken();
    }
    operation.onProgress?.({ phase: 'Starting the program' });
    const run: AppRun = new AppRun({
      clock,
      beginMs,
      nic,
      worker: this.#resources.spawn(`app ${this.#spec.name}`),
      printed: () => this.#terminal.over,
      ended: (end) => this.#run === run && this.#onEnd(end),
    });
    this.#run = run;
    const terminal = this.#terminal.connect(request.flavor === 'wasi' && request.waiting === 'shared');
    await run.start(this.#spec, { ...request, terminal });
    if (!isCurrent()) throw overtaken();
  }

  #onEnd(end: GuestEnd | SandboxError): void {
    if (end instanceof Error) this.#fail(end);
    else if (end.kind === 'exited') {
      const reason = end.status === 0 ? 'Exited' : `Exited with status ${end.status}`;
      this.#end({ code: end.status & 0xff, reason });
    } else {
      const why = end.kind === 'crashed' ? `crashed: ${end.message}` : 'gave up';
      this.#fail(new SandboxError('Aborted', `The program ${why}`), exitCode.crashed);
    }
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
    run?.terminate(`The app ${this.#spec.name} has ended: ${reason}`);
    this.#terminal.disconnect();
  }
}

function refused(what: string, instead: string): SandboxError {
  return new SandboxError('FailedPrecondition', `An app ${what}: ${instead}`);
}
