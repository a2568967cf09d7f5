import type { DiskStore } from '../api/disk';
import type { Operation } from '../api/operation';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { isLive } from '../runtime/instance-state';
import type { Activator } from './activator';
import type { Autosave } from './autosave';
import { beginAnew } from './begin-anew';
import { disksMoved } from './disks-moved';
import type { Fleet } from './fleet';
import type { InstanceActions } from './instance-actions';
import type { Entry } from './instance-record';
import type { MachineCopies } from './machine-copies';
import type { Snapshots } from './snapshots';

export interface RevivalsOptions {
  readonly fleet: Fleet;
  readonly actions: InstanceActions;
  readonly activator: Activator;
  readonly copies: MachineCopies;
  readonly snapshots: Snapshots;
  readonly autosave: Autosave;
  readonly disks: DiskStore;
}

/** Why a machine that ran was started anew, with its disks as it left them, in place of going on where it was. */
export type AnewReason = 'unsaved' | 'disks-moved' | 'unreadable';

export interface StartedAnew {
  readonly name: string;
  readonly reason: AnewReason;
}

/**
 * What ran when the page went comes back with it: a machine where it was saved or else as after a power cut, what cannot be
 * saved from its start, and what slept asleep.
 */
export class Revivals implements Disposable {
  readonly #options: RevivalsOptions;
  readonly #disposables = new DisposableStore();
  readonly #startedAnew = new Emitter<StartedAnew>();
  /** Of which it is being written that they run. */
  readonly #marking = new WeakSet<Entry>();

  constructor(options: RevivalsOptions) {
    this.#options = options;
    const { fleet } = options;
    this.#disposables.add(fleet.ended((entry) => this.forget(entry)));
    this.#disposables.add(fleet.changes(() => fleet.entries().forEach((entry) => void this.#mark(entry))));
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#startedAnew.dispose();
  }

  /** Fires for a machine whose memory did not come back with the page. */
  get startedAnew(): Event<StartedAnew> {
    return this.#startedAnew.event;
  }

  /** Goes on with what ran when the page went. */
  recover(entry: Entry): void {
    const { activator, actions, snapshots } = this.#options;
    const { spec, revive } = entry.stored;
    const { id } = entry.instance;
    if (revive && spec.kind === 'unikernel' && spec.onDemand) {
      activator.arm(entry);
      return;
    }
    if (!revive && !snapshots.automaticOf(id)) return;
    actions.run(id, 'recover', true, async (_, operation) => {
      if (!entry.abilities.has('checkpoint')) return entry.instance.start(operation);
      const reason = await this.#goOn(entry, operation);
      if (reason === undefined) return;
      await beginAnew(entry, this.#options, () => entry.instance.start(operation));
      this.#startedAnew.fire({ name: spec.name, reason });
    });
  }

  /** Puts a machine back to where it was saved, if its disks are still as they were then; else says why not. */
  async #goOn(entry: Entry, operation: Required<Operation>): Promise<AnewReason | undefined> {
    const { snapshots, copies, disks } = this.#options;
    const saved = snapshots.automaticOf(entry.instance.id);
    if (!saved) return 'unsaved';
    if (await disksMoved(disks, saved)) return 'disks-moved';
    try {
      await copies.restore(entry, saved.id, operation, true);
    } catch (error) {
      if (operation.signal.aborted) throw error;
      return 'unreadable';
    }
    return undefined;
  }

  /** Writes down that a machine runs, once that it does: not in the way of its start. */
  async #mark(entry: Entry): Promise<void> {
    if (entry.stored.revive || this.#marking.has(entry) || entry.instance.state.phase !== 'running') return;
    this.#marking.add(entry);
    // It is tried again with the next change.
    await this.#options.fleet.update(entry, { revive: true }).catch(() => {});
    this.#marking.delete(entry);
    if (!isLive(entry.instance.state.phase)) this.forget(entry);
  }

  /**
   * Has one that cannot be saved start anew after a reload, from now on and as long as it lives. That is written while
   * it begins, for one of them takes as long as the other.
   */
  async during(entry: Entry, begin: () => Promise<void>): Promise<void> {
    if (entry.abilities.has('checkpoint') || entry.stored.revive) return begin();
    const [written, begun] = await Promise.allSettled([this.#options.fleet.update(entry, { revive: true }), begin()]);
    // It may have ended in the meantime, unheard.
    if (!isLive(entry.instance.state.phase)) this.forget(entry);
    for (const outcome of [begun, written]) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** What has ended is not started by itself, unless it only sleeps. */
  forget(entry: Entry): void {
    if (!entry.stored.revive || entry.demand) return;
    this.#options.fleet.update(entry, { revive: undefined }).catch(() => {});
  }
}
