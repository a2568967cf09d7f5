import type { DiskGeneration, DiskInfo, DiskSpec, DiskStore } from '../api/disk';
import type { DiskAttachment, InstanceId } from '../api/instance';
import type { Operation } from '../api/operation';
import type { RecordChange } from '../api/records';
import type { VolumeDraft, VolumeFileForm, VolumeId, VolumeRecord, VolumeSnapshot, VolumeStatus } from '../api/volume';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { toDisposable } from '../base/lifecycle';
import { isLive } from '../runtime/instance-state';
import type { OpenDisks } from '../runtime/unikernel/unikernel-host';
import { completeDisk, volumeDisk } from './complete-disk';
import type { DiskAttachments } from './disk-attachments';
import type { DiskBook } from './disk-book';
import type { Fleet } from './fleet';
import type { Entry } from './instance-record';
import { volumeAt } from './make-disks';
import { readVolume, type VolumeFile } from './volume-export';
import { type DiskFileSource, importDisk } from './volume-import';

export interface VolumesOptions {
  readonly book: DiskBook;
  readonly disks: DiskStore;
  readonly attachments: Pick<DiskAttachments, 'attach'>;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly randomId: () => string;
  /** Fires when the store ends. */
  readonly lost: () => AbortSignal;
  readonly createDisk: (spec: DiskSpec) => Promise<DiskInfo>;
  /** Saves a running machine for a reload once more: a generation of one of its disks was made behind its back. */
  readonly resave: (entry: Entry) => Promise<void>;
}

/** A longer name is a mistake. */
const maxNameLength = 64;
const maxTitleLength = 120;
/** As of docker: what a command line can say without quotes. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * Volumes: disks by a name that outlive the instances that they are attached to. What is made, changed or removed here
 * is on the disk before it is acknowledged. Errors: `NotFound`, `InvalidArgument`, `AlreadyExists`,
 * `FailedPrecondition` when somebody has the volume, whom the message names, and those of the disk store.
 */
