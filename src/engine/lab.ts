import type {
  Instance,
  InstanceDriver,
  InstanceId,
  InstanceKind,
  InstanceSpec,
  InstanceState,
  StartMethod,
} from '../api/instance';
import type { Operation } from '../api/operation';
import { type Clock, delay } from '../base/clock';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { checkName, defaultName } from './instance-names';
import { type StatReading, StatSampler } from './stat-sampler';
import { type Task, type TaskId, Tasks } from './tasks';

/** What is done to an instance; each is run as a task. */
export type LabAction = 'start' | 'stop' | 'kill' | 'pause' | 'resume' | 'reset' | 'remove';

/** What anyone may know of an instance; each change makes a new record. */
export interface InstanceRecord {
  readonly id: InstanceId;
  readonly name: string;
  readonly spec: InstanceSpec;
  readonly state: InstanceState;
  readonly startMethod?: StartMethod;
  /** Why it did not start the fast way, in plain words. */
  readonly startNote?: string;
  /** When the machine last began to run, milliseconds since the epoch; pauses do not count anew. */
  readonly runningSince?: number;
  /** The task that works on it now. */
  readonly task?: { readonly id: TaskId; readonly action: LabAction };
}

/** A spec in which the name may be left to the lab. */
export type InstanceDraft = Omit<InstanceSpec, 'name'> & { readonly name?: string };

export interface LabOptions {
  readonly drivers: readonly InstanceDriver[];
  readonly clock: Clock;
  /** How long a guest may take to power off before it is killed, milliseconds. */
  readonly stopGraceMs?: number;
  /** How long a removal can be taken back (by canceling its task), milliseconds. */
  readonly removeGraceMs?: number;
}

/** Instances that may exist at once; the machine's memory ends long before. */
const instanceLimit = 256;

interface Entry {
  readonly instance: Instance;
  readonly stateListener: Disposable;
  runningSince?: number;
  task?: { readonly id: TaskId; readonly action: LabAction };
}

/**
 * The instances of this page and everything that is done to them. Words come in by methods, facts go out
 * as events; nobody has to ask twice.
 */
export class Lab implements Disposable {
  readonly tasks: Tasks<LabAction>;
  readonly #clock: Clock;
  readonly #drivers: ReadonlyMap<InstanceKind, InstanceDriver>;
  readonly #stopGraceMs: number;
  readonly #removeGraceMs: number;
  readonly #entries = new Map<InstanceId, Entry>();
  readonly #changes = new Emitter<readonly InstanceRecord[]>();
  readonly #sampler: StatSampler;
  readonly #disposables = new DisposableStore();

  constructor(options: LabOptions) {
    this.#clock = options.clock;
    this.#drivers = new Map(options.drivers.map((driver) => [driver.kind, driver]));
    this.#stopGraceMs = options.stopGraceMs ?? 10_000;
    this.#removeGraceMs = options.removeGraceMs ?? 8_000;
    this.tasks = new Tasks(options.clock);
    this.#sampler = this.#disposables.add(new StatSampler(options.clock, () => this.#running()));
  }

  /** Fires with all records whenever one has changed. */
  get changes(): Event<readonly InstanceRecord[]> {
    return this.#changes.event;
  }

  /** Readings of running instances, every second while anybody listens. */
  get stats(): Event<StatReading> {
    return this.#sampler.readings;
  }

