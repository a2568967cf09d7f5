import type { ChosenHost, ContainerHost, ContainerHosts } from '../api/container-host';
import type { InstanceId } from '../api/instance';
import type { Operation } from '../api/operation';
import type { Clock } from '../base/clock';
import { SandboxError, throwIfAborted, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import type { HostPrograms } from '../runtime/container/host-setup';
import { VmContainerHost } from '../runtime/container/vm-container-host';
import { isLive } from '../runtime/instance-state';
import { ownNames } from './compare/own-names';
import { warmUpContainer } from './containers/warm-up-container';
import { type HostShape, hostDraft, isContainerHost } from './host-draft';
import type { InstanceRecord } from './instance-record';
import type { Lab } from './lab';
import { comingHost, NewHosts } from './new-hosts';
import type { ArtifactLoader } from './store-client';

/** Where the programs of a host are, in the registry. */
const reference = 'strata/oci-runtime:1';

/** After these a container takes about as long as the one before. */
const usualWarmUpRuns = 10;

export interface ContainerHostsOptions {
  readonly lab: Pick<
    Lab,
    'list' | 'changes' | 'create' | 'start' | 'resume' | 'instance' | 'offerLayers' | 'plugNic' | 'networkChanges'
  >;
  readonly artifacts: ArtifactLoader;
  readonly clock: Clock;
  /** Of a new host, for what containers write; it takes room only as it is written to. */
  readonly diskMiB?: number;
  /** So many throw-away containers are run on a host that nobody uses, until it is warm. */
  readonly warmUpRuns?: number;
}

/** The machines of the lab that run containers. Each that runs is set up, whoever has started it. */
export class LabContainerHosts implements ContainerHosts, Disposable {
  readonly #options: ContainerHostsOptions;
  readonly #changed = new Emitter<readonly ContainerHost[]>();
  readonly #removed = new Emitter<string>();
  readonly #disposables = new DisposableStore();
  readonly #hosts = new Map<InstanceId, VmContainerHost>();
  readonly #opening = new Map<InstanceId, Promise<VmContainerHost>>();
  /** Running machines that could not be set up; they are tried again when somebody asks for them. */
  readonly #refused = new Set<InstanceId>();
  /** Names of all machines that are hosts, by which it is seen which of them were removed. */
  #names: ReadonlyMap<InstanceId, string> = new Map();
  #programs: Promise<HostPrograms> | undefined;
  readonly #new = new NewHosts((shape) => this.create(shape));

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

  get removed(): Event<string> {
    return this.#removed.event;
  }

  /** Machines that are hosts, whether they run or not. */
  machines(): readonly InstanceRecord[] {
    return this.#options.lab.list().filter(({ spec }) => isContainerHost(spec));
  }

  has(name: string): boolean {
    return this.machines().some((each) => each.name === name);
  }

  async open(name?: string, operation: Operation = {}): Promise<ContainerHost> {
    throwIfAborted(operation.signal);
    const record = name === undefined ? await this.#first() : this.#named(name);
    return this.#ready(record.id, operation);
  }

  async openOn(networks: readonly string[], operation: Operation = {}): Promise<ChosenHost> {
    throwIfAborted(operation.signal);
    const running = [...this.#hosts.values()].filter((host) => !isReserved(host) && host.hasRoomFor(networks));
    const [first, ...others] = running;
    if (first) return others.length === 0 ? { host: first, choice: { kind: 'only' } } : freest(running);
    const fitting = this.#choices().filter((each) => !this.#hosts.has(each.id) && hasRoomFor(each, networks));
    const found = fitting.find(({ state }) => isLive(state.phase)) ?? fitting[0];
    const { record, choice } = found ? comingHost(found) : await this.#new.makeOn(networks);
    return { host: await this.#ready(record.id, operation), choice };
  }

  /** Errors: as of `Lab.create`. */
  create(shape: HostShape = {}): Promise<InstanceRecord> {
    const { lab, diskMiB } = this.#options;
    return lab.create(hostDraft({ ...(diskMiB !== undefined && { diskMiB }), ...shape }));
  }

  dispose(): void {
    this.#disposables.dispose();
    for (const host of this.#hosts.values()) host.dispose();
    this.#hosts.clear();
    this.#changed.dispose();
    this.#removed.dispose();
  }

  /** One that runs, else one that can be started, else a new one. */
  async #first(): Promise<InstanceRecord> {
    const machines = this.#choices();
    const found = machines.find(({ state }) => isLive(state.phase)) ?? machines[0];
    return found ?? (await this.#new.makeOn([])).record;
  }

  /** Machines that may be taken for whom no host was named. */
  #choices(): readonly InstanceRecord[] {
    return this.machines().filter((each) => !isReserved(each));
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
      if (isContainerHost(record.spec) && record.state.phase === 'running' && !record.task) running.add(record.id);
    }
    for (const id of this.#refused) if (!running.has(id)) this.#refused.delete(id);
    for (const id of running) {
      if (this.#hosts.has(id) || this.#opening.has(id) || this.#refused.has(id)) continue;
      // A host that cannot be set up says so to whoever wants it; the machine itself runs.
      this.#open(id).catch(() => this.#refused.add(id));
    }
    const before = this.#names;
    this.#names = new Map(records.flatMap(({ spec, id, name }) => (isContainerHost(spec) ? [[id, name]] : [])));
    for (const [id, name] of before) if (!this.#names.has(id)) this.#removed.fire(name);
  }

  #open(id: InstanceId): Promise<VmContainerHost> {
    const known = this.#hosts.get(id);
    if (known) return Promise.resolve(known);
    const opening = this.#opening.get(id) ?? this.#setUp(id).finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    return opening;
  }

  async #setUp(id: InstanceId): Promise<VmContainerHost> {
    const { lab, clock, warmUpRuns: runs = usualWarmUpRuns } = this.#options;
    const host = await VmContainerHost.open({
      instance: lab.instance(id),
      programs: () => this.#loadPrograms(),
      offer: (layers) => lab.offerLayers(layers),
      plug: (nic, network) => lab.plugNic(id, nic, network),
      clock,
      ...(runs > 0 && { warmUp: { container: warmUpContainer(), runs } }),
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

  #fire(): void {
    this.#changed.fire(this.hosts);
  }
}

/** The one with the most memory free. */
async function freest(hosts: readonly ContainerHost[]): Promise<ChosenHost> {
  const free = await Promise.all(
    hosts.map(async (host) => {
      const memory = await host.memory().catch(() => undefined);
      return { host, bytes: memory?.availableBytes ?? 0 };
    }),
  );
  const { host } = free.reduce((best, each) => (each.bytes > best.bytes ? each : best));
  return { host, choice: { kind: 'memory', free: free.map((each) => ({ host: each.host.name, bytes: each.bytes })) } };
}

/** Of a comparison, which measures it and takes it away again. */
function isReserved({ name }: Pick<InstanceRecord, 'name'>): boolean {
  return name === ownNames.host;
}

/** Whether a machine that is a host can be on all of these networks once it runs. */
function hasRoomFor({ spec }: InstanceRecord, networks: readonly string[]): boolean {
  const { nics = [], spareNics = 0 } = spec.kind === 'vm' ? spec : {};
  const missing = networks.filter((network) => !nics.some((nic) => nic.network === network));
  return missing.length <= spareNics;
}
