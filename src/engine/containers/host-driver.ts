import type { ContainerHost, ContainerHosts, ContainerSpec } from '../../api/container-host';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import type { ContainerBook, ContainerEntry } from './container-book';
import type { ContainerDriver } from './container-driver';
import type { ContainerNetworks } from './container-networks';
import type { StoredContainer } from './container-records';
import { containerSpec, hostnameOf, rootOf } from './container-spec';
import { resolveUser, type UserDatabase } from './container-user';
import type { ContainerVolumes } from './container-volumes';
import { type Discarded, type LeftBehind, nothingLeft } from './left-behind';
import { memoryOf, namespaceNeighbours } from './namespaces';
import { boundHost, hostLabel } from './placement';
import type { PlacementBook } from './placement-book';

export interface HostDriverOptions {
  readonly book: ContainerBook;
  readonly hosts: ContainerHosts;
  readonly networks: ContainerNetworks;
  readonly volumes: ContainerVolumes;
  readonly leftBehind: LeftBehind;
  readonly placements: PlacementBook;
  readonly clock: Clock;
  /** `/etc/passwd` and `/etc/group` of the container as it is now, or as its image has them. */
  readonly users: (entry: ContainerEntry, host: ContainerHost) => Promise<UserDatabase>;
}

/** Runs containers in machines that are their hosts. */
export class HostDriver implements ContainerDriver {
  readonly #options: HostDriverOptions;

  constructor(options: HostDriverOptions) {
    this.#options = options;
  }

  async place(entry: ContainerEntry, operation?: Operation): Promise<ContainerHost> {
    const { hosts, volumes } = this.#options;
    const { stored } = entry;
    const names = stored.mounts.flatMap((mount) => (mount.kind === 'volume' ? [mount.volume] : []));
    const host =
      stored.placed === undefined
        ? await this.#choose(entry, names, operation)
        : await hosts.open(stored.placed, operation);
    await host.createRoot(entry.id, rootOf(stored), operation);
    await volumes.place(names, host);
    return host;
  }

  /** Decides where a container belongs, and writes it down. */
  async #choose(entry: ContainerEntry, volumes: readonly string[], operation?: Operation): Promise<ContainerHost> {
    const { hosts, networks, book, placements, clock } = this.#options;
    const { stored, id } = entry;
    const [neighbour] = namespaceNeighbours(stored).map((name) => book.find(name).stored);
    const bound = boundHost({
      neighbour: neighbour?.placed === undefined ? undefined : { container: neighbour.name, host: neighbour.placed },
      label: stored.config.Labels?.[hostLabel],
      volumes,
      hostOfVolumes: (names) => this.#options.volumes.hostOf(names),
    });
    const { host, choice } = bound
      ? { host: await hosts.open(bound.host, operation), choice: bound.reason }
      : await hosts.openOn(networks.labNamesOf(stored), operation);
    const placement = { at: clock.now(), container: id, name: stored.name, host: host.name, reason: choice };
    // One with the host's network, or its UTS namespace, has the host's name.
    const config = stored.config.Hostname ? stored.config : { ...stored.config, Hostname: host.name };
    await book.update(entry, { placed: host.name, placement, config });
    placements.add(placement);
    return host;
  }

  async spec(entry: ContainerEntry, host: ContainerHost): Promise<ContainerSpec> {
    const { networks, users, book } = this.#options;
    const { stored: own } = entry;
    const joined = this.#joined(own);
    // With the network of another goes what that is called (moby, daemon/container_operations.go, initializeNetworking).
    const stored = joined ? { ...own, config: { ...own.config, ...namesOf(joined) } } : own;
    const pids = new Map(
      namespaceNeighbours(stored).flatMap((name): readonly (readonly [string, number])[] => {
        const other = book.find(name);
        const pid = other.run?.host === host ? other.stored.state.pid : 0;
        return pid === 0 ? [] : [[name, pid]];
      }),
    );
    const memory = memoryOf(stored, pids, (name) => book.find(name).stored);
    const nics = networks.nicsOf(stored);
    const told = joined ? networks.nicsOf(joined) : nics;
    const resolver = networks.resolverOf(joined ?? stored);
    const database = await users(entry, host);
    const facts = {
      user: resolveUser(stored.config.User ?? '', database, stored.host.GroupAdd ?? []),
      nics,
      pids,
      files: {
        addresses: told.map(({ address }) => address),
        nameServer: resolver?.nameServer,
        domain: resolver?.domain,
      },
      ...(joined && { joined }),
      ...(memory !== undefined && { memory }),
    };
    const spec = containerSpec(stored, facts, consoleSize(stored.host.ConsoleSize));
    if (joined) await book.update(entry, { config: stored.config });
    return spec;
  }

  /** Whose network a container shares; undefined where it has its own, or none. */
  #joined({ host: { NetworkMode = '' } }: StoredContainer): StoredContainer | undefined {
    const seen = new Set<string>();
    let found: StoredContainer | undefined;
    for (let mode = NetworkMode; mode.startsWith('container:') && !seen.has(mode); ) {
      seen.add(mode);
      found = this.#options.book.find(mode.slice('container:'.length)).stored;
      mode = found.host.NetworkMode ?? '';
    }
    return found;
  }

  async discard({ id, stored: { placed } }: ContainerEntry): Promise<Discarded> {
    return placed === undefined ? nothingLeft : this.#options.leftBehind.remove('root', id, placed);
  }
}

function namesOf(stored: StoredContainer) {
  return { Hostname: hostnameOf(stored), Domainname: stored.config.Domainname ?? '' };
}

function consoleSize([rows, columns]: readonly number[] = []) {
  return rows && columns ? { rows, columns } : { rows: 24, columns: 80 };
}
