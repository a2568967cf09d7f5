import type { DiskStore } from '../api/disk';
import { SandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import { isLive } from '../runtime/instance-state';
import type { Activator } from './activator';
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
  readonly disks: DiskStore;
}

/**
 * What ran when the page went comes back with it: a machine where it was saved, what cannot be saved from its start,
 * and what slept asleep.
 */
export class Revivals implements Disposable {
  readonly #options: RevivalsOptions;
  readonly #ended: Disposable;

  constructor(options: RevivalsOptions) {
    this.#options = options;
    this.#ended = options.fleet.ended((entry) => this.forget(entry));
  }

  dispose(): void {
    this.#ended.dispose();
  }

  /** Goes on with a machine that the page had saved, if its disks are still as they were then. */
  recover(entry: Entry): void {
    const { activator, actions, snapshots, copies } = this.#options;
    const { spec, revive } = entry.stored;
    const { id } = entry.instance;
    if (revive && spec.kind === 'unikernel' && spec.onDemand) {
      activator.arm(entry);
      return;
    }
    if (revive) {
      actions.run(id, 'recover', true, (_, operation) => entry.instance.start(operation));
      return;
    }
    const saved = snapshots.automaticOf(id);
    if (!saved) return;
    actions.run(id, 'recover', true, async (_, operation) => {
      try {
        if (await disksMoved(this.#options.disks, saved)) {
          const message = `${spec.name} wrote to its disks after it was saved; it is stopped, its disks are as it left them`;
          throw new SandboxError('FailedPrecondition', message);
        }
        await copies.restore(entry, saved.id, operation, true);
      } catch (error) {
        await snapshots.dropAutomatic(id).catch(() => {});
        throw error;
      }
    });
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
