import type { ContainerHost, ContainerHosts } from '../api/container-host';
import type { InstanceId } from '../api/instance';
import type { Operation } from '../api/operation';
import type { Clock } from '../base/clock';
import { SandboxError, throwIfAborted, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { layersTag, sharedTag } from '../runtime/container/host-paths';
import type { HostPrograms } from '../runtime/container/host-setup';
import { VmContainerHost } from '../runtime/container/vm-container-host';
import { isLive } from '../runtime/instance-state';
import { defaultName } from './instance-names';
import type { InstanceRecord, VmDraft } from './instance-record';
import type { Lab } from './lab';
import { defaultNetwork } from './networks';
import type { ArtifactLoader } from './store-client';

/** Where the programs of a host are, in the registry. */
const reference = 'strata/oci-runtime:1';

/** As much as the prepared snapshot has. */
const usualMemoryMiB = 128;
const usualDiskMiB = 8192;

const maxNics = 4;

export interface ContainerHostsOptions {
  readonly lab: Pick<
    Lab,
    | 'list'
    | 'changes'
    | 'create'
    | 'start'
    | 'resume'
    | 'instance'
    | 'offerLayers'
    | 'plugNic'
    | 'folders'
    | 'networkChanges'
  >;
  readonly artifacts: ArtifactLoader;
  readonly clock: Clock;
  /** Of a new host, for what containers write; it takes room only as it is written to. */
  readonly diskMiB?: number;
}

/** A host that is to be made. */
export interface HostWish {
  /** Left to the lab when absent: "host-1" and so on. */
  readonly name?: string;
  /** MiB. */
  readonly memoryMiB?: number;
  readonly diskMiB?: number;
  /**
   * Networks of the lab that it has addresses on, at most 4; absent: "default". It is put on others, up to 4 in all, when
   * a container is to be there.
   */
  readonly networks?: readonly string[];
}

/** The machines of the lab that run containers. Each that runs is set up, whoever has started it. */
export class LabContainerHosts implements ContainerHosts, Disposable {
  readonly #options: ContainerHostsOptions;
  readonly #changed = new Emitter<readonly ContainerHost[]>();
  readonly #disposables = new DisposableStore();
  readonly #hosts = new Map<InstanceId, VmContainerHost>();
  readonly #opening = new Map<InstanceId, Promise<VmContainerHost>>();
  /** Running machines that could not be set up; they are tried again when somebody asks for them. */
  readonly #refused = new Set<InstanceId>();
  #programs: Promise<HostPrograms> | undefined;
  /** Hosts that are being made, by the networks that they have from the beginning. */
  readonly #making = new Map<string, Promise<InstanceRecord>>();

  constructor(options: ContainerHostsOptions) {
    this.#options = options;
    this.#disposables.add(options.lab.changes((records) => this.#follow(records)));
    this.#disposables.add(
      options.lab.networkChanges((networks) => {
        const names = new Set(networks.map(({ name }) => name));
        // A host that cannot be told has ended, or tells its next container.
        for (const host of this.#hosts.values()) host.retainNetworks(names).catch(() => {});
      }),
    );
    this.#follow(options.lab.list());
  }

  get hosts(): readonly ContainerHost[] {
    return [...this.#hosts.values()];
  }

  get changed(): Event<readonly ContainerHost[]> {
    return this.#changed.event;
  }

  /** Machines that are hosts, whether they run or not. */
  machines(): readonly InstanceRecord[] {
    return this.#options.lab.list().filter(isContainerHost);
  }

  async open(name?: string, operation: Operation = {}): Promise<ContainerHost> {
    throwIfAborted(operation.signal);
    const record = name === undefined ? await this.#first() : this.#named(name);
    return this.#ready(record.id, operation);
  }

  async openOn(networks: readonly string[], operation: Operation = {}): Promise<ContainerHost> {
    throwIfAborted(operation.signal);
    const running = [...this.#hosts.values()].filter((host) => host.hasRoomFor(networks));
    const [first, ...others] = running;
    if (first) return others.length === 0 ? first : freest(running);
    const fitting = this.machines().filter((each) => !this.#hosts.has(each.id) && hasRoomFor(each, networks));
    const found = fitting.find(({ state }) => isLive(state.phase)) ?? fitting[0] ?? (await this.#makeOn(networks));
    return this.#ready(found.id, operation);
  }

  /** Errors: as of `Lab.create`. */
  async create(wish: HostWish = {}): Promise<InstanceRecord> {
    const folders = await this.#options.lab.folders();
    const known = await folders.list();
    if (!known.some(({ name }) => name === sharedTag)) await folders.create(sharedTag);
    return this.#options.lab.create(this.#draft(wish));
  }

  dispose(): void {
    this.#disposables.dispose();
    for (const host of this.#hosts.values()) host.dispose();
    this.#hosts.clear();
    this.#changed.dispose();
  }

  /** One that runs, else one that can be started, else a new one. */
  async #first(): Promise<InstanceRecord> {
    const machines = this.machines();
    const found = machines.find(({ state }) => isLive(state.phase)) ?? machines[0];
    return found ?? this.#makeOn([]);
  }

  /** It is put on networks as containers need them; only one that is to be on as many as it can has them from the beginning. */
  async #makeOn(networks: readonly string[]): Promise<InstanceRecord> {
    if (networks.length > maxNics) {
      const message = `A host can be on ${maxNics} networks, not on ${networks.length}: ${networks.join(', ')}`;
      throw new SandboxError('InvalidArgument', message);
    }
    const on = networks.length === maxNics ? networks : [defaultNetwork.name];
    const key = [...on].sort().join(' ');
    const making = this.#making.get(key) ?? this.create({ networks: on }).finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    return making;
  }

  #named(name: string): InstanceRecord {
    const record = this.machines().find((each) => each.name === name);
    if (record) return record;
    throw new SandboxError('NotFound', `No such host: ${name}`);
  }

  async #ready(id: InstanceId, operation: Operation): Promise<ContainerHost> {
    await this.#run(id, operation);
    throwIfAborted(operation.signal);
    return this.#open(id);
  }

  /** Whoever else has begun to start it is waited for. */
  async #run(id: InstanceId, { onProgress }: Operation): Promise<void> {
    const { lab } = this.#options;
    for (;;) {
      const record = lab.list().find((each) => each.id === id);
      if (!record) throw new SandboxError('NotFound', 'The host was removed meanwhile');
      const { phase } = record.state;
      if (record.task) await this.#taskOver(id, record.task.id);
      else if (phase === 'running') return;
      else if (phase === 'paused') await lab.resume(id).finished;
      else {
        onProgress?.({ phase: `Starting ${record.name}` });
        await lab.start(id).finished;
      }
    }
  }

  /** Resolves when that task does not work on the machine any more. */
  #taskOver(id: InstanceId, task: string): Promise<void> {
    return new Promise((resolve) => {
      const listener = this.#options.lab.changes((records) => {
        if (records.find((each) => each.id === id)?.task?.id === task) return;
        listener.dispose();
        resolve();
      });
    });
  }

  #follow(records: readonly InstanceRecord[]): void {
    const running = new Set<InstanceId>();
    for (const record of records) {
      if (isContainerHost(record) && record.state.phase === 'running' && !record.task) running.add(record.id);
    }
    for (const id of this.#refused) if (!running.has(id)) this.#refused.delete(id);
    for (const id of running) {
      if (this.#hosts.has(id) || this.#opening.has(id) || this.#refused.has(id)) continue;
      // A host that cannot be set up says so to whoever wants it; the machine itself runs.
      this.#open(id).catch(() => this.#refused.add(id));
    }
  }

  #open(id: InstanceId): Promise<VmContainerHost> {
    const known = this.#hosts.get(id);
    if (known) return Promise.resolve(known);
    const opening = this.#opening.get(id) ?? this.#setUp(id).finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    return opening;
  }

  async #setUp(id: InstanceId): Promise<VmContainerHost> {
    const { lab, clock } = this.#options;
    const host = await VmContainerHost.open({
      instance: lab.instance(id),
      programs: await this.#loadPrograms(),
      offer: (layers) => lab.offerLayers(layers),
      plug: (nic, network) => lab.plugNic(id, nic, network),
      clock,
    });
    if (this.#disposables.disposed) {
      host.dispose();
      throw new SandboxError('Unavailable', 'The lab is closed');
    }
    this.#hosts.set(id, host);
    this.#disposables.add(host.news((news) => news.kind === 'lost' && this.#forget(id, host)));
    this.#fire();
    return host;
  }

  #forget(id: InstanceId, host: VmContainerHost): void {
    if (this.#hosts.get(id) !== host) return;
    this.#hosts.delete(id);
    this.#fire();
  }

  #loadPrograms(): Promise<HostPrograms> {
    this.#programs ??= this.#fetchPrograms().catch((error: unknown) => {
      this.#programs = undefined;
      throw toSandboxError(error);
    });
    return this.#programs;
  }

  async #fetchPrograms(): Promise<HostPrograms> {
    const { artifacts } = this.#options;
    const load = async (title: string): Promise<Uint8Array> =>
      new Uint8Array(await artifacts.load({ reference, part: { title } }));
    const [runtime, files] = await Promise.all([load('strata-oci'), load('strata-files')]);
    return { runtime, files };
  }

  #draft({ name, memoryMiB = usualMemoryMiB, diskMiB, networks }: HostWish): VmDraft {
    const { lab, diskMiB: usual = usualDiskMiB } = this.#options;
    const taken = new Set(lab.list().map((each) => each.name));
    const on = networks ?? [defaultNetwork.name];
    return {
      kind: 'vm',
      name: name ?? defaultName('host', taken),
      memoryMiB,
      devices: 'virtio',
      containerHost: true,
      nics: on.map((network) => ({ network })),
      spareNics: Math.max(0, maxNics - on.length),
      disks: [{ sizeMiB: diskMiB ?? usual, format: 'ext4' }],
      shares: [
        { tag: layersTag, layerStore: true },
        { tag: sharedTag, folder: sharedTag },
      ],
    };
  }

  #fire(): void {
    this.#changed.fire(this.hosts);
  }
}

/** The one with the most memory free. */
async function freest(hosts: readonly ContainerHost[]): Promise<ContainerHost> {
  const free = await Promise.all(
    hosts.map(async (host) => {
      const memory = await host.memory().catch(() => undefined);
      return { host, bytes: memory?.availableBytes ?? 0 };
    }),
  );
  return free.reduce((best, each) => (each.bytes > best.bytes ? each : best)).host;
}

/** Whether a machine that is a host can be on all of these networks once it runs. */
function hasRoomFor({ spec }: InstanceRecord, networks: readonly string[]): boolean {
  const { nics = [], spareNics = 0 } = spec.kind === 'vm' ? spec : {};
  const missing = networks.filter((network) => !nics.some((nic) => nic.network === network));
  return missing.length <= spareNics;
}

/** A machine that has what containers need. */
function isContainerHost({ spec }: InstanceRecord): boolean {
  if (spec.kind !== 'vm' || !spec.containerHost || !spec.disks?.length) return false;
  return spec.shares?.some((share) => share.tag === layersTag && 'layerStore' in share) ?? false;
}
