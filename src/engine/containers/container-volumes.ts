import type { Filters } from '../../api/container-event';
import type { ContainerHost } from '../../api/container-host';
import type { PruneReport } from '../../api/container-system';
import type { ContainerVolume, VolumeCreateBody } from '../../api/container-volume';
import type { RecordChange, RecordStore } from '../../api/records';
import { toHex } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { readVolumeName, volumePath } from './container-mounts';
import {
  listContainerRecords,
  putContainerRecord,
  removeContainerRecord,
  type StoredContainer,
  type StoredVolume,
} from './container-records';
import type { EventLog } from './event-log';
import { checkFilters, flagOf, labelsMatch, nameMatches, oneOf } from './match-filters';

export interface ContainerVolumesOptions {
  readonly records: RecordStore;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly containers: () => readonly StoredContainer[];
  /** The host of that name, started when it does not run. */
  readonly openHost: (name: string) => Promise<ContainerHost>;
}

/** What docker marks volumes with that nobody has named. */
const anonymousLabel = 'com.docker.volume.anonymous';

/** Volumes of containers: directories on a host's disk, by names. Each is on one host, from its first use on. */
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
    if (Object.keys(DriverOpts).length > 0) {
      throw new SandboxError(
        'InvalidArgument',
        `create ${Name ?? ''}: invalid option: "${Object.keys(DriverOpts)[0]}"`,
      );
    }
    const name = Name ? readVolumeName(Name) : this.newName();
    const known = this.#volumes.get(name);
    if (known) return this.show(known);
    const planned = this.plan([name], !Name, Labels);
    await this.#options.records.apply(planned.changes);
    planned.keep();
    return this.show(this.get(name));
  }

  /** Steps that make the volumes that are not there yet; call `keep` once they have been taken. */
  plan(
    names: readonly string[],
    anonymous: boolean | ((name: string) => boolean),
    labels: Readonly<Record<string, string>> = {},
  ): { readonly changes: readonly RecordChange[]; readonly keep: () => void } {
    const made = [...new Set(names)]
      .filter((name) => !this.#volumes.has(name))
      .map((name): StoredVolume => {
        const nameless = typeof anonymous === 'boolean' ? anonymous : anonymous(name);
        return {
          name,
          createdAt: this.#options.clock.now(),
          labels: nameless ? { ...labels, [anonymousLabel]: '' } : labels,
          options: {},
          anonymous: nameless,
        };
      });
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

  show({ name, createdAt, labels, options, placed }: StoredVolume): ContainerVolume {
    return {
      Name: name,
      Driver: 'local',
      Mountpoint: volumePath(name),
      CreatedAt: new Date(createdAt).toISOString().replace(/\.\d+/, ''),
      Labels: labels,
      Scope: 'local',
      Options: Object.keys(options).length > 0 ? options : null,
      ...(placed !== undefined && { Status: { Host: placed } }),
    };
  }

  usersOf(name: string): readonly StoredContainer[] {
    return this.#options
      .containers()
      .filter(({ mounts }) => mounts.some((mount) => mount.kind === 'volume' && mount.volume === name));
  }

  /** Bytes on its host's disk; 0 before its first use. */
  async sizeOf(name: string): Promise<number> {
    const { placed } = this.get(name);
    if (placed === undefined) return 0;
    return (await this.#options.openHost(placed)).volumeBytes(name);
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
      await host.createVolume(name);
      if (volume.placed !== undefined) await this.#move(volume, host);
      const placed = { ...volume, placed: host.name };
      await this.#options.records.apply([putContainerRecord('containerVolumes', name, placed)]);
      this.#volumes.set(name, placed);
    }
  }

  async remove(name: string, force = false): Promise<void> {
    const volume = force ? this.#volumes.get(name) : this.get(name);
    if (!volume) return;
    const users = this.usersOf(name);
    if (users.length > 0) {
      const ids = users.map(({ id }) => id).join(', ');
      throw new SandboxError('FailedPrecondition', `remove ${name}: volume is in use - [${ids}]`);
    }
    if (volume.placed !== undefined) {
      const host = await this.#options.openHost(volume.placed).catch((error: unknown) => {
        // The host is gone, and all that was on its disk.
        if (error instanceof SandboxError && error.code === 'NotFound') return undefined;
        throw error;
      });
      await host?.removeVolume(name);
    }
    await this.#options.records.apply([removeContainerRecord('containerVolumes', name)]);
    this.#volumes.delete(name);
    this.#options.events.add('volume', 'destroy', name, { driver: 'local' });
  }

  async prune(filters: Filters = {}): Promise<PruneReport> {
    checkFilters(filters, ['all', 'label', 'label!']);
    const all = flagOf(filters['all']) ?? false;
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const { name, anonymous, labels } of [...this.#volumes.values()]) {
      if ((!anonymous && !all) || this.usersOf(name).length > 0 || !labelsMatch(filters['label'], labels)) continue;
      reclaimed += await this.sizeOf(name).catch(() => 0);
      await this.remove(name);
      deleted.push(name);
    }
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
    const from = await this.#options.openHost(placed);
    await to.importVolume(name, await from.exportVolume(name));
    await from.removeVolume(name);
  }
}
