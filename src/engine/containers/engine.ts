import type { ContainerSummary } from '../../api/container';
import type {
  ContainerEngine,
  EngineNetworks,
  EnginePlacements,
  EngineVolumes,
  PublishedPort,
} from '../../api/container-engine';
import type { EventMessage, EventOptions } from '../../api/container-event';
import type { ContainerHosts } from '../../api/container-host';
import type { EngineInfo, EngineUsage, EngineVersion } from '../../api/container-system';
import type { ImageUser } from '../../api/image-summary';
import type { RecordChange, RecordStore } from '../../api/records';
import type { Clock } from '../../base/clock';
import { type SandboxError, toSandboxError } from '../../base/errors';
import { Emitter, type Event } from '../../base/events';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import type { GatewayDirectory } from '../../network/gateway/gateway';
import { gatewayNetwork } from '../../network/gateway/gateway-network';
import type { PortForward } from '../../network/gateway/port-forwards';
import type { FurtherNames } from '../../network/gateway/resolver';
import { type OpenDisks, UnikernelHost, type UnikernelHostOptions } from '../../runtime/unikernel/unikernel-host';
import type { BlobClient } from '../blob-client';
import { usualMemoryMiB } from '../host-draft';
import type { LabImages } from '../image-holds';
import type { Lab } from '../lab';
import type { Networks } from '../networks';
import type { PreviewStation } from '../previews/preview-station';
import { ContainerBook, type ContainerEntry, isUp } from './container-book';
import { checkLinks, linksOf } from './container-links';
import { ContainerNetworks } from './container-networks';
import { ContainerPorts } from './container-ports';
import type { UserDatabase } from './container-user';
import { containerUser } from './container-users';
import { ContainerVolumes } from './container-volumes';
import { Containers } from './containers';
import { engineInfo, engineVersion } from './engine-info';
import { EventLog } from './event-log';
import { Execs } from './execs';
import { HostDriver } from './host-driver';
import type { HostPorts } from './host-ports';
import { ImageUsers } from './image-users';
import { LeftBehind } from './left-behind';
import { Lifecycle } from './lifecycle';
import { LogStore } from './log-store';
import { NetworkVerbs } from './network-verbs';
import { PlacementBook } from './placement-book';
import { isReachedAt } from './port-spec';
import { forgetRemovedHost } from './removed-host';
import { StationGuard } from './station-guard';
import { UnikernelContainers } from './unikernel-containers';

export interface LabContainersOptions {
  readonly hosts: ContainerHosts & Disposable;
  /** What runs images that are unikernels. */
  readonly unikernels: UnikernelHostOptions['driver'];
  readonly networks: Networks;
  /** Its shared folders, of which unikernels get copies, its volumes, which are their disks, and what their modules declare. */
  readonly lab: Pick<Lab, 'folders' | 'volumes' | 'unikernelDevices'>;
  readonly records: RecordStore;
  readonly blobs: BlobClient;
  readonly images: () => Promise<LabImages>;
  /** Settles when the store knows whose images are needed. */
  readonly holdImages: () => Promise<void>;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Where programs of the machine beneath reach what is published. Without, the page alone does. */
  readonly hostPorts?: HostPorts | undefined;
  /** What went wrong by itself, for people. */
  readonly failed: (error: SandboxError) => void;
}

/** The container engine of a lab. See {@link ContainerEngine}. */
export class LabContainers implements ContainerEngine, Disposable {
  readonly containers: Containers;
  readonly execs: Execs;
  readonly volumes: EngineVolumes;
  readonly networks: EngineNetworks;
  readonly hosts: ContainerHosts;
  readonly placements: EnginePlacements;
  readonly #options: LabContainersOptions;
  readonly #book: ContainerBook;
  readonly #lifecycle: Lifecycle;
  readonly #events: EventLog;
  readonly #networks: ContainerNetworks;
  readonly #volumes: ContainerVolumes;
  readonly #ports: ContainerPorts;
  readonly #placements = new PlacementBook();
  readonly #leftBehind: LeftBehind;
  readonly #disposables = new DisposableStore();
  readonly #changed = new Emitter<readonly ContainerSummary[]>();

