import type { ContainerSummary } from '../../api/container';
import type { ContainerEngine, EngineNetworks, EngineVolumes, PublishedPort } from '../../api/container-engine';
import type { EventMessage, EventOptions } from '../../api/container-event';
import type { ContainerHosts } from '../../api/container-host';
import type { EngineInfo, EngineUsage, EngineVersion } from '../../api/container-system';
import type { ImageUser } from '../../api/image-summary';
import type { RecordChange, RecordStore } from '../../api/records';
import type { Clock } from '../../base/clock';
import type { SandboxError } from '../../base/errors';
import { Emitter, type Event } from '../../base/events';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import type { BlobClient } from '../blob-client';
import type { LabImages } from '../image-holds';
import type { Networks } from '../networks';
import { ContainerBook, type ContainerEntry } from './container-book';
import { ContainerNetworks } from './container-networks';
import { containerUser } from './container-users';
import { ContainerVolumes } from './container-volumes';
import { Containers } from './containers';
import { engineInfo, engineVersion } from './engine-info';
import { EventLog } from './event-log';
import { Execs } from './execs';
import { ImageUsers } from './image-users';
import { Lifecycle } from './lifecycle';
import { LogStore } from './log-store';
import { NetworkVerbs } from './network-verbs';
import { PortBook } from './port-book';

export interface LabContainersOptions {
  readonly hosts: ContainerHosts & Disposable;
  readonly networks: Networks;
  readonly records: RecordStore;
  readonly blobs: BlobClient;
  readonly images: () => Promise<LabImages>;
  /** Settles when the store knows whose images are needed. */
  readonly holdImages: () => Promise<void>;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
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
  readonly #options: LabContainersOptions;
  readonly #book: ContainerBook;
  readonly #lifecycle: Lifecycle;
  readonly #events: EventLog;
  readonly #networks: ContainerNetworks;
  readonly #volumes: ContainerVolumes;
  readonly #ports = new PortBook();
  readonly #disposables = new DisposableStore();
  readonly #changed = new Emitter<readonly ContainerSummary[]>();

  constructor(options: LabContainersOptions) {
    const { records, blobs, clock, randomBytes, hosts, images, holdImages } = options;
    this.#options = options;
    this.hosts = hosts;
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
    });
    const openHost = (name: string) => hosts.open(name);
    const volumes = new ContainerVolumes({ records, events, clock, randomBytes, containers: stored, openHost });
    const event = (entry: ContainerEntry, action: string, attributes = {}): void => {
      events.add('container', action, entry.id, { ...attributesOf(entry), ...attributes });
    };
    const databases = new ImageUsers(images);
    const users = (entry: ContainerEntry) => databases.of(entry.stored.image.digest);
    const execs = new Execs({ book, users, event, randomBytes, settled: (entry) => this.#lifecycle.settled(entry) });
    const lifecycle = new Lifecycle({
      book,
      hosts,
      networks,
      volumes,
      ports: this.#ports,
      clock,
      event,
      users,
      probe: (entry, argv) => execs.probe(entry, argv),
      remove: (entry) => this.containers.removeEntry(entry, true),
      failed: options.failed,
    });
    this.#book = book;
    this.#events = events;
    this.#lifecycle = lifecycle;
    this.#networks = networks;
    this.#volumes = volumes;
    this.execs = execs;
    this.containers = new Containers({
      book,
      lifecycle,
      execs,
      networks,
      volumes,
      ports: this.#ports,
      hosts,
      images,
      holdImages,
      clock,
      randomBytes,
      event,
    });
    this.volumes = {
      create: (body) => volumes.create(body),
      list: async (filters) => volumes.list(filters),
      inspect: async (name) => volumes.show(volumes.get(name)),
      remove: (name, force) => volumes.remove(name, force),
      prune: (filters) => volumes.prune(filters),
    };
    this.networks = new NetworkVerbs({ book, networks, lifecycle, events });
    for (const part of [hosts, book, events, networks, lifecycle]) this.#disposables.add(part);
    this.#disposables.add(book.news(() => this.#changed.fire(this.list())));
  }

  /** Reads what was there, and comes back to what ran before a reload. Resolves when there is an answer for everything. */
  async open(): Promise<void> {
    await this.#book.open();
    await Promise.all([this.#volumes.open(), this.#networks.open()]);
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
    return [...this.#ports.all()].flatMap(([id, ports]) => {
      const { stored } = this.#book.find(id);
      const [nic] = this.#networks.nicsOf(stored);
      if (!nic) return [];
      const { network, address } = nic;
      return ports.map((port) => ({ container: id, name: stored.name, network, address, ...port }));
    });
  }

  events(options?: EventOptions): ReadableStream<EventMessage> {
    return this.#events.read(options);
  }

  version(): EngineVersion {
    return engineVersion();
  }

  async info(): Promise<EngineInfo> {
    const { hosts, images } = this.#options;
    const states = this.#book.entries().map(({ stored }) => stored.state.status);
    const memory = await Promise.all(hosts.hosts.map((host) => host.memory().catch(() => undefined)));
    const bytes = memory.reduce((sum, each) => sum + (each?.totalBytes ?? 0), 0);
    return engineInfo(states, (await images()).list().length, hosts.hosts.length, bytes);
  }

  async usage(): Promise<EngineUsage> {
    const volumes = await Promise.all(
      this.#volumes.list().map(async (volume) => ({
        ...volume,
        UsageData: {
          Size: await this.#volumes.sizeOf(volume.Name).catch(() => -1),
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

  /** By which names containers are known on a network of the lab. */
  namesOn(network: string) {
    return this.#book
      .entries()
      .filter(({ run }) => run !== undefined)
      .flatMap(({ id, stored }) => {
        const nics = this.#networks.nicsOf(stored);
        return nics.flatMap((nic, at) => {
          if (nic.network !== network) return [];
          const { aliases = [] } = stored.endpoints[at] ?? {};
          const names = new Set([stored.name, ...aliases, id.slice(0, 12)].map((name) => name.toLowerCase()));
          return [...names].map((name) => ({ instance: id, name, mac: nic.mac, address: nic.address }));
        });
      });
  }

  /** Steps that write all again that is written of containers. */
  records(): readonly RecordChange[] {
    return [...this.#book.records(), ...this.#volumes.records()];
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#changed.dispose();
  }
}

function attributesOf({ stored: { name, image, config } }: ContainerEntry): Readonly<Record<string, string>> {
  return { ...config.Labels, image: image.name, name };
}
