import type { ImageUser } from '../api/image-summary';
import type { RecordChange, RecordStore } from '../api/records';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import type { GatewayDirectory } from '../network/gateway/gateway';
import type { BlobClient } from './blob-client';
import type { ContainerHostsOptions } from './container-hosts';
import { containerUsers } from './containers/container-users';
import type { LabContainers, LabContainersOptions } from './containers/engine';
import type { Drivers } from './drivers';
import type { LabImages } from './image-holds';
import type { LabOptions } from './lab-options';
import type { Networks } from './networks';
import type { PreviewStation } from './previews/preview-station';
import type { ArtifactLoader } from './store-client';

export interface LabEngineOptions {
  /** Settles when the lab is open. */
  readonly opened: Promise<void>;
  readonly lab: ContainerHostsOptions['lab'] & LabContainersOptions['lab'];
  readonly drivers: Drivers;
  readonly networks: Networks;
  /** Where the programs of container hosts come from. Without, there are none. */
  readonly artifacts: ArtifactLoader | undefined;
  /** How container hosts are made that make themselves, and whether they are warmed up. */
  readonly containerHosts: LabOptions['containerHosts'] | undefined;
  readonly hostPorts: LabOptions['hostPorts'];
  readonly images: () => Promise<LabImages>;
  /** Settles when the store knows whose images are needed. */
  readonly holdImages: () => Promise<void>;
  readonly records: RecordStore;
  readonly blobs: BlobClient;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** What went wrong by itself, for people. */
  readonly failed: (error: SandboxError) => void;
}

/** The container engine as the lab has it: its code comes when it is first wanted, and what it knows is empty until then. */
export class LabEngine implements Disposable {
  readonly #options: LabEngineOptions;
  readonly #disposables = new DisposableStore();
  readonly #changed = new Emitter<void>();
  #opening: Promise<LabContainers> | undefined;
  #engine: LabContainers | undefined;
  /** Containers that need images, before the engine has been loaded. */
  #knownUsers: readonly ImageUser[] = [];

  constructor(options: LabEngineOptions) {
    this.#options = options;
  }

  /** Fires when containers have changed. */
  get changed(): Event<void> {
    return this.#changed.event;
  }

  /** `Unimplemented` where there are no container hosts. */
  async open(): Promise<LabContainers> {
    await this.#options.opened;
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /** Reads who needs images; returns whether there are containers. */
  async recall(): Promise<boolean> {
    this.#knownUsers = await containerUsers(this.#options.records);
    return this.#knownUsers.length > 0;
  }

  /** Containers, as users of their images. */
  imageUsers(): readonly ImageUser[] {
    return this.#engine?.imageUsers() ?? this.#knownUsers;
  }

  /** Containers that run. */
  stations(): readonly PreviewStation[] {
    return this.#engine?.stations() ?? [];
  }

  /** Containers on a network, and the published ports that it has at its gateway. */
  directoryOf(network: string): Pick<GatewayDirectory, 'hosts' | 'forwards' | 'further'> | undefined {
    return this.#engine?.directoryOf(network);
  }

  /** Steps that write what is known of containers. */
  records(): readonly RecordChange[] {
    return this.#engine?.records() ?? [];
  }

  /** For a reload. */
  async save(): Promise<void> {
    await this.#engine?.save();
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#changed.dispose();
  }

  async #open(): Promise<LabContainers> {
    const { artifacts, lab, drivers, networks, images, holdImages, containerHosts, hostPorts, failed } = this.#options;
    const { clock, records, blobs, randomBytes } = this.#options;
    if (!artifacts) throw new SandboxError('Unimplemented', 'There are no container hosts here');
    const [{ LabContainers }, { LabContainerHosts }] = await Promise.all([
      import('./containers/engine'),
      import('./container-hosts'),
      // A unikernel may be a container.
      drivers.prepare('unikernel'),
    ]);
    const engine = new LabContainers({
      hosts: new LabContainerHosts({ lab, artifacts, clock, ...containerHosts }),
      unikernels: drivers.find('unikernel'),
      lab,
      networks,
      records,
      blobs,
      images,
      holdImages,
      clock,
      randomBytes,
      hostPorts,
      failed,
    });
    this.#disposables.add(engine);
    await engine.open();
    this.#engine = engine;
    this.#disposables.add(engine.changed(() => this.#changed.fire()));
    return engine;
  }
}