  constructor(options: LabContainersOptions) {
    const { records, blobs, clock, randomBytes, hosts, images, holdImages, lab } = options;
    const folders = () => lab.folders();
    this.#options = options;
    this.hosts = hosts;
    const placements = this.#placements;
    this.placements = {
      list: () => placements.list(),
      changed: placements.changed,
      hostOf: (container) => book.entries().find(({ id }) => id === container)?.stored.placed,
    };
    const leftBehind = new LeftBehind({ records, hosts });
    this.#leftBehind = leftBehind;
    const logs = new LogStore({ records, blobs });
    const book = new ContainerBook({ records, logs, clock });
    const events = new EventLog(clock);
    const stored = () => book.entries().map((entry) => entry.stored);
    const networks = new ContainerNetworks({
      networks: options.networks,
      records,
      events,
      clock,
      randomBytes,
      containers: stored,
      isUp: (id) => book.entries().some((entry) => entry.id === id && isUp(entry)),
    });
    const volumes = new ContainerVolumes({
      records,
      events,
      clock,
      randomBytes,
      containers: stored,
      hosts,
      leftBehind,
      disks: () => lab.volumes(),
    });
    const ports = new ContainerPorts(networks, options.hostPorts);
    const event = (entry: ContainerEntry, action: string, attributes = {}, by = {}): void => {
      events.add('container', action, entry.id, { ...attributesOf(entry), ...attributes }, by);
    };
    const databases = new ImageUsers(images);
    const users = (entry: ContainerEntry) =>
      entry.stored.image.unikernel ? nobody : databases.of(entry.stored.image.digest);
    const execs = new Execs({ book, users, event, randomBytes, settled: (entry) => this.#lifecycle.settled(entry) });
    const unikernelHost = new UnikernelHost({
      driver: options.unikernels,
      attachNics: (id, spec) => options.networks.attach(id, spec),
      openDisks: async (id, disks) => {
        if (disks.length === 0) return noDisks;
        const user = `the container ${book.find(id).stored.name}`;
        const volumes = await lab.volumes();
        return volumes.open(
          disks.map(({ volume }) => volume),
          user,
        );
      },
      clock,
    });
    const lifecycle = new Lifecycle({
      book,
      hosts,
      drivers: {
        hosts: new HostDriver({
          book,
          hosts,
          networks,
          volumes,
          leftBehind,
          placements: this.#placements,
          clock,
          users,
        }),
        unikernels: new UnikernelContainers({ host: unikernelHost, networks, folders, volumes }),
      },
      unikernelHost,
      ports,
      clock,
      event,
      join: async ({ stored }) => {
        checkLinks(stored, 'started', (other) => book.find(other));
        await networks.complete(stored);
      },
      used: ({ stored }, now) => {
        networks.tell(stored, now ? 'connect' : 'disconnect');
        volumes.tell(stored, now ? 'mount' : 'unmount');
      },
      probe: (entry, argv) => execs.probe(entry, argv),
      remove: (entry) => this.containers.removeEntry(entry, true),
      failed: options.failed,
    });
    this.#book = book;
    this.#events = events;
    this.#lifecycle = lifecycle;
    this.#networks = networks;
    this.#ports = ports;
    this.#volumes = volumes;
    this.execs = execs;
    this.containers = new Containers({
      book,
      lifecycle,
      execs,
      users,
      networks,
      volumes,
      ports,
      hosts,
      images,
      folders,
      isBeneath: options.hostPorts !== undefined,
      devices: (image) => lab.unikernelDevices(image),
      holdImages,
      clock,
      randomBytes,
      event,
      pruned: (bytes) => this.tellPrune('container', bytes),
    });
    this.volumes = {
      create: (body) => volumes.create(body),
      list: async (filters) => volumes.list(filters),
      inspect: async (name) => volumes.show(volumes.get(name)),
      remove: (name, force) => volumes.remove(name, force),
      prune: (filters) => volumes.prune(filters),
    };
    this.networks = new NetworkVerbs({ book, networks, ports });
    const guard = new StationGuard({ book, networks: options.networks });
    const parts = [guard, hosts, unikernelHost, book, events, networks, lifecycle, leftBehind, this.#placements];
    for (const part of parts) this.#disposables.add(part);
    this.#disposables.add(
      hosts.removed((host) => {
        const remove = (entry: ContainerEntry) => this.containers.removeEntry(entry, true);
        forgetRemovedHost(host, { book, volumes, clock, remove }).catch((error: unknown) =>
          options.failed(toSandboxError(error)),
        );
      }),
    );
    this.#disposables.add(book.news(() => this.#changed.fire(this.list())));
  }

  /** Reads what was there, and comes back to what ran before a reload. Resolves when there is an answer for everything. */
  async open(): Promise<void> {
    await this.#book.open();
    this.#placements.add(...this.#book.entries().flatMap(({ stored }) => stored.placement ?? []));
    await Promise.all([this.#volumes.open(), this.#networks.open(), this.#leftBehind.open()]);
    // A lab without images has no news of them.
    void this.#followImages().catch(() => undefined);
    // Hosts may take a while to come back; who asks for containers meanwhile sees them as they were.
    void this.#lifecycle.open().catch(() => undefined);
  }

  /** Settles when the store has all that containers have written so far. */
  async save(): Promise<void> {
    await Promise.all(this.#book.entries().map(({ log }) => log.flush()));
  }

  /** Of all containers, newest first. */
  list(): readonly ContainerSummary[] {
    return this.#book
      .entries()
      .map((entry) => this.containers.summary(entry))
      .reverse();
  }

  get changed(): Event<readonly ContainerSummary[]> {
    return this.#changed.event;
  }

  published(): readonly PublishedPort[] {
    return this.#ports.list(this.#book.entries());
  }

  events(options?: EventOptions): ReadableStream<EventMessage> {
    return this.#events.read(options);
  }

  tellPrune(type: 'container' | 'builder', bytes: number): void {
    this.#events.add(type, 'prune', '', { reclaimed: String(bytes) });
  }

  version(): EngineVersion {
    return engineVersion();
  }

  async info(): Promise<EngineInfo> {
    const { hosts, images } = this.#options;
    const states = this.#book.entries().map(({ stored }) => stored.state.status);
    const memory = await Promise.all(hosts.hosts.map((host) => host.memory().catch(() => undefined)));
    const bytes = memory.reduce((sum, each) => sum + (each?.totalBytes ?? 0), 0);
    // Before the first one: what that will have.
    const shown = bytes > 0 ? bytes : usualMemoryMiB * 1024 ** 2;
    return engineInfo(states, (await images()).list().length, hosts.hosts.length, shown);
  }

  async usage(): Promise<EngineUsage> {
    const volumes = await Promise.all(
      this.#volumes.list().map(async (volume) => ({
        ...volume,
        UsageData: {
          Size: (await this.#volumes.sizeOf(volume.Name)) ?? -1,
          RefCount: this.#volumes.usersOf(volume.Name).length,
        },
      })),
    );
    return { Containers: await this.containers.list({ all: true, size: true }), Volumes: volumes };
  }

  /** Which containers need which images. */
  imageUsers(): readonly ImageUser[] {
    return this.#book.entries().map(({ stored }) => containerUser(stored));
  }

  /** Containers that run, as what serves on the networks of the lab. */
  stations(): readonly PreviewStation[] {
    return this.#book
      .entries()
      .filter(({ run }) => run !== undefined)
      .map(({ id, stored: { name, state } }) => ({
        id: id.slice(0, 12),
        name,
        state: { phase: state.status },
        nics: this.#options.networks.reservationsOf(id),
      }));
  }

  /** By which names containers are known on a network of the lab. */
  namesOn(network: string) {
    return this.#book
      .entries()
      .filter(({ run }) => run !== undefined)
      .flatMap(({ id, stored }) => {
        return stored.endpoints.flatMap(({ aliases }, at) => {
          const nic = this.#networks.findNic(stored, at);
          if (nic?.network !== network) return [];
          const names = new Set([stored.name, ...aliases, id.slice(0, 12)].map((name) => name.toLowerCase()));
          return [...names].map((name) => ({ instance: id, name, mac: nic.mac, address: nic.address }));
        });
      });
  }

  /** What the gateway of a network of the lab knows of containers. */
  directoryOf(network: string): Pick<GatewayDirectory, 'hosts' | 'forwards' | 'further'> {
    return { hosts: this.namesOn(network), forwards: this.forwardsOn(network), further: this.#linkedNames(network) };
  }

  /** By which names containers that ask the gateway of a network know others alone. */
  #linkedNames(network: string): readonly FurtherNames[] {
    const { domain } = gatewayNetwork(this.#options.networks.get(network));
    const running = this.#book.entries().filter(({ run }) => run !== undefined);
    return running.flatMap(({ stored }) => {
      const links = linksOf(stored);
      const asker = links.length > 0 ? this.#networks.findNic(stored, 0) : undefined;
      if (asker?.network !== network) return [];
      const hosts = links.flatMap(({ container, alias, network: on }) => {
        const other =
          running.find((each) => each.stored.name === container) ?? running.find(({ id }) => id.startsWith(container));
        const at = other?.stored.endpoints.findIndex((endpoint) => endpoint.network === on) ?? -1;
        const nic = other && at !== -1 ? this.#networks.findNic(other.stored, at) : undefined;
        return nic ? [{ name: alias, address: nic.address }] : [];
      });
      return [{ domain, askers: [asker.address], hosts }];
    });
  }

  /** The published ports that a network of the lab has at its gateway. */
  forwardsOn(network: string): readonly PortForward[] {
    const networks = this.#networks;
    if (networks.isInternal(network)) return [];
    const gateway = gatewayNetwork(this.#options.networks.get(network)).address;
    return this.published()
      .filter((each) => isReachedAt(each, gateway))
      .map(({ hostPort, network: of, address, port }) => ({ port: hostPort, network: of, to: { address, port } }));
  }

  /** Steps that write all again that is written of containers. */
  records(): readonly RecordChange[] {
    return [...this.#book.records(), ...this.#volumes.records(), ...this.#leftBehind.records()];
  }

  async #followImages(): Promise<void> {
    const images = await this.#options.images();
    this.#disposables.add(
      images.events(({ action, id, attributes }) => this.#events.add('image', action, id, attributes)),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#changed.dispose();
  }
}

const noDisks: OpenDisks = { attachments: [], dispose: () => undefined };

/** Unikernels have no users. */
const nobody: Promise<UserDatabase> = Promise.resolve({ passwd: '', group: '' });

function attributesOf({ stored: { name, image, config } }: ContainerEntry): Readonly<Record<string, string>> {
  return { ...config.Labels, image: image.name, name };
}
