import type { Filters } from '../../api/container-event';
import type { ContainerHost, ContainerHosts } from '../../api/container-host';
import type { PruneReport } from '../../api/container-system';
import type { ContainerVolume, VolumeCreateBody } from '../../api/container-volume';
import type { RecordChange, RecordStore } from '../../api/records';
import type { VolumeRecord } from '../../api/volume';
import { toHex } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError, toSandboxError } from '../../base/errors';
import type { Volumes } from '../volumes';
import { anonymousLabel } from './anonymous-label';
import { readVolumeName, volumePath } from './container-mounts';
import {
  listContainerRecords,
  putContainerRecord,
  removeContainerRecord,
  type StoredContainer,
  type StoredVolume,
} from './container-records';
import type { EventLog } from './event-log';
import { type LeftBehind, nothingLeft } from './left-behind';
import { checkFilters, flagOf, labelFiltersMatch, labelsMatch, nameMatches, oneOf } from './match-filters';
import { diskSizeMiB, readVolumeOptions } from './volume-options';

export interface ContainerVolumesOptions {
  readonly records: RecordStore;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly containers: () => readonly StoredContainer[];
  readonly hosts: ContainerHosts;
  readonly leftBehind: LeftBehind;
  /** The lab's volumes, of which unikernels have theirs. */
  readonly disks: () => Promise<Pick<Volumes, 'create' | 'status' | 'delete'>>;
}

/** A volume that a container wants. */
interface VolumeWish {
  readonly name: string;
  readonly anonymous: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
}

/**
 * Volumes of containers, by names. What a volume is, its first use decides for good: a directory on the disk of a host, or a
 * disk of the lab, for unikernels.
 */
export class ContainerVolumes {
  readonly #options: ContainerVolumesOptions;
  readonly #volumes = new Map<string, StoredVolume>();

