import type { DiskId, DiskInfo, DiskSpec, DiskStore } from '../api/disk';
import type {
  DiskAttachment,
  Instance,
  InstanceId,
  InstanceResources,
  InstanceSpec,
  InstanceState,
  ShareAttachment,
  VmDiskSpec,
} from '../api/instance';
import type { RecordStore } from '../api/records';
import type { ShareSpec } from '../api/share';
import type { SnapshotId } from '../api/snapshot';
import type { VolumeId } from '../api/volume';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, toDisposable } from '../base/lifecycle';
import { isLive } from '../runtime/instance-state';
import { completeDisk, volumeDisk } from './complete-disk';
import type { DiskBook } from './disk-book';
import type { Drivers } from './drivers';
import { hostsFile } from './hosts-file';
import { checkName, defaultName } from './instance-names';
import { type Entry, type InstanceDraft, type InstanceRecord, toRecord, type VmDiskDraft } from './instance-record';
import { put, remove, type StoredInstance } from './lab-records';
import { makeDisks, ownDisks, removeDisks, volumeAt, volumesOf } from './make-disks';
import { defaultNetwork, type Networks } from './networks';
import { sharesOf } from './shares-of';
import { moduleStem } from './unikernel-library';

export interface FleetOptions {
  readonly drivers: Drivers;
  readonly records: RecordStore;
  readonly networks: Networks;
  readonly disks: DiskStore;
  /** Where volumes are found. */
  readonly book: Pick<DiskBook, 'volume'>;
  readonly createDisk: (spec: DiskSpec) => Promise<DiskInfo>;
  /** Opens disks for a machine that starts. */
  readonly attachDisks: (ids: readonly DiskId[]) => Promise<readonly DiskAttachment[]>;
  /** Opens shares for a machine that starts. */
  readonly attachShares: (shares: readonly ShareSpec[]) => Promise<readonly ShareAttachment[]>;
  readonly clock: Clock;
  readonly randomId: () => string;
}

/** How the disks of a new instance come to be. */
export type MakeDisks = (spec: InstanceSpec) => Promise<readonly DiskId[]>;

/** What may change of a stored instance. */
export interface StoredChange {
  readonly spec?: InstanceSpec;
  readonly disks?: readonly DiskId[];
  readonly snapshot?: SnapshotId | undefined;
  readonly revive?: true | undefined;
  readonly ports?: readonly number[];
}

/** Instances that may exist at once; the machine's memory ends long before. */
const instanceLimit = 256;

/** The instances of the lab and their records: what is made here is on the disk before it is acknowledged. */
export class Fleet implements Disposable {
  readonly #options: FleetOptions;
  readonly #entries = new Map<InstanceId, Entry>();
  /** Names of instances that are being made. */
  readonly #promised = new Set<string>();
  /** Volumes that are about to be an instance's. */
  readonly #claimed = new Set<VolumeId>();
  readonly #updates = new WeakMap<Entry, Promise<void>>();
  readonly #changes = new Emitter<readonly InstanceRecord[]>();
  readonly #ended = new Emitter<Entry>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Fires with all records whenever one has changed. */
  get changes(): Event<readonly InstanceRecord[]> {
    return this.#changes.event;
  }

  /** Fires when a machine has come to its end, for whatever reason. */
  get ended(): Event<Entry> {
    return this.#ended.event;
  }

  /** In the order of their creation. */
  list(): readonly InstanceRecord[] {
    return this.entries().map((entry) => this.record(entry));
  }

  entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  /** As they are kept. */
  specs(): readonly InstanceSpec[] {
    return this.entries().map(({ stored }) => stored.spec);
  }

  record(entry: Entry): InstanceRecord {
    return toRecord(entry, this.#options.networks.reservationsOf(entry.instance.id));
  }

  /** `NotFound` when there is none. */
  entry(id: InstanceId): Entry {
    const entry = this.#entries.get(id);
    if (!entry) throw new SandboxError('NotFound', `No such instance: ${id}`);
    return entry;
  }

  running(): readonly Instance[] {
    return this.entries().flatMap(({ instance }) => (instance.state.phase === 'running' ? [instance] : []));
  }

  /** Throws with everything that keeps a spec from being started here and now. */
  check(spec: InstanceSpec): void {
    const problems = this.#options.drivers.of(spec).check(spec);
    if (problems.length === 0) return;
    const details = Object.fromEntries(problems.map((problem) => [problem.field, problem.message]));
    throw new SandboxError('InvalidArgument', problems.map((problem) => problem.message).join('; '), { details });
  }

