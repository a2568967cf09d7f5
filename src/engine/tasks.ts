import type { Operation, Progress } from '../api/operation';
import type { Clock } from '../base/clock';
import { type ErrorRecord, SandboxError, serializeError } from '../base/errors';
import { Emitter, type Event } from '../base/events';

export type TaskId = string;
export type TaskState = 'running' | 'succeeded' | 'failed' | 'canceled';

/** One phase of a task; a task's phases follow each other. Times in milliseconds since the epoch. */
export interface TaskPhase {
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Units as in {@link Progress}. */
  readonly done?: number;
  readonly total?: number;
}

/** What anyone may know of a task; each change makes a new record. */
export interface TaskRecord<Kind extends string = string> {
  readonly id: TaskId;
  readonly kind: Kind;
  /** Name of what it works on, for its title. */
  readonly subject: string;
  readonly state: TaskState;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly phases: readonly TaskPhase[];
  readonly cancelable: boolean;
  /** Set when `failed`. */
  readonly error?: ErrorRecord;
}

/** A task as its starter holds it. */
export interface Task {
  readonly id: TaskId;
  /** Settles with the work. A failure is also in the record, so nobody has to listen here. */
  readonly finished: Promise<void>;
  /** Asks the work to stop; it ends `canceled` once it has. */
  cancel(): void;
}

export interface TaskSpec<Kind extends string> {
  readonly kind: Kind;
  readonly subject: string;
  readonly cancelable: boolean;
}

/** Finished tasks that are remembered; the oldest are forgotten first. */
const historyLimit = 100;
/** Phases kept per task: operations have a closed list of them, so more is a loop. */
const phaseLimit = 32;

/** Runs long work as tasks that can be watched and canceled, and remembers the last hundred. */
export class Tasks<Kind extends string = string> {
  readonly #clock: Clock;
  readonly #records = new Map<TaskId, TaskRecord<Kind>>();
  readonly #aborts = new Map<TaskId, AbortController>();
  readonly #changes = new Emitter<TaskRecord<Kind>>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Fires with the new record at each change. */
  get changes(): Event<TaskRecord<Kind>> {
    return this.#changes.event;
  }

  /** Newest first. */
  list(): readonly TaskRecord<Kind>[] {
    return [...this.#records.values()].reverse();
  }

  get(id: TaskId): TaskRecord<Kind> {
    const record = this.#records.get(id);
    if (!record) throw new SandboxError('NotFound', `No such task: ${id}`);
    return record;
  }

  run(spec: TaskSpec<Kind>, work: (operation: Required<Operation>) => Promise<unknown>): Task {
    this.#lastId += 1;
    const id = `task-${this.#lastId}`;
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    this.#put({ id, ...spec, state: 'running', startedAt: this.#clock.now(), phases: [] });
    this.#forgetOld();
    const onProgress = (progress: Progress): void => this.#progress(id, progress);
    const finished = this.#follow(id, abort.signal, () => work({ signal: abort.signal, onProgress }));
    finished.catch(() => {});
    return { id, finished, cancel: () => this.cancel(id) };
  }

  /** Harmless when the task is over. `FailedPrecondition` when it cannot be canceled. */
  cancel(id: TaskId): void {
    const record = this.get(id);
    if (record.state !== 'running') return;
    if (!record.cancelable) {
      throw new SandboxError('FailedPrecondition', `The task "${record.kind} ${record.subject}" cannot be canceled`);
    }
    this.#aborts.get(id)?.abort(new SandboxError('Canceled', 'Canceled'));
  }

  async #follow(id: TaskId, signal: AbortSignal, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.#end(id, { state: 'succeeded' });
    } catch (thrown) {
      const error = serializeError(thrown);
      // Work that failed for another reason after a cancel was asked has still done what was asked: it stopped.
      if (error.code === 'Canceled' || signal.aborted) this.#end(id, { state: 'canceled' });
      else this.#end(id, { state: 'failed', error });
      throw thrown;
    }
  }

  #progress(id: TaskId, progress: Progress): void {
    const record = this.#records.get(id);
    if (record?.state !== 'running') return;
    const now = this.#clock.now();
    const last = record.phases.at(-1);
    const counts = {
      ...(progress.done === undefined ? {} : { done: progress.done }),
      ...(progress.total === undefined ? {} : { total: progress.total }),
    };
    if (last?.name === progress.phase) {
      this.#put({ ...record, phases: [...record.phases.slice(0, -1), { ...last, ...counts }] });
      return;
    }
    const next: TaskPhase = { name: progress.phase, startedAt: now, ...counts };
    this.#put({ ...record, phases: [...endLast(record.phases, now), next].slice(-phaseLimit) });
  }

  #end(id: TaskId, end: { state: TaskState; error?: ErrorRecord }): void {
    const record = this.get(id);
    const now = this.#clock.now();
    this.#aborts.delete(id);
    this.#put({ ...record, ...end, endedAt: now, phases: endLast(record.phases, now) });
    this.#forgetOld();
  }

  #put(record: TaskRecord<Kind>): void {
    this.#records.set(record.id, record);
    this.#changes.fire(record);
  }

  #forgetOld(): void {
    const finished = [...this.#records.values()].filter((record) => record.state !== 'running');
    for (const record of finished.slice(0, Math.max(0, finished.length - historyLimit)))
      this.#records.delete(record.id);
  }
}

function endLast(phases: readonly TaskPhase[], now: number): TaskPhase[] {
  return phases.map((phase) => (phase.endedAt === undefined ? { ...phase, endedAt: now } : phase));
}