  constructor(options: ContainerVolumesOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    for (const each of await listContainerRecords(this.#options.records, 'containerVolumes')) {
      this.#volumes.set(each.name, each);
    }
  }

  newName(): string {
    return toHex(this.#options.randomBytes(32));
  }

  /** `NotFound` in docker's words. */
  get(name: string): StoredVolume {
    const found = this.#volumes.get(name);
    if (found) return found;
    throw new SandboxError('NotFound', `get ${name}: no such volume`);
  }

  async create(body: VolumeCreateBody): Promise<ContainerVolume> {
    const { Name, Driver = 'local', DriverOpts = {}, Labels = {} } = body;
    if (Driver !== 'local' && Driver !== '') {
      throw new SandboxError(
        'NotFound',
        `create ${Name ?? ''}: error looking up volume plugin ${Driver}: plugin "${Driver}" not found`,
      );
    }
    const options = readVolumeOptions(Name ?? '', DriverOpts);
    const name = Name ? readVolumeName(Name) : this.newName();
    const known = this.#volumes.get(name);
    if (known) return this.show(known);
    const planned = this.plan([{ name, anonymous: !Name, labels: Labels, options }]);
    await this.#options.records.apply(planned.changes);
    planned.keep();
    return this.show(this.get(name));
  }

  /** Steps that make the volumes that are not there yet; call `keep` once they have been taken. */
  plan(wishes: readonly VolumeWish[]): { readonly changes: readonly RecordChange[]; readonly keep: () => void } {
    const wanted = new Map(wishes.map((wish) => [wish.name, wish]));
    const made = [...wanted.values()]
      .filter(({ name }) => !this.#volumes.has(name))
      .map(
        ({ name, anonymous, labels = {}, options = {} }): StoredVolume => ({
          name,
          createdAt: this.#options.clock.now(),
          labels: anonymous ? { ...labels, [anonymousLabel]: '' } : labels,
          options,
          anonymous,
        }),
      );
    return {
      changes: made.map((each) => putContainerRecord('containerVolumes', each.name, each)),
      keep: () => {
        for (const each of made) {
          this.#volumes.set(each.name, each);
          this.#options.events.add('volume', 'create', each.name, { driver: 'local' });
        }
      },
    };
  }

  list(filters: Filters = {}): readonly ContainerVolume[] {
    checkFilters(filters, ['dangling', 'driver', 'label', 'name']);
    const dangling = flagOf(filters['dangling']);
    return [...this.#volumes.values()]
      .filter(
        ({ name, labels }) =>
          (dangling === undefined || dangling === (this.usersOf(name).length === 0)) &&
          oneOf(filters['driver'], 'local') &&
          labelsMatch(filters['label'], labels) &&
          nameMatches(filters['name'], name),
      )
      .map((each) => this.show(each));
  }

  show({ name, createdAt, labels, options, placed, disk }: StoredVolume): ContainerVolume {
    return {
      Name: name,
      Driver: 'local',
      Mountpoint: volumePath(name),
      CreatedAt: new Date(createdAt).toISOString().replace(/\.\d+/, ''),
      Labels: labels,
      Scope: 'local',
      Options: Object.keys(options).length > 0 ? options : null,
      ...(placed !== undefined && { Status: { Host: placed } }),
      ...(disk !== undefined && { Status: { Disk: disk } }),
    };
  }

  usersOf(name: string): readonly StoredContainer[] {
    return this.#options
      .containers()
      .filter(({ mounts }) => mounts.some((mount) => mount.kind === 'volume' && mount.volume === name));
  }

  /** A container has its volumes now, or has left them. */
  tell({ id, mounts }: StoredContainer, action: 'mount' | 'unmount'): void {
    for (const mount of mounts) {
      if (mount.kind !== 'volume') continue;
      this.#options.events.add('volume', action, mount.volume, {
        driver: 'local',
        container: id,
        ...(action === 'mount' && {
          destination: mount.target,
          'read/write': String(!mount.readOnly),
          propagation: '',
        }),
      });
    }
  }

  /** Bytes that it takes, 0 before its first use; undefined where its host does not run, or does not say. */
  async sizeOf(name: string): Promise<number | undefined> {
    const { placed, disk } = this.get(name);
    if (disk !== undefined) {
      const disks = await this.#options.disks();
      const status = await disks.status(disk).catch(() => undefined);
      return status?.storedBytes;
    }
    if (placed === undefined) return 0;
    const host = this.#options.hosts.hosts.find((each) => each.name === placed);
    return host?.volumeBytes(name).catch(() => undefined);
  }

  /** Where a container with these volumes has to run; undefined: anywhere. */
  hostOf(names: readonly string[]): string | undefined {
    const hosts = new Set(names.flatMap((name) => this.#volumes.get(name)?.placed ?? []));
    const [first, ...others] = hosts;
    if (others.length === 0) return first;
    const message = `The volumes ${names.join(', ')} are on different hosts (${[...hosts].join(', ')}): a container can have those of one host`;
    throw new SandboxError('FailedPrecondition', message);
  }

  /** Has the volumes on that host before a container starts. One that nobody's container uses moves there. */
  async place(names: readonly string[], host: ContainerHost): Promise<void> {
    for (const name of names) {
      const volume = this.get(name);
      if (volume.placed === host.name) continue;
      if (volume.disk !== undefined || volume.options['size'] !== undefined) {
        const message = `The volume ${name} is a disk of unikernels and no directory: give this container another one`;
        throw new SandboxError('FailedPrecondition', message);
      }
      await this.#options.leftBehind.clearVolume(name, host);
      await host.createVolume(name);
      if (volume.placed !== undefined) await this.#move(volume, host);
      const placed = { ...volume, placed: host.name };
      await this.#options.records.apply([putContainerRecord('containerVolumes', name, placed)]);
      this.#volumes.set(name, placed);
    }
  }

  /** The lab's volume that it is for a unikernel, made at its first use. */
  async diskOf(name: string): Promise<VolumeRecord> {
    const volume = this.get(name);
    if (volume.placed !== undefined) {
      const message = `The volume ${name} is a directory of the host ${volume.placed} and no disk: give this unikernel another one`;
      throw new SandboxError('FailedPrecondition', message);
    }
    const disks = await this.#options.disks();
    if (volume.disk !== undefined) {
      return disks.status(volume.disk).catch((cause: unknown) => {
        throw lostDisk(name, toSandboxError(cause));
      });
    }
    let stored = volume;
    const made = await disks.create({ name, sizeMiB: diskSizeMiB(volume.options) }, ({ id }) => {
      stored = { ...volume, disk: id };
      return [putContainerRecord('containerVolumes', name, stored)];
    });
    this.#volumes.set(name, stored);
    return made;
  }

  async remove(name: string, force = false): Promise<void> {
    const volume = force ? this.#volumes.get(name) : this.get(name);
    if (!volume) return;
    const users = this.usersOf(name);
    if (users.length > 0) {
      const ids = users.map(({ id }) => id).join(', ');
      throw new SandboxError('FailedPrecondition', `remove ${name}: volume is in use - [${ids}]`);
    }
    const { placed, disk } = volume;
    const { leftBehind, records, disks } = this.#options;
    if (disk !== undefined) {
      await (await disks()).delete(disk).catch((error: unknown) => {
        if (toSandboxError(error).code !== 'NotFound') throw error;
      });
    }
    const left = placed === undefined ? nothingLeft : await leftBehind.remove('volume', name, placed);
    await records.apply([removeContainerRecord('containerVolumes', name), ...left.changes]);
    left.keep();
    this.#volumes.delete(name);
    this.#options.events.add('volume', 'destroy', name, { driver: 'local' });
  }

  /** The host was removed, and with its disk those that were there: also what a container wants that has not begun yet. */
  async lose(host: string): Promise<void> {
    const { records, events } = this.#options;
    const lost = [...this.#volumes.values()].filter(({ placed }) => placed === host);
    for (const { name } of lost) this.#volumes.delete(name);
    await records.apply(lost.map(({ name }) => removeContainerRecord('containerVolumes', name)));
    for (const { name } of lost) events.add('volume', 'destroy', name, { driver: 'local' });
  }

  async prune(filters: Filters = {}): Promise<PruneReport> {
    checkFilters(filters, ['all', 'label', 'label!']);
    const all = flagOf(filters['all']) ?? false;
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const { name, anonymous, labels } of [...this.#volumes.values()]) {
      if ((!anonymous && !all) || this.usersOf(name).length > 0 || !labelFiltersMatch(filters, labels)) continue;
      reclaimed += (await this.sizeOf(name)) ?? 0;
      await this.remove(name);
      deleted.push(name);
    }
    this.#options.events.add('volume', 'prune', '', { reclaimed: String(reclaimed) });
    return { deleted, reclaimed };
  }

  /** Steps that write all of them again. */
  records(): readonly RecordChange[] {
    return [...this.#volumes.values()].map((each) => putContainerRecord('containerVolumes', each.name, each));
  }

  async #move({ name, placed = '' }: StoredVolume, to: ContainerHost): Promise<void> {
    const busy = this.usersOf(name).find(({ state, placed: at }) => state.status === 'running' && at === placed);
    if (busy) {
      const message = `The volume ${name} is used by container ${busy.name} on host ${placed}: stop it, or run this one there`;
      throw new SandboxError('FailedPrecondition', message);
    }
    const from = await this.#options.hosts.open(placed);
    await to.importVolume(name, await from.exportVolume(name));
    await from.removeVolume(name);
  }
}

function lostDisk(name: string, cause: SandboxError): SandboxError {
  if (cause.code !== 'NotFound') return cause;
  const message = `The disk of the volume ${name} was removed from the lab: remove the volume, and use its name again`;
  return new SandboxError('NotFound', message, { cause });
}
