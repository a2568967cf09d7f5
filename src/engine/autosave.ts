import { type Clock, every } from '../base/clock';
import type { Disposable } from '../base/lifecycle';
import type { Fleet } from './fleet';
import type { Entry } from './instance-record';
import type { MachineCopies } from './machine-copies';
import type { Snapshots } from './snapshots';

/** How often machines that have done something are saved while the page is in use. */
const periodMs = 60_000;

/** A machine that has used less CPU time than this since it was saved has nothing worth saving again. */
const idleMicros = 200_000;

/** Saved by itself: what a person took has a name of their own. */
const automaticName = 'Before the last reload';

export interface AutosaveOptions {
  readonly fleet: Fleet;
  readonly copies: MachineCopies;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
}

/**
 * Keeps a state of each running machine for a reload: every minute when it has changed, and at once when the
 * page is hidden, which is all that a page that ends is told. A machine that has ended has none: it comes back
 * stopped, with its disks as they are.
 */
export class Autosave implements Disposable {
  readonly #options: AutosaveOptions;
  readonly #savedAt = new Map<string, number>();
  readonly #timer: Disposable;
  readonly #ended: Disposable;
  #failures = 0;

  constructor(options: AutosaveOptions) {
    this.#options = options;
    // `every` calls at once, when nothing has begun to run.
    this.#timer = every(options.clock, periodMs, () => void this.#saveAll(true));
    this.#ended = options.fleet.ended((entry) => this.forget(entry));
  }

  /** Saves that could not be made; the machine went on. */
  get failures(): number {
    return this.#failures;
  }

  /** Saves what runs, however little it has done since: this may be the last chance. */
  saveAll(): Promise<void> {
    return this.#saveAll(false);
  }

  dispose(): void {
    this.#timer.dispose();
    this.#ended.dispose();
  }

  /** One after the other, so that only one machine stands still at a time. */
  async #saveAll(changedOnly: boolean): Promise<void> {
    for (const entry of this.#options.fleet.entries()) await this.save(entry, changedOnly);
  }

  /** Saves a machine that runs, unless `changedOnly` and it has done nothing since. */
  async save(entry: Entry, changedOnly: boolean): Promise<void> {
    const { instance, abilities } = entry;
    // What is under way is older than this moment, which may be the last.
    while (entry.unasked && !changedOnly) await entry.unasked;
    if (!abilities.has('checkpoint') || entry.task || entry.unasked || instance.state.phase !== 'running') return;
    const unasked = this.#saveUnlessIdle(entry, changedOnly)
      .catch(() => {
        this.#failures += 1;
      })
      .finally(() => {
        if (entry.unasked === unasked) delete entry.unasked;
      });
    entry.unasked = unasked;
    await unasked;
  }

  async #saveUnlessIdle(entry: Entry, changedOnly: boolean): Promise<void> {
    const { instance } = entry;
    const { cpuMicros } = await instance.stats();
    const before = this.#savedAt.get(instance.id);
    if (changedOnly && before !== undefined && cpuMicros >= before && cpuMicros - before < idleMicros) return;
    await this.#options.copies.snapshot(entry, { name: automaticName, automatic: true }, {});
    this.#savedAt.set(instance.id, cpuMicros);
  }

  /** The machine has moved on: what was saved of it is not it any more. */
  forget({ instance }: Entry): void {
    this.#savedAt.delete(instance.id);
    this.#options.snapshots.dropAutomatic(instance.id).catch(() => {
      this.#failures += 1;
    });
  }
}