export class Volumes {
  readonly #options: VolumesOptions;
  /** Who has volumes open without being an instance. */
  readonly #users = new Map<VolumeId, string>();
  readonly #usage = new Emitter<void>();
  /** Names that are about to be given. */
  readonly #promised = new Set<string>();
  /** The last of the changes of volumes, which follow one another; never rejects. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: VolumesOptions) {
    this.#options = options;
  }

  /** Fires whenever a volume has come, gone or changed, or is attached to another. */
  get changes(): Event<void> {
    const { book, fleet } = this.#options;
    return (listener) => {
      const subscriptions = [book.changes(listener), fleet.changes(() => listener()), this.#usage.event(listener)];
      return { dispose: () => subscriptions.forEach((each) => each.dispose()) };
    };
  }

  /** With what they take now, by name. */
  async list(): Promise<readonly VolumeStatus[]> {
    const { book, disks } = this.#options;
    const infos = new Map((await disks.list()).map((info) => [info.id, info]));
    const statuses = book.volumes().map((volume) => this.#status(volume, infos.get(volume.disk)));
    return statuses.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async status(reference: VolumeId): Promise<VolumeStatus> {
    const { book, disks } = this.#options;
    const volume = book.volume(reference);
    return this.#status(volume, await disks.info(volume.disk));
  }

  /** `also` tells what is written with its record, or not at all. */
  create(
    { name, ...draft }: VolumeDraft,
    also?: (volume: VolumeRecord) => readonly RecordChange[],
  ): Promise<VolumeRecord> {
    const spec = completeDisk(draft);
    return this.#make(name, 'volume', async () => ({ info: await this.#options.createDisk(spec), ...spec }), also);
  }

  rename(reference: VolumeId, name: string): Promise<VolumeRecord> {
    return this.#next(async () => {
      const volume = this.#options.book.volume(reference);
      if (volume.name === name) return volume;
      const promise = this.#promiseName(name);
      try {
        return await this.#put({ ...volume, name });
      } finally {
        promise.dispose();
      }
    });
  }

  /** Refused while it is attached. What was copied from it, and snapshots of machines that had it, stay. */
  delete(reference: VolumeId): Promise<void> {
    const { book, disks, fleet } = this.#options;
    return this.#next(async () => {
      const volume = book.volume(reference);
      this.#requireUnused(volume);
      const claim = fleet.claim([volume.id]);
      try {
        await book.remove(volume);
      } finally {
        claim.dispose();
      }
      // Somebody who had it a moment ago may not have given it back yet.
      await disks.close(volume.disk).catch(() => {});
      // What cannot be removed now is removed when the lab is opened the next time.
      await disks.delete(volume.disk).catch(() => {});
      for (const { generation } of volume.snapshots) await this.#free({ disk: volume.disk, generation });
    });
  }

  /** Attaches it to a machine that does not run, as its last disk. */
  attach(reference: VolumeId, instance: InstanceId): Promise<void> {
    const { book, fleet } = this.#options;
    return this.#next(async () => {
      const volume = book.volume(reference);
      const entry = fleet.entry(instance);
      requireIdle(entry);
      this.#requireUnused(volume);
      const { stored } = entry;
      const claim = fleet.claim([volume.id]);
      try {
        const specs = stored.spec.kind === 'vm' ? (stored.spec.disks ?? []) : [];
        await fleet.setDisks(entry, [...stored.disks, volume.disk], [...specs, volumeDisk(volume)]);
      } finally {
        claim.dispose();
      }
    });
  }

  /** Takes it from whom it is attached to, who must not run. Harmless when nobody has it. */
  detach(reference: VolumeId): Promise<void> {
    const { book, fleet } = this.#options;
    return this.#next(async () => {
      const { id } = book.volume(reference);
      const entry = fleet.holder(id);
      if (!entry) return;
      requireIdle(entry);
      const { spec, disks } = entry.stored;
      const stays = (_: unknown, index: number): boolean => volumeAt(spec, index) !== id;
      const specs = spec.kind === 'vm' ? (spec.disks ?? []) : [];
      await fleet.setDisks(entry, disks.filter(stays), specs.filter(stays));
    });
  }

  /**
   * Opens volumes for somebody who is no instance: who runs with them as long as the result is not disposed of, and has them
   * alone. `user` is for people. `FailedPrecondition` names who has one already.
   */
  open(references: readonly VolumeId[], user: string): Promise<OpenDisks> {
    const { book, fleet, disks, attachments } = this.#options;
    return this.#next(async () => {
      const volumes = references.map((reference) => book.volume(reference));
      for (const volume of volumes) this.#requireUnused(volume);
      const claim = fleet.claim(volumes.map(({ id }) => id));
      let opened: readonly DiskAttachment[];
      try {
        opened = await attachments.attach(volumes.map(({ disk }) => disk));
      } catch (error) {
        claim.dispose();
        throw error;
      }
      for (const { id } of volumes) this.#users.set(id, user);
      this.#usage.fire();
      const release = toDisposable(() => {
        for (const { id, detach } of opened) {
          detach();
          disks.close(id).catch(() => {});
        }
        for (const { id } of volumes) this.#users.delete(id);
        claim.dispose();
        this.#usage.fire();
      });
      return Object.assign(release, { attachments: opened });
    });
  }

  /** What it is now, by a name. Of a running machine's: as after a power cut, with all that the guest has flushed. */
  snapshot(reference: VolumeId, name: string): Promise<VolumeSnapshot> {
    const { book, disks, clock, fleet, resave } = this.#options;
    const checked = checkedTitle(name);
    return this.#next(async () => {
      const volume = book.volume(reference);
      const { generation } = await disks.freeze(volume.disk);
      const snapshot = { generation, name: checked, createdAt: clock.now() };
      try {
        await this.#put({ ...volume, snapshots: [...volume.snapshots, snapshot] });
      } catch (error) {
        await this.#free({ disk: volume.disk, generation });
        throw error;
      }
      const holder = fleet.holder(volume.id);
      if (holder && isLive(holder.instance.state.phase)) await resave(holder);
      return snapshot;
    });
  }

  /** Puts it back to a snapshot; what it was is lost. Refused while a machine runs with it. */
  revert(reference: VolumeId, generation: number): Promise<void> {
    const { book, disks, fleet } = this.#options;
    return this.#next(async () => {
      const volume = book.volume(reference);
      requireSnapshot(volume, generation);
      const holder = fleet.holder(volume.id);
      if (holder && isLive(holder.instance.state.phase)) {
        const message = `${holder.stored.spec.name} runs with the volume "${volume.name}": stop it first`;
        throw new SandboxError('FailedPrecondition', message, { details: { volume: volume.id } });
      }
      this.#requireUnused(volume);
      await disks.revert({ disk: volume.disk, generation });
      await this.#put(volume);
    });
  }

  deleteSnapshot(reference: VolumeId, generation: number): Promise<void> {
    const { book } = this.#options;
    return this.#next(async () => {
      const volume = book.volume(reference);
      requireSnapshot(volume, generation);
      await this.#put({ ...volume, snapshots: volume.snapshots.filter((each) => each.generation !== generation) });
      await this.#free({ disk: volume.disk, generation });
    });
  }

  /** A volume that shares with this one, or with its snapshot, what neither has written since. */
  clone(reference: VolumeId, wish: { readonly snapshot?: number; readonly name?: string } = {}): Promise<VolumeRecord> {
    const { name: stem, format } = this.#options.book.volume(reference);
    return this.#make(wish.name, stem, async () => {
      const volume = this.#options.book.volume(reference);
      const info = await this.#withGeneration(volume, wish.snapshot, (base) => this.#options.disks.fork(base));
      return { info, sizeMiB: volume.sizeMiB, ...(format && { format }) };
    });
  }

  /** The disk as one file. What is written to it meanwhile is not in the file. */
  async export(reference: VolumeId, form: VolumeFileForm, snapshot?: number): Promise<VolumeFile> {
    const { book, disks, lost } = this.#options;
    const volume = book.volume(reference);
    const { id: copy } = await this.#next(() => this.#withGeneration(volume, snapshot, (base) => disks.fork(base)));
    return readVolume({ disks, disk: copy, name: volume.name, form, lost: lost() });
  }

  /**
   * A volume of a user's file: a raw disk, plain or gzip'd, or one that was exported here. It may be opened twice.
   * Errors: `InvalidArgument` for other kinds of images, `DataLoss`, `ResourceExhausted`, `Canceled`.
   */
  import(file: DiskFileSource, name: string | undefined, operation: Operation = {}): Promise<VolumeRecord> {
    const { disks, lost } = this.#options;
    const stem = file.name.replace(/(\.(img|raw|iso|tar|gz|bin))+$/i, '').replace(/[^A-Za-z0-9_.-]+/g, '-');
    return this.#make(name, namePattern.test(stem) ? stem.slice(0, maxNameLength - 4) : 'volume', async () => {
      const info = await importDisk(file, { disks, lost: lost() }, operation);
      return { info, sizeMiB: info.sizeBytes / 1024 ** 2 };
    });
  }

  #status(volume: VolumeRecord, info: DiskInfo | undefined): VolumeStatus {
    const holder = this.#options.fleet.holder(volume.id);
    const usedBy = this.#users.get(volume.id);
    return {
      ...volume,
      storedBytes: info?.storedBytes ?? 0,
      sharedBytes: info?.sharedBytes ?? 0,
      ...(holder && { attachedTo: { id: holder.instance.id, name: holder.stored.spec.name } }),
      ...(usedBy !== undefined && { usedBy }),
    };
  }

  /** Records a new volume; its disk goes again when it cannot be. */
  async #make(
    wished: string | undefined,
    stem: string,
    work: () => Promise<DiskSpec & { readonly info: DiskInfo }>,
    also: (volume: VolumeRecord) => readonly RecordChange[] = () => [],
  ): Promise<VolumeRecord> {
    const { disks, clock, randomId } = this.#options;
    const name = wished ?? this.#freeName(stem);
    const promise = this.#promiseName(name);
    try {
      const { info, sizeMiB, format } = await work();
      const id = randomId();
      const volume: VolumeRecord = {
        kind: 'volume',
        id,
        name,
        createdAt: clock.now(),
        disk: info.id,
        sizeMiB,
        ...(format && { format }),
        snapshots: [],
      };
      try {
        await this.#options.book.put(volume, also(volume));
        return volume;
      } catch (error) {
        await disks.delete(info.id).catch(() => {});
        throw error;
      }
    } finally {
      promise.dispose();
    }
  }

  /** With a snapshot's generation, or with one of what the volume is now, which is given up again. */
  async #withGeneration<T>(
    volume: VolumeRecord,
    snapshot: number | undefined,
    work: (base: DiskGeneration) => Promise<T>,
  ): Promise<T> {
    const { disk } = volume;
    if (snapshot !== undefined) {
      requireSnapshot(volume, snapshot);
      return work({ disk, generation: snapshot });
    }
    const frozen = await this.#options.disks.freeze(disk);
    try {
      return await work(frozen);
    } finally {
      await this.#free(frozen);
    }
  }

  /** What cannot be freed now costs room and nothing else. */
  async #free(generation: DiskGeneration): Promise<void> {
    await this.#options.disks.deleteGeneration(generation).catch(() => {});
  }

  async #put(volume: VolumeRecord): Promise<VolumeRecord> {
    await this.#options.book.put(volume);
    return volume;
  }

  #requireUnused({ id, name }: VolumeRecord): void {
    const user = this.#users.get(id);
    if (user === undefined) return;
    const message = `The volume "${name}" is used by ${user}, and by one at a time: stop that first`;
    throw new SandboxError('FailedPrecondition', message, { details: { volume: id } });
  }

  #promiseName(wished: string): { dispose(): void } {
    const name = checkedName(wished);
    if (this.#promised.has(name) || this.#options.book.volumes().some((each) => each.name === name)) {
      throw new SandboxError('AlreadyExists', `There is a volume "${name}" already: choose another name`);
    }
    this.#promised.add(name);
    return { dispose: () => this.#promised.delete(name) };
  }

  #freeName(stem: string): string {
    const taken = new Set([...this.#options.book.volumes().map(({ name }) => name), ...this.#promised]);
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? stem : `${stem}-${number}`;
      if (!taken.has(name)) return name;
    }
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(work);
    this.#tail = run.catch(() => {});
    return run;
  }
}

function checkedName(name: string): string {
  if (name.length <= maxNameLength && namePattern.test(name)) return name;
  const rule = `1 to ${maxNameLength} letters, digits, dots, hyphens and underscores, a letter or digit first`;
  throw new SandboxError('InvalidArgument', `Not a name: "${name.slice(0, maxNameLength)}" (${rule})`);
}

/** For people, as of snapshots of machines. */
function checkedTitle(title: string): string {
  const trimmed = title.trim();
  if (trimmed !== '' && trimmed.length <= maxTitleLength) return trimmed;
  const message = `A snapshot's name has 1 to ${maxTitleLength} characters: "${trimmed.slice(0, maxTitleLength)}"`;
  throw new SandboxError('InvalidArgument', message);
}

function requireSnapshot({ name, snapshots }: VolumeRecord, generation: number): void {
  if (snapshots.some((each) => each.generation === generation)) return;
  throw new SandboxError('NotFound', `The volume "${name}" has no such snapshot: ${generation}`);
}

function requireIdle({ stored, task }: Entry): void {
  if (!task) return;
  throw new SandboxError('FailedPrecondition', `${stored.spec.name} is busy (${task.action}): wait for that first`);
}
