import type { Filters } from '../../api/container-event';
import type { ContainerHosts } from '../../api/container-host';
import type { PruneReport } from '../../api/container-system';
import { SandboxError } from '../../base/errors';
import type { ContainerBook, ContainerEntry } from './container-book';
import type { ContainerNetworks } from './container-networks';
import type { ContainerVolumes } from './container-volumes';
import { inTurn } from './in-turn';
import type { Lifecycle } from './lifecycle';
import { checkFilters, labelFiltersMatch } from './match-filters';
import { ownBytes } from './own-bytes';

export interface ContainerRemovalOptions {
  readonly book: ContainerBook;
  readonly lifecycle: Lifecycle;
  readonly networks: ContainerNetworks;
  readonly volumes: ContainerVolumes;
  readonly hosts: ContainerHosts;
  /** By its name, once it is clear whether it runs. */
  readonly settled: (name: string) => Promise<ContainerEntry>;
  /** Settles when the store knows whose images are needed. */
  readonly holdImages: () => Promise<void>;
  readonly event: (entry: ContainerEntry, action: string) => void;
  /** Containers that did not run were removed, and that many bytes with them. */
  readonly pruned: (bytes: number) => void;
}

/** Removes containers: one, or all that do not run. */
export class ContainerRemoval {
  readonly #options: ContainerRemovalOptions;

  constructor(options: ContainerRemovalOptions) {
    this.#options = options;
  }

  /** Of one that runs or is being removed, without force: `FailedPrecondition`. */
  async remove(
    name: string,
    { force = false, volumes = false }: { readonly force?: boolean; readonly volumes?: boolean } = {},
  ): Promise<void> {
    const { book, settled } = this.#options;
    const entry = await settled(name);
    // Nothing starts it between what is found here and its removal.
    if (!force) {
      await inTurn(entry, async () => {
        if (!book.entries().includes(entry)) throw new SandboxError('NotFound', `No such container: ${name}`);
        claimIdle(entry, name);
      });
    }
    await this.takeAway(entry, volumes);
  }

  /** Ends it where it runs, and takes away all that it had. */
  async takeAway(entry: ContainerEntry, withVolumes: boolean): Promise<void> {
    try {
      await this.#takeAway(entry, withVolumes);
    } catch (error) {
      // It is still there, to be started or to be removed once more.
      entry.removing = false;
      throw error;
    }
  }

  async #takeAway(entry: ContainerEntry, withVolumes: boolean): Promise<void> {
    const { book, lifecycle, networks, volumes, holdImages, event } = this.#options;
    await lifecycle.end(entry);
    await inTurn(entry, async () => {
      if (!book.entries().includes(entry)) return;
      const { mounts } = entry.stored;
      const root = await lifecycle.driverOf(entry).discard(entry);
      const addresses = networks.removal(entry.id);
      await book.remove(entry, [...addresses.changes, ...root.changes]);
      root.keep();
      addresses.forget();
      event(entry, 'destroy');
      await holdImages();
      if (!withVolumes) return;
      for (const mount of mounts) {
        if (mount.kind !== 'volume' || !mount.anonymous || volumes.usersOf(mount.volume).length > 0) continue;
        await volumes.remove(mount.volume, true);
      }
    });
  }

  async prune(filters: Filters = {}): Promise<PruneReport> {
    checkFilters(filters, ['label', 'label!', 'until']);
    const until = filters['until']?.[0];
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const entry of this.#options.book.entries()) {
      const { stored } = entry;
      if (!labelFiltersMatch(filters, stored.config.Labels ?? {})) continue;
      if (until !== undefined && stored.createdAt > Number(until) * 1000) continue;
      if (!(await this.#claimed(entry))) continue;
      reclaimed += await ownBytes(entry, this.#options.hosts);
      await this.takeAway(entry, false);
      deleted.push(entry.id);
    }
    this.#options.pruned(reclaimed);
    return { deleted, reclaimed };
  }

  /** Whether it is to be removed by whoever asks: not what runs, or is somebody else's to remove. */
  async #claimed(entry: ContainerEntry): Promise<boolean> {
    const { lifecycle, book } = this.#options;
    await lifecycle.settled(entry);
    return inTurn(entry, async () => {
      if (entry.removing || !isIdle(entry) || !book.entries().includes(entry)) return false;
      entry.removing = true;
      return true;
    });
  }
}

/** Neither runs nor is to start again; asked in its turn. */
function isIdle({ run, stored: { state } }: ContainerEntry): boolean {
  return run === undefined && state.status !== 'restarting';
}

/** Says that it is being removed. `FailedPrecondition` in docker's words for what runs, or is being removed already. */
function claimIdle(entry: ContainerEntry, name: string): void {
  if (entry.removing) {
    throw new SandboxError('FailedPrecondition', `removal of container ${name} is already in progress`);
  }
  if (!isIdle(entry)) {
    const { status } = entry.stored.state;
    const what = status === 'paused' ? 'paused' : status === 'restarting' ? 'restarting' : 'running';
    const how = what === 'paused' ? 'unpause and then stop' : 'stop';
    const message = `cannot remove container "/${entry.stored.name}": container is ${what}: ${how} the container before removing or force remove`;
    throw new SandboxError('FailedPrecondition', message);
  }
  entry.removing = true;
}
