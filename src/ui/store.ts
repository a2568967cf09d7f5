import { batch, computed, type ReadonlySignal, signal } from '@preact/signals-core';
import type { Instance, InstanceId } from '../api/instance';
import { type Clock, every } from '../base/clock';
import { type ErrorRecord, serializeError } from '../base/errors';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle';
import type { InstanceDraft, InstanceRecord, Lab, LabAction } from '../engine/lab';
import type { StatReading } from '../engine/stat-sampler';
import type { TaskId, TaskRecord } from '../engine/tasks';
import type { Settings } from './settings';
import { text } from './text';

/** A message that stays until it is dismissed or its time is over. */
export interface Toast {
  readonly id: number;
  readonly tone: 'info' | 'error';
  readonly title: string;
  readonly body?: string;
  /** Canceling this task is what the toast's button does; the toast goes when the task ends. */
  readonly undo?: TaskId;
}

/** Whether what is downloaded outlives the tab. */
export interface StorageStatus {
  readonly persistent: boolean;
  readonly reason?: string;
}

/** Messages shown at once; the oldest gives way. */
const toastLimit = 4;

export interface StoreOptions {
  readonly lab: Lab;
  readonly settings: Settings;
  readonly clock: Clock;
}

/**
 * What the page shows: signals that follow the lab's events, one way. Actions ask the lab and return; what
 * comes of them arrives as events like everything else.
 */
export class Store implements Disposable {
  readonly settings: Settings;
  readonly #lab: Lab;
  readonly #clock: Clock;
  readonly #disposables = new DisposableStore();
  readonly #instances = signal<readonly InstanceRecord[]>([]);
  readonly #tasks = signal<readonly TaskRecord<LabAction>[]>([]);
  readonly #stats = signal<ReadonlyMap<InstanceId, StatReading>>(new Map());
  readonly #selectedId = signal<InstanceId | undefined>(undefined);
  readonly #toasts = signal<readonly Toast[]>([]);
  readonly #storage = signal<StorageStatus>({ persistent: true });
  readonly #tasksOpen = signal(false);
  readonly #announcement = signal('');
  readonly #now = signal(0);
  #watching: Disposable | undefined;
  #lastToast = 0;

  readonly selected = computed(() => this.#instances.value.find((record) => record.id === this.#selectedId.value));

  constructor({ lab, settings, clock }: StoreOptions) {
    this.#lab = lab;
    this.settings = settings;
    this.#clock = clock;
    this.#now.value = clock.now();
    this.#instances.value = lab.list();
    this.#disposables.add(lab.changes((records) => this.#instancesChanged(records)));
    this.#disposables.add(lab.tasks.changes((record) => this.#taskChanged(record)));
    this.#disposables.add(toDisposable(() => this.#watching?.dispose()));
  }

  get instances(): ReadonlySignal<readonly InstanceRecord[]> {
    return this.#instances;
  }
  /** Newest first. */
  get tasks(): ReadonlySignal<readonly TaskRecord<LabAction>[]> {
    return this.#tasks;
  }
  get stats(): ReadonlySignal<ReadonlyMap<InstanceId, StatReading>> {
    return this.#stats;
  }
  get toasts(): ReadonlySignal<readonly Toast[]> {
    return this.#toasts;
  }
  get storage(): ReadonlySignal<StorageStatus> {
    return this.#storage;
  }
  get tasksOpen(): ReadonlySignal<boolean> {
    return this.#tasksOpen;
  }
  /** What a screen reader is told of the last task that ended. */
  get announcement(): ReadonlySignal<string> {
    return this.#announcement;
  }
  /** The time, moving on every second while the page is watched. */
  get now(): ReadonlySignal<number> {
    return this.#now;
  }

  /** Live figures flow only while the page can be seen. */
  setWatched(watched: boolean): void {
    if (watched === (this.#watching !== undefined)) return;
    this.#watching?.dispose();
    this.#watching = undefined;
    if (!watched) return;
    const watching = new DisposableStore();
    watching.add(this.#lab.stats((reading) => this.#statRead(reading)));
    watching.add(
      every(this.#clock, 1000, () => {
        this.#now.value = this.#clock.now();
      }),
    );
    this.#watching = watching;
  }

  /** The instance itself, for its console. */
  instance(id: InstanceId): Instance {
    return this.#lab.instance(id);
  }

  select(id: InstanceId): void {
    this.#selectedId.value = id;
  }

  setStorage(status: StorageStatus): void {
    this.#storage.value = status;
  }

  showTasks(open: boolean): void {
    this.#tasksOpen.value = open;
  }

  /** Makes an instance, shows it and starts it. */
  launch(draft: InstanceDraft): void {
    try {
      const { id } = this.#lab.create(draft);
      this.select(id);
      this.#lab.start(id);
    } catch (error) {
      this.#tell(text.toasts.notCreated, serializeError(error));
    }
  }

  act(action: LabAction, id: InstanceId): void {
    const name = this.#instances.value.find((record) => record.id === id)?.name ?? id;
    try {
      const task = this.#lab[action](id);
      if (action === 'remove') this.#toast({ tone: 'info', title: text.toasts.removed(name), undo: task.id });
    } catch (error) {
      this.#tell(text.toasts.failed(action, name), serializeError(error));
    }
  }

  cancel(id: TaskId): void {
    this.#lab.tasks.cancel(id);
  }

  /** Says what failed and what to do. */
  report(title: string, thrown: unknown): void {
    this.#tell(title, serializeError(thrown));
  }

  dismiss(id: number): void {
    this.#toasts.value = this.#toasts.value.filter((toast) => toast.id !== id);
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #instancesChanged(records: readonly InstanceRecord[]): void {
    batch(() => {
      const before = this.#instances.value;
      this.#instances.value = records;
      if (records.some((record) => record.id === this.#selectedId.value)) return;
      const index = before.findIndex((record) => record.id === this.#selectedId.value);
      this.#selectedId.value = records[Math.min(Math.max(index, 0), records.length - 1)]?.id;
    });
  }

  #taskChanged(record: TaskRecord<LabAction>): void {
    batch(() => {
      this.#tasks.value = this.#lab.tasks.list();
      if (record.state === 'running') return;
      this.#announcement.value = text.tasks.told(record.kind, record.subject, record.state);
      this.#toasts.value = this.#toasts.value.filter((toast) => toast.undo !== record.id);
      if (record.error) this.#tell(text.toasts.failed(record.kind, record.subject), record.error);
    });
  }

  #statRead(reading: StatReading): void {
    const ids = new Set(this.#instances.value.map((record) => record.id));
    const kept = [...this.#stats.value].filter(([id]) => ids.has(id));
    this.#stats.value = new Map(kept).set(reading.id, reading);
  }

  #tell(title: string, error: ErrorRecord): void {
    const body = [error.message, text.next[error.code]].filter((part) => part !== '').join('. ');
    this.#toast({ tone: 'error', title, body });
  }

  #toast(toast: Omit<Toast, 'id'>): void {
    this.#lastToast += 1;
    this.#toasts.value = [...this.#toasts.value, { ...toast, id: this.#lastToast }].slice(-toastLimit);
  }
}
