import type { DiskStore } from '../api/disk';
import { type Clock, every } from '../base/clock';
import { SandboxError, toSandboxError } from '../base/errors';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { disksMoved } from './disks-moved';
import type { Fleet } from './fleet';
import type { Entry } from './instance-record';
import type { MachineCopies } from './machine-copies';
import type { Snapshots } from './snapshots';

/** How often machines that have done something are saved while the page is in use. */
const periodMs = 60_000;

/** When one that has come to run is saved first: what it does until then is soon done again. */
const firstMs = 10_000;

/** What a guest at rest takes of a CPU for its clock and for being looked at: 0.5 to 1.1 % were measured. */
const restShare = 0.015;

/** A machine that has worked less than this since it was saved has nothing worth saving again. */
const idleMicros = 200_000;

/** Unless it was so long ago: rest and a little work look alike. */
const longestMs = 10 * periodMs;

/** Saved by itself: what a person took has a name of their own. */
const automaticName = 'Before the last reload';

/** What was seen of a machine that is saved. */
interface Seen {
  readonly cpuMicros: number;
  /** By the clock that never goes back, milliseconds. */
  readonly at: number;
  /** CPU time beyond what rest takes, since it was saved, microseconds. */
  readonly work: number;
}

export interface AutosaveOptions {
  readonly fleet: Fleet;
  readonly copies: MachineCopies;
  readonly snapshots: Snapshots;
  readonly disks: Pick<DiskStore, 'info'>;
  readonly clock: Clock;
  /** Told of the first save of a machine that could not be made, and again only after one that could. */
  readonly failed: (error: SandboxError) => void;
}

/**
 * Keeps a state of each running machine for a reload: soon after it has come to run, every minute when it has changed,
 * and at once when the page is hidden, which is all that a page that ends is told. A machine that has ended has none: it
 * comes back stopped, with its disks as they are.
 */
export class Autosave implements Disposable {
  readonly #options: AutosaveOptions;
  readonly #seen = new Map<string, Seen>();
  readonly #disposables = new DisposableStore();
  /** First saves that are to come. */
  readonly #first = new Map<Entry, Disposable>();
  /** Of which it was told that they cannot be saved. */
  readonly #told = new Set<string>();

  constructor(options: AutosaveOptions) {
    this.#options = options;
    this.#disposables.add(options.fleet.ended((entry) => this.forget(entry)));
  }

  /** Saves from now on. To be called when nothing has begun to run: the first time is at once. */
  begin(): void {
    const { clock, fleet } = this.#options;
    this.#disposables.add(every(clock, periodMs, () => void this.#saveAll(true)));
    this.#disposables.add(fleet.changes(() => fleet.entries().forEach((entry) => this.#saveFirst(entry))));
  }

  /** Saves what runs, however little it has done since: this may be the last chance. */
  saveAll(): Promise<void> {
    return this.#saveAll(false);
  }

  dispose(): void {
    this.#disposables.dispose();
    for (const first of this.#first.values()) first.dispose();
  }

  #saveFirst(entry: Entry): void {
    const { id, state } = entry.instance;
    if (state.phase !== 'running' || !entry.abilities.has('checkpoint')) return;
    if (this.#first.has(entry) || this.#seen.has(id)) return;
    const save = (): void => void this.save(entry, true);
    this.#first.set(entry, this.#options.clock.after(firstMs, save));
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
      .catch((error) => this.#tell(entry, error))
      .finally(() => {
        if (entry.unasked === unasked) delete entry.unasked;
      });
    entry.unasked = unasked;
    await unasked;
  }

  async #saveUnlessIdle(entry: Entry, changedOnly: boolean): Promise<void> {
    const { instance } = entry;
    const { cpuMicros } = await instance.stats();
    if (changedOnly && (await this.#isAsSaved(instance.id, cpuMicros))) return;
    await this.#options.copies.snapshot(entry, { name: automaticName, automatic: true }, {});
    this.#seen.set(instance.id, { cpuMicros, at: this.#options.clock.monotonic(), work: 0 });
    this.#told.delete(instance.id);
  }

  /** The machine goes on; what a reload would lose is told once. */
  #tell({ instance, stored }: Entry, thrown: unknown): void {
    // One that has ended meanwhile has nothing to lose.
    if (instance.state.phase !== 'running' || this.#told.has(instance.id)) return;
    this.#told.add(instance.id);
    const { code, message, details } = toSandboxError(thrown);
    const whole = `${stored.spec.name} could not be saved for a reload of the page, after which it would start anew: ${message}`;
    this.#options.failed(new SandboxError(code, whole, { cause: thrown, details }));
  }

  /** Whether what was saved will do: the machine has hardly worked since, its disks are as they were, and it was not long ago. */
  async #isAsSaved(id: string, cpuMicros: number): Promise<boolean> {
    if (this.#workSince(id, cpuMicros) >= idleMicros) return false;
    const { snapshots, disks, clock } = this.#options;
    const saved = snapshots.automaticOf(id);
    if (saved === undefined || clock.now() - saved.createdAt > longestMs) return false;
    return !(await disksMoved(disks, saved));
  }

  /** Microseconds; of a machine that was not saved yet, or is another since then, without end. */
  #workSince(id: string, cpuMicros: number): number {
    const before = this.#seen.get(id);
    if (before === undefined || cpuMicros < before.cpuMicros) return Number.POSITIVE_INFINITY;
    const at = this.#options.clock.monotonic();
    const rest = (at - before.at) * 1000 * restShare;
    const work = before.work + Math.max(0, cpuMicros - before.cpuMicros - rest);
    this.#seen.set(id, { cpuMicros, at, work });
    return work;
  }

  /** The machine has moved on: what was saved of it is not it any more. */
  forget(entry: Entry): void {
    const { id } = entry.instance;
    this.#seen.delete(id);
    this.#told.delete(id);
    this.#first.get(entry)?.dispose();
    this.#first.delete(entry);
    // A store that cannot even do that tells so to whoever asks it for something.
    this.#options.snapshots.dropAutomatic(id).catch(() => {});
  }
}
