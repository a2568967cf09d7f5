import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { Clock } from '../../base/clock';
import { type ErrorRecord, serializeError } from '../../base/errors';
import { type Disposable, toDisposable } from '../../base/lifecycle';
import type { LabAction } from '../../engine/instance-record';
import type { TaskId, TaskRecord } from '../../engine/tasks';
import { text } from '../text';
import { failureWords } from './failure-words';

/** A message that stays until it is dismissed or its time is over. */
export interface Toast {
  readonly id: number;
  readonly tone: 'info' | 'error';
  readonly title: string;
  readonly body?: string;
  /** The toast goes when this task ends. */
  readonly task?: TaskId;
  /** What its button does. */
  readonly undo?: () => void;
  /** Words of that button, where it undoes nothing. */
  readonly button?: string;
}

/** Messages shown at once; the oldest gives way. */
const toastLimit = 4;

/** Tasks that read a file which somebody brought: nothing of it can be fetched anew. */
const fromFiles: ReadonlySet<LabAction> = new Set(['open', 'import', 'load']);

const labActions = Object.keys(text.actions) as readonly LabAction[];

/**
 * How long a failure is told of, milliseconds. What is being read stays, which is looked at again after `rereadMs`
 * (WCAG 2.2.1).
 */
const errorMs = 60_000;
const rereadMs = 10_000;

/** How long something that can be undone without a task can be, milliseconds. */
const undoMs = 10_000;

/** What the page tells people: messages that can be seen for a while, and what a screen reader is told. */
export class Messages {
  readonly #clock: Clock;
  readonly #toasts = signal<readonly Toast[]>([]);
  readonly #announcement = signal('');
  /** Tasks whose failure is told by who began them. */
  readonly #left = new Set<TaskId>();
  #isRead = (): boolean => false;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get toasts(): ReadonlySignal<readonly Toast[]> {
    return this.#toasts;
  }

  /** How it is known that somebody reads the messages, or that nobody can see them: none ends by itself then. */
  readBy(isRead: () => boolean): void {
    this.#isRead = isRead;
  }

  /** What a screen reader is told of the last task that ended. */
  get announcement(): ReadonlySignal<string> {
    return this.#announcement;
  }

  /** Says something that went as it should. */
  announce(message: string): void {
    this.#announcement.value = message;
  }

  /** Says what failed and what to do. */
  report(title: string, thrown: unknown): void {
    this.#tell(title, serializeError(thrown));
  }

  /** Runs what may throw now or later, and tells of it. What a task reports is told by the task. */
  attempt(title: string, work: () => unknown): void {
    const failed = (error: unknown): void => this.report(title, error);
    try {
      const result = work();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Whoever began a task tells of its failure, until this is disposed of. */
  leave(id: TaskId): Disposable {
    this.#left.add(id);
    return toDisposable(() => this.#left.delete(id));
  }

  taskEnded({ id, kind, subject, state, error }: TaskRecord<LabAction>): void {
    this.announce(text.tasks.told(kind, subject, state));
    this.#drop((toast) => toast.task === id);
    if (state === 'succeeded') this.#forget(kind, subject);
    if (!error || this.#left.has(id)) return;
    const message = fromFiles.has(kind) && error.code === 'DataLoss' ? text.damagedFile(error.message) : error.message;
    this.#tell(text.toasts.failed(kind, subject), { ...error, message });
  }

  /** Says what was done, and offers for a while to undo it. */
  offerUndo(title: string, undo: () => void): void {
    const id = this.show({ tone: 'info', title, undo });
    this.#clock.after(undoMs, () => this.dismiss(id));
  }

  undo({ id, undo }: Toast): void {
    undo?.();
    this.dismiss(id);
  }

  /** Undoes what was done last of what can be undone now. */
  undoLast(): void {
    const last = this.#toasts.value.findLast(({ undo, button }) => undo && button === undefined);
    if (last) this.undo(last);
  }

  dismiss(id: number): void {
    this.#drop((toast) => toast.id === id);
  }

  show(toast: Omit<Toast, 'id'>): number {
    this.#last += 1;
    this.#toasts.value = [...this.#toasts.value, { ...toast, id: this.#last }].slice(-toastLimit);
    return this.#last;
  }

  #tell(title: string, error: ErrorRecord): void {
    const body = failureWords(error);
    // The same once more comes last, and is told once.
    this.#drop((toast) => toast.tone === 'error' && toast.title === title && toast.body === body);
    this.#endLater(this.show({ tone: 'error', title, body }), errorMs);
  }

  #endLater(id: number, ms: number): void {
    this.#clock.after(ms, () => (this.#isRead() ? this.#endLater(id, rereadMs) : this.dismiss(id)));
  }

  /** What has gone well since is not told as failed any more, and nothing of what is removed. */
  #forget(kind: LabAction, subject: string): void {
    const kinds = kind === 'remove' ? labActions : [kind];
    const titles = new Set(kinds.map((each) => text.toasts.failed(each, subject)));
    this.#drop(({ tone, title }) => tone === 'error' && titles.has(title));
  }

  #drop(isOver: (toast: Toast) => boolean): void {
    this.#toasts.value = this.#toasts.value.filter((toast) => !isOver(toast));
  }
}
