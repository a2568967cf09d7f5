import { effect, type ReadonlySignal, signal } from '@preact/signals-core';
import type { EventMessage } from '../../api/container-event';
import type { InstanceId, InstancePhase } from '../../api/instance';
import { type Disposable, DisposableStore, toDisposable } from '../../base/lifecycle';
import type { InstanceRecord, LabAction } from '../../engine/instance-record';
import type { TaskId, TaskRecord, TaskState } from '../../engine/tasks';
import type { ContainerShelf } from '../containers/container-shelf';
import type { LazyPart } from '../lazy-part';
import type { Store } from '../store';

/** Events that are kept; the oldest give way. */
export const eventLimit = 1000;

/** Characters of what an engine's event says, of its first line: an `exec_create` has all of a script. */
const actionLimit = 160;

/** What has happened, by where it was heard of. */
export type LabEventKind =
  | { readonly source: 'task'; readonly action: LabAction; readonly state: TaskState; readonly problem?: string }
  | { readonly source: 'instance'; readonly phase: InstancePhase | 'removed'; readonly problem?: string }
  | { readonly source: 'engine'; readonly type: EventMessage['Type']; readonly action: string };

export type LabEvent = LabEventKind & {
  /** From 1, in the order in which they were heard of. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Name of what it happened to. */
  readonly subject: string;
};

/** What the log follows. */
export type EventSources = Pick<Store, 'tasks' | 'instances' | 'now'> & {
  readonly parts: { readonly containers: Pick<LazyPart<Pick<ContainerShelf, 'engine'>>, 'get'> };
};

/** What has happened in the lab since the page came: tasks, states of instances, and what the container engine tells. */
export class LabEventLog implements Disposable {
  readonly #sources: EventSources;
  readonly #events = signal<readonly LabEvent[]>([]);
  readonly #disposables = new DisposableStore();
  readonly #tasks = new Map<TaskId, TaskState>();
  readonly #instances = new Map<InstanceId, { readonly name: string; readonly phase: InstancePhase }>();
  #engineHeard = false;
  #number = 0;

  constructor(sources: EventSources) {
    this.#sources = sources;
    this.#disposables.add(toDisposable(effect(() => this.#readTasks(sources.tasks.value))));
    this.#disposables.add(toDisposable(effect(() => this.#readInstances(sources.instances.value))));
  }

  /** Oldest first, by when they happened; what happened at the same time is in the order in which it was heard of. */
  get events(): ReadonlySignal<readonly LabEvent[]> {
    return this.#events;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** The lab remembers its last tasks: those that ended before are told with the time that they ended at. */
  #readTasks(tasks: readonly TaskRecord<LabAction>[]): void {
    for (const { id, kind: action, subject, state, startedAt, endedAt, error } of tasks.toReversed()) {
      if (this.#tasks.get(id) === state) continue;
      this.#tasks.set(id, state);
      const problem = error && { problem: error.message };
      this.#add(endedAt ?? startedAt, subject, { source: 'task', action, state, ...problem });
    }
    const there = new Set(tasks.map(({ id }) => id));
    for (const id of this.#tasks.keys()) if (!there.has(id)) this.#tasks.delete(id);
  }

  #readInstances(records: readonly InstanceRecord[]): void {
    for (const { id, name, state } of records) {
      const { phase, since, error, exit } = state;
      const before = this.#instances.get(id)?.phase;
      this.#instances.set(id, { name, phase });
      if (before === phase) continue;
      const reason = error?.message ?? (exit && exit.code !== 0 ? exit.reason : undefined);
      this.#add(since, name, { source: 'instance', phase, ...(reason !== undefined && { problem: reason }) });
    }
    const there = new Set(records.map(({ id }) => id));
    for (const [id, { name }] of this.#instances) {
      if (there.has(id)) continue;
      this.#instances.delete(id);
      this.#add(this.#sources.now.peek(), name, { source: 'instance', phase: 'removed' });
    }
    // The container engine is a large part of the page: where there is no host it has nothing to tell.
    if (!this.#engineHeard && records.some(({ spec }) => spec.kind === 'vm' && spec.containerHost)) {
      this.#engineHeard = true;
      void this.#hearEngine();
    }
  }

  /** Without what health checks run: one of them alone would push everything else out within minutes. */
  async #hearEngine(): Promise<void> {
    const shelf = await this.#sources.parts.containers.get();
    if (!shelf || this.#disposables.disposed) return;
    const reader = shelf.engine.events({ since: 0, withoutHealthChecks: true }).getReader();
    this.#disposables.add(toDisposable(() => void reader.cancel().catch(() => {})));
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }) as const);
      if (done || !value) return;
      const { Type: type, Action: action, Actor, timeNano } = value;
      const subject = Actor.Attributes['name'] ?? Actor.ID.slice(0, 12);
      this.#add(timeNano / 1e6, subject, { source: 'engine', type, action: cut(action) });
    }
  }

  /** Not all is heard of as it happens: the container engine tells at once what it remembers. */
  #add(at: number, subject: string, what: LabEventKind): void {
    this.#number += 1;
    const event = { ...what, number: this.#number, at, subject };
    const events = this.#events.peek();
    const after = events.findLastIndex((each) => each.at <= at) + 1;
    this.#events.value = events.toSpliced(after, 0, event).slice(-eventLimit);
  }
}

function cut(action: string): string {
  const [line = ''] = action.split('\n');
  const shown = line.slice(0, actionLimit);
  return shown.length < action.length ? `${shown}…` : shown;
}