  /** In the order of their creation. */
  list(): readonly InstanceRecord[] {
    return [...this.#entries.values()].map(toRecord);
  }

  /** The instance itself, for its console and programs. `NotFound` when there is none. */
  instance(id: InstanceId): Instance {
    return this.#entry(id).instance;
  }

  /** `InvalidArgument`, `AlreadyExists` or `ResourceExhausted` say why a spec cannot be had. */
  create(draft: InstanceDraft): InstanceRecord {
    if (this.#entries.size >= instanceLimit) {
      throw new SandboxError(
        'ResourceExhausted',
        `There are ${instanceLimit} instances already, the most there can be: remove one`,
      );
    }
    const taken = new Set([...this.#entries.values()].map((entry) => entry.instance.spec.name));
    const name = draft.name ?? defaultName(draft.kind, taken);
    checkName(name, taken);
    const spec: InstanceSpec = { ...draft, name };
    const driver = this.#checked(spec);
    const instance = driver.create(spec);
    const stateListener = instance.states((state) => this.#stateChanged(instance.id, state));
    const entry: Entry = { instance, stateListener };
    this.#entries.set(instance.id, entry);
    this.#fire();
    return toRecord(entry);
  }

  start(id: InstanceId): Task {
    return this.#act(id, 'start', true, (instance, operation) => {
      this.#checked(instance.spec);
      return instance.start(operation);
    });
  }

  stop(id: InstanceId): Task {
    return this.#act(id, 'stop', false, (instance) => instance.stop(this.#stopGraceMs));
  }

  /** Ends the machine at once, and whatever task is at work on it. */
  kill(id: InstanceId): Task {
    this.#interrupt(this.#entry(id));
    return this.#act(id, 'kill', false, (instance) => instance.kill());
  }

  pause(id: InstanceId): Task {
    return this.#act(id, 'pause', false, (instance) => instance.pause());
  }

  resume(id: InstanceId): Task {
    return this.#act(id, 'resume', false, (instance) => instance.resume());
  }

  reset(id: InstanceId): Task {
    return this.#act(id, 'reset', true, (instance, operation) => instance.reset(operation));
  }

  /** Removes after a time of grace, in which canceling the task puts everything back as it was. */
  remove(id: InstanceId): Task {
    this.#interrupt(this.#entry(id));
    return this.#act(id, 'remove', true, (instance, operation) => this.#remove(instance, operation));
  }

  /** Ends all machines. */
  async close(): Promise<void> {
    const instances = [...this.#entries.values()].map((entry) => entry.instance);
    this.dispose();
    await Promise.allSettled(instances.map((instance) => instance.dispose()));
  }

  dispose(): void {
    for (const entry of this.#entries.values()) entry.stateListener.dispose();
    this.#entries.clear();
    this.#changes.dispose();
    this.#disposables.dispose();
  }

  async #remove(instance: Instance, operation: Required<Operation>): Promise<void> {
    const wasRunning = instance.state.phase === 'running';
    if (wasRunning) await instance.pause();
    operation.onProgress({ phase: 'Waiting, in case you change your mind' });
    await delay(this.#clock, this.#removeGraceMs, operation.signal);
    if (operation.signal.aborted) {
      if (wasRunning) await instance.resume();
      throw new SandboxError('Canceled', 'Canceled');
    }
    operation.onProgress({ phase: 'Ending the machine' });
    await instance.dispose();
    this.#entries.get(instance.id)?.stateListener.dispose();
    this.#entries.delete(instance.id);
  }

  #act(
    id: InstanceId,
    action: LabAction,
    cancelable: boolean,
    work: (instance: Instance, operation: Required<Operation>) => Promise<unknown>,
  ): Task {
    const entry = this.#entry(id);
    const { name } = entry.instance.spec;
    if (entry.task) {
      throw new SandboxError(
        'FailedPrecondition',
        `${name} is busy (${entry.task.action}): wait for that, or cancel it first`,
      );
    }
    const task = this.tasks.run({ kind: action, subject: name, cancelable }, async (operation) => {
      // One turn later, so that the entry knows its task before the work can change anything.
      await Promise.resolve();
      try {
        await work(entry.instance, operation);
      } finally {
        if (entry.task?.id === task.id) delete entry.task;
        this.#fire();
      }
    });
    entry.task = { id: task.id, action };
    this.#fire();
    return task;
  }

  /** Takes the instance from the task that works on it, so that another can. */
  #interrupt(entry: Entry): void {
    if (!entry.task) return;
    const { id, action } = entry.task;
    if (action === 'remove')
      throw new SandboxError('FailedPrecondition', `${entry.instance.spec.name} is being removed: undo that first`);
    if (this.tasks.get(id).cancelable) this.tasks.cancel(id);
    delete entry.task;
  }

  #checked(spec: InstanceSpec): InstanceDriver {
    const driver = this.#drivers.get(spec.kind);
    if (!driver) throw new SandboxError('Unimplemented', `No driver for instances of kind "${spec.kind}"`);
    const problems = driver.check(spec);
    if (problems.length === 0) return driver;
    const details = Object.fromEntries(problems.map((problem) => [problem.field, problem.message]));
    throw new SandboxError('InvalidArgument', problems.map((problem) => problem.message).join('; '), { details });
  }

  #entry(id: InstanceId): Entry {
    const entry = this.#entries.get(id);
    if (!entry) throw new SandboxError('NotFound', `No such instance: ${id}`);
    return entry;
  }

  #running(): readonly Instance[] {
    const instances = [...this.#entries.values()].map((entry) => entry.instance);
    return instances.filter((instance) => instance.state.phase === 'running');
  }

  #stateChanged(id: InstanceId, state: InstanceState): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    if (state.phase === 'running') entry.runningSince ??= state.since;
    else if (state.phase !== 'paused') delete entry.runningSince;
    this.#fire();
  }

  #fire(): void {
    this.#changes.fire(this.list());
  }
}

/** A lab without instances. */
export function createLab(options: LabOptions): Lab {
  return new Lab(options);
}

function toRecord({ instance, runningSince, task }: Entry): InstanceRecord {
  const { id, spec, state, startMethod, startNote } = instance;
  return {
    id,
    name: spec.name,
    spec,
    state,
    ...(startMethod === undefined ? {} : { startMethod }),
    ...(startNote === undefined ? {} : { startNote }),
    ...(runningSince === undefined ? {} : { runningSince }),
    ...(task === undefined ? {} : { task }),
  };
}