  /** Makes instances again that were recorded before. Returns those that cannot be: no driver takes what they are. */
  async adopt(stored: readonly StoredInstance[]): Promise<readonly StoredInstance[]> {
    const kinds = new Set(stored.map(({ spec }) => spec.kind));
    await Promise.all([...kinds].map((kind) => this.#options.drivers.prepare(kind)));
    const refused = stored.filter((each) => {
      try {
        this.#add(each);
        return false;
      } catch {
        return true;
      }
    });
    this.#fire();
    return refused;
  }

  /** `InvalidArgument`, `AlreadyExists` or `ResourceExhausted` say why a spec cannot be had; nothing is left then. */
  async create(draft: InstanceDraft, wished: MakeDisks = (spec) => this.#disksOf(spec)): Promise<Entry> {
    const { drivers, records, networks, disks, clock, randomId } = this.#options;
    await drivers.prepare(draft.kind);
    const spec = this.#complete(draft);
    const id = randomId();
    const claim = this.claim(volumesOf(spec));
    this.#promised.add(spec.name);
    let made: readonly DiskId[] = [];
    let release = (): void => {};
    try {
      this.check(spec);
      const reserved = networks.reserve(id, spec.nics ?? []);
      release = reserved.release;
      made = await wished(spec);
      const stored: StoredInstance = { id, spec, createdAt: clock.now(), disks: made };
      await records.apply([put('instances', id, stored), ...reserved.changes]);
      const entry = this.#add(stored);
      this.#neighboursChanged();
      return entry;
    } catch (error) {
      release();
      await removeDisks(disks, ownDisks({ spec, disks: made }));
      throw error;
    } finally {
      claim.dispose();
      this.#promised.delete(spec.name);
    }
  }

  /** Ends the machine and forgets it; disks that snapshots or clones stand on stay with them. */
  async remove(entry: Entry): Promise<void> {
    const { id } = entry.instance;
    const { records, networks, disks } = this.#options;
    await entry.instance.dispose();
    const addresses = networks.removal(id);
    await records.apply([remove('instances', id), ...addresses.changes]);
    addresses.forget();
    entry.stateListener.dispose();
    this.#entries.delete(id);
    this.#neighboursChanged();
    await removeDisks(disks, ownDisks(entry.stored));
  }

  async rename(entry: Entry, name: string): Promise<void> {
    if (name === entry.stored.spec.name) return;
    checkName(name, this.#names());
    this.#promised.add(name);
    try {
      await this.update(entry, { spec: { ...entry.stored.spec, name } });
      await entry.instance.rename(name);
    } finally {
      this.#promised.delete(name);
    }
    this.#neighboursChanged();
  }

  /**
   * Changes what is kept of an instance, one change after the other. A field that is given as undefined is dropped;
   * what depends on what is kept by then is given as a function.
   */
  async update(entry: Entry, change: StoredChange | ((stored: StoredInstance) => StoredChange)): Promise<void> {
    const before = this.#updates.get(entry) ?? Promise.resolve();
    const update = before.then(() => this.#update(entry, typeof change === 'function' ? change(entry.stored) : change));
    // Who waits for its turn does not care how the one before it ended.
    this.#updates.set(
      entry,
      update.catch(() => {}),
    );
    await update;
  }

  async #update(entry: Entry, change: StoredChange): Promise<void> {
    const { snapshot, revive, ...stored } = { ...entry.stored, ...change };
    const updated: StoredInstance = {
      ...stored,
      ...(snapshot !== undefined && { snapshot }),
      ...(revive && { revive }),
    };
    await this.#options.records.apply([put('instances', updated.id, updated)]);
    entry.stored = updated;
    this.#fire();
  }

  /** The disks of an instance from its next start on. `FailedPrecondition` while it runs, and where they never change. */
  async setDisks(entry: Entry, disks: readonly DiskId[], specs: readonly VmDiskSpec[]): Promise<void> {
    const { instance, stored } = entry;
    const { spec } = stored;
    if (spec.kind !== 'vm' || !instance.setDisks) {
      throw new SandboxError('FailedPrecondition', `The disks of ${spec.name} are those that it was made with`);
    }
    if (isLive(instance.state.phase)) {
      throw new SandboxError('FailedPrecondition', `${spec.name} is running: stop it to change its disks`);
    }
    const changed = { ...spec, disks: specs };
    this.check(changed);
    await this.update(entry, { disks, spec: changed });
    instance.setDisks(specs);
  }

  /** Who has a volume. */
  holder(volume: VolumeId): Entry | undefined {
    return this.entries().find(({ stored }) => volumesOf(stored.spec).includes(volume));
  }

  /** Volumes that nobody else can have until this is disposed of. `FailedPrecondition` names who has one already. */
  claim(volumes: readonly VolumeId[]): Disposable {
    for (const [at, volume] of volumes.entries()) {
      const holder = this.holder(volume)?.stored.spec.name;
      if (holder === undefined && !this.#claimed.has(volume) && volumes.indexOf(volume) === at) continue;
      const { name } = this.#options.book.volume(volume);
      const message = `The volume "${name}" is attached to ${holder ?? 'another instance'}: detach it there first`;
      throw new SandboxError('FailedPrecondition', message, { details: { volume, ...(holder && { holder }) } });
    }
    for (const volume of volumes) this.#claimed.add(volume);
    return toDisposable(() => {
      for (const volume of volumes) this.#claimed.delete(volume);
    });
  }

  /** Says that something about an instance has changed that only its entry tells. */
  touch(): void {
    this.#fire();
  }

  dispose(): void {
    for (const entry of this.#entries.values()) entry.stateListener.dispose();
    this.#entries.clear();
    this.#changes.dispose();
    this.#ended.dispose();
  }

  #complete(draft: InstanceDraft): InstanceSpec {
    if (this.#entries.size + this.#promised.size >= instanceLimit) {
      const message = `There are ${instanceLimit} instances already, the most there can be: remove one`;
      throw new SandboxError('ResourceExhausted', message);
    }
    const taken = this.#names();
    const name = draft.name ?? defaultName(stemOf(draft), taken);
    checkName(name, taken);
    const nics = draft.nics ?? [{ network: defaultNetwork.name }];
    if (draft.kind !== 'vm') return { ...draft, name, nics, disks: (draft.disks ?? []).map(completed) };
    return { ...draft, name, nics, disks: (draft.disks ?? []).map((disk) => this.#completeVmDisk(disk)) };
  }

  #completeVmDisk(disk: VmDiskDraft): VmDiskSpec {
    return 'volume' in disk ? volumeDisk(this.#options.book.volume(disk.volume)) : completed(disk);
  }

  #names(): ReadonlySet<string> {
    return new Set([...this.specs().map(({ name }) => name), ...this.#promised]);
  }

  #add(stored: StoredInstance): Entry {
    const { id, spec } = stored;
    const driver = this.#options.drivers.of(spec);
    const abilities = driver.abilities(spec);
    const instance = driver.create(spec, this.#resources(id), id);
    const stateListener = instance.states((state) => this.#stateChanged(id, state));
    const entry: Entry = { instance, abilities, stateListener, stored, lineage: { layers: [] } };
    this.#entries.set(id, entry);
    this.#fire();
    return entry;
  }

  #resources(id: InstanceId): InstanceResources {
    const { networks, attachDisks, attachShares } = this.#options;
    return {
      attachNics: () => networks.attach(id, this.entry(id).stored.spec),
      openDisks: () => attachDisks(this.entry(id).stored.disks),
      openShares: () => attachShares(sharesOf(this.entry(id).stored.spec)),
      hosts: () => this.#hosts(id),
    };
  }

  #hosts(id: InstanceId): string {
    const { networks } = this.#options;
    const neighbours = networks.neighboursOf(id).flatMap(({ instance, address }) => {
      const name = this.#entries.get(instance)?.stored.spec.name;
      return name === undefined ? [] : [{ name, address }];
    });
    return hostsFile(this.entry(id).stored.spec.name, networks.reservationsOf(id), neighbours);
  }

  /** The disks of a new instance: empty ones, copies of what disks are to begin as, and volumes. */
  async #disksOf(spec: InstanceSpec): Promise<readonly DiskId[]> {
    const { disks, book, createDisk } = this.#options;
    const wishes = spec.disks ?? [];
    const fresh = wishes.filter((_, index) => volumeAt(spec, index) === undefined);
    const made = await makeDisks(
      disks,
      fresh.map((wish) => () => (wish.source?.generation ? disks.fork(wish.source.generation) : createDisk(wish))),
    );
    const next = made.values();
    return wishes.map((_, index) => {
      const volume = volumeAt(spec, index);
      return volume === undefined ? (next.next().value ?? '') : book.volume(volume).disk;
    });
  }

  /** Guests are told who is there now; one that is on its way up or stands still, as soon as it can be. */
  #neighboursChanged(): void {
    this.#fire();
    for (const { instance } of this.#entries.values()) instance.updateHosts().catch(() => {});
  }

  #stateChanged(id: InstanceId, state: InstanceState): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    if (state.phase === 'running') entry.runningSince ??= state.since;
    else if (state.phase !== 'paused') delete entry.runningSince;
    if (state.phase === 'stopped' || state.phase === 'failed') {
      for (const disk of entry.stored.disks) this.#options.disks.close(disk).catch(() => {});
      this.#ended.fire(entry);
    }
    this.#fire();
  }

  #fire(): void {
    this.#changes.fire(this.list());
  }
}

/** A disk told in full. */
function completed<Spec extends DiskSpec>(disk: Spec): Spec {
  return { ...disk, ...completeDisk(disk) };
}

/** What instances are called that nobody gives a name: by their kind, or by the program that they are. */
function stemOf(draft: InstanceDraft): string {
  if (draft.kind !== 'vm') return moduleStem(draft.image);
  return draft.containerHost ? 'host' : 'vm';
}
