import type {
  ContainerChange,
  ContainerCounters,
  ContainerHost,
  ContainerId,
  ContainerNic,
  ContainerPathStat,
  ContainerProcessInfo,
  ContainerRoot,
  ContainerSpec,
  ContainerView,
  HostNews,
} from '../../api/container-host';
import type { ContainerKernel } from '../../api/container-kernel';
import type { Digest } from '../../api/content-store';
import type { Instance, Process, Signal, TerminalSize } from '../../api/instance';
import type { OciProcess, OciResources } from '../../api/oci-runtime';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { Emitter, type Event } from '../../base/events';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { archivePath, placeOf } from './archive-path';
import { type ContainerNews, ContainerProcesses } from './container-processes';
import { ContainerRoots } from './container-roots';
import { HostAccess } from './host-access';
import { HostNetworks, networksFile } from './host-networks';
import { baseDirectory, baseFiles, containerPaths } from './host-paths';
import { readIfThere } from './host-program';
import { HostRehearsal } from './host-rehearsal';
import type { HostRuntime } from './host-runtime';
import type { HostPrograms } from './host-setup';
import { HostUse } from './host-use';
import { HostVolumes } from './host-volumes';
import { HostWarmUp, warmUpId } from './host-warm-up';
import { connectNic, disconnectNic } from './live-networks';
import { openRuntime } from './open-runtime';
import { parseKernel } from './parse-kernel';
import { guardedPortsFile, PortGuard } from './port-guard';
import { prepareContainer, prepareMounts } from './prepare-container';
import { type FilesPlace, RootFiles, type UnpackOptions } from './root-files';
import { parseCounters, parseProcesses } from './runtime-protocol';
import { SeccompPrograms } from './seccomp-programs';
import { hiddenAt } from './shown-files';
import { viewMounts } from './view-mounts';

export interface VmContainerHostOptions {
  /** A running machine with a layer store as its share and a disk with ext4. */
  readonly instance: Instance;
  /** Fetched where the guest has none, or older ones. */
  readonly programs: () => Promise<HostPrograms>;
  /** Names for the layers of a root, the lowest first, by which the machine can walk to them from now on. */
  readonly offer: (layers: readonly Digest[]) => Promise<readonly string[]>;
  /** Puts a spare NIC of the machine on a network of the lab. */
  readonly plug: (nic: number, network: string) => Promise<Disposable>;
  readonly clock: Clock;
  /** What warms it up, by the id for that, and how often it runs; absent: nothing does. */
  readonly warmUp?: { readonly container: ContainerSpec; readonly runs: number };
}

/** Containers in a machine, by the runtime in its guest (docs/RUNTIME.md). */
export class VmContainerHost implements ContainerHost, Disposable {
  readonly #options: VmContainerHostOptions;
  readonly #access: HostAccess;
  readonly #use: HostUse;
  readonly #files: RootFiles;
  readonly #roots: ContainerRoots;
  readonly #volumes: HostVolumes;
  readonly #networks: HostNetworks;
  readonly #guard: PortGuard;
  readonly #processes: ContainerProcesses;
  readonly #news = new Emitter<HostNews>();
  readonly #disposables = new DisposableStore();
  #warmUp: HostWarmUp | undefined;

  private constructor(options: VmContainerHostOptions, runtime: HostRuntime) {
    const { instance, offer, plug, clock } = options;
    this.#options = options;
    this.#disposables.add(runtime);
    const access = new HostAccess(instance, runtime);
    this.#access = access;
    this.#use = new HostUse(clock);
    const guest = this.#use.guest(instance);
    this.#files = new RootFiles(guest);
    this.#roots = new ContainerRoots({ guest, access, offer });
    this.#volumes = new HostVolumes(guest, runtime, this.#files);
    this.#guard = new PortGuard(runtime);
    const { nics = [], spareNics: spare = 0 } = instance.spec.kind === 'vm' ? instance.spec : {};
    const networks = nics.map(({ network }) => network);
    this.#networks = this.#disposables.add(new HostNetworks({ guest: instance, networks, spare, plug }));
    const parts = {
      access,
      roots: this.#roots,
      volumes: this.#volumes,
      networks: this.#networks,
      guard: this.#guard,
      seccomp: new SeccompPrograms(runtime),
    };
    const prepare = (spec: ContainerSpec, operation: Operation): Promise<void> =>
      prepareContainer(spec, parts, operation);
    const tell = (news: ContainerNews): void => this.#tell(news);
    this.#processes = this.#disposables.add(
      new ContainerProcesses({ instance, runtime, access, clock, prepare, tell }),
    );
    this.#disposables.add(
      instance.states(({ phase, exit }) => {
        if (phase !== 'running' && phase !== 'paused') this.#lose(exit?.reason ?? 'The machine was restarted');
      }),
    );
  }

  /** Sets the machine up, or finds it so; containers that an earlier page has started are there. */
  static async open(options: VmContainerHostOptions): Promise<VmContainerHost> {
    const { runtime, goesOn } = await openRuntime(options);
    const host = new VmContainerHost(options, runtime);
    try {
      const base = host.#access.call('bundle', { path: baseDirectory, files: baseFiles });
      await Promise.all([base, host.#processes.restore(), goesOn && host.#restoreNetworks()]);
      host.#beginWarmUp(runtime);
      return host;
    } catch (error) {
      host.dispose();
      throw error;
    }
  }

  get instance(): string {
    return this.#options.instance.id;
  }

  get name(): string {
    return this.#options.instance.spec.name;
  }

  /** The lab's networks that it is on. */
  get networks(): readonly string[] {
    return [...this.#networks.bridges.keys()];
  }

  portOf(network: string): string | undefined {
    const nic = this.#networks.nicOf(network);
    return nic === undefined ? undefined : `${this.instance}/${nic}`;
  }

  /** Whether it is on these networks, or has NICs left to be. */
  hasRoomFor(networks: readonly string[]): boolean {
    return this.#networks.hasRoomFor(networks);
  }

  /** The networks that the lab has now. */
  async retainNetworks(networks: ReadonlySet<string>): Promise<void> {
    await this.#networks.retain(networks);
  }

  get news(): Event<HostNews> {
    return this.#news.event;
  }

  get warm(): Promise<void> | undefined {
    return this.#warmUp?.over;
  }

  async memory(): Promise<{ totalBytes: number; availableBytes: number }> {
    const { memory } = await this.#options.instance.stats();
    return { totalBytes: memory.total, availableBytes: memory.total - memory.used };
  }

  async createRoot(id: ContainerId, root: ContainerRoot, operation: Operation = {}): Promise<void> {
    await this.#use.during(() => this.#roots.make(id, root, operation));
  }

  async removeRoot(id: ContainerId): Promise<void> {
    await this.#use.during(() => this.#roots.remove(id));
  }

  async rootBytes(id: ContainerId): Promise<number> {
    return this.#use.during(() => this.#roots.bytes(id));
  }

  async run(spec: ContainerSpec, operation: Operation = {}): Promise<Process> {
    const process = await this.#use.during(() => this.#processes.run(spec, operation));
    this.#warmUp?.ran();
    return process;
  }

  async exec(id: ContainerId, process: OciProcess, terminal?: TerminalSize): Promise<Process> {
    return this.#processes.exec(id, process, terminal);
  }

  async reattach(process: string): Promise<Process> {
    return this.#processes.reattach(process);
  }

  async running(): Promise<ReadonlyMap<ContainerId, { pid: number; paused: boolean }>> {
    const states = (await this.#processes.list()).filter(({ id }) => id !== warmUpId);
    return new Map(states.map(({ id, pid, status }) => [id, { pid, paused: status === 'paused' }]));
  }

  get strays(): ReadonlySet<ContainerId> {
    return new Set([...this.#processes.strays].filter((id) => id !== warmUpId));
  }

  async kill(id: ContainerId, signal: Signal | number): Promise<void> {
    await this.#access.call('kill', { container: id, signal });
  }

  async pause(id: ContainerId): Promise<void> {
    await this.#access.call('pause', { container: id });
  }

  async resume(id: ContainerId): Promise<void> {
    await this.#access.call('resume', { container: id });
  }

  async update(id: ContainerId, resources: OciResources): Promise<void> {
    await this.#access.call('update', { container: id, resources });
  }

  async connect(id: ContainerId, nic: ContainerNic): Promise<void> {
    const pid = this.#processes.pidOf(id);
    await this.#networks.join(nic.network);
    const bridge = this.#networks.bridges.get(nic.network) ?? '';
    await this.#guard.admit([{ bridge, mac: nic.mac, address: nic.address }]);
    await connectNic(this.#options.instance, pid, nic, bridge);
  }

  async disconnect(id: ContainerId, nic: ContainerNic, gateway?: string): Promise<void> {
    const { bundle } = containerPaths(id);
    await disconnectNic(this.#options.instance, this.#processes.pidOf(id), nic, { gateway, bundle });
  }

  async counters(id: ContainerId): Promise<ContainerCounters> {
    return parseCounters(await this.#access.call('stats', { container: id }));
  }

  async processes(id: ContainerId): Promise<readonly ContainerProcessInfo[]> {
    return parseProcesses(await this.#access.call('top', { container: id }));
  }

  async inspect(id: ContainerId): Promise<ContainerKernel> {
    return parseKernel(await this.#access.call('inspect', { container: id }));
  }

  async changes(id: ContainerId): Promise<readonly ContainerChange[]> {
    return this.#files.changes(await this.#placeOf(id), await this.#roots.mountPointsOf(id));
  }

  async changesLayer(id: ContainerId): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return this.#files.layer(await this.#placeOf(id), await this.#roots.mountPointsOf(id));
  }

  async statPath(id: ContainerId, path: string, view?: ContainerView): Promise<ContainerPathStat> {
    if (!view) return this.#files.stat(await this.#placeOf(id), path);
    const place = await this.#placeOf(id, view);
    await this.#mountsAt(place, id, path);
    return this.#files.stat(place, archivePath(path));
  }

  async copyOut(id: ContainerId, path: string, view?: ContainerView): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    if (!view) return this.#files.pack(await this.#placeOf(id), path);
    const place = await this.#placeOf(id, view);
    const mounts = await this.#mountsAt(place, id, path);
    return mounts
      ? this.#files.packShown(place, archivePath(path), mounts)
      : this.#files.pack(place, archivePath(path));
  }

  async exportRoot(id: ContainerId): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return this.#files.packRoot(await this.#placeOf(id));
  }

  async copyIn(
    id: ContainerId,
    path: string,
    tar: ReadableStream<Uint8Array>,
    options: UnpackOptions,
    view?: ContainerView,
  ): Promise<void> {
    await this.#files.unpack(await this.#placeOf(id, view), path, tar, options);
  }

  async createVolume(name: string): Promise<void> {
    this.#access.assertOpen();
    await this.#volumes.create(name);
  }

  async removeVolume(name: string): Promise<void> {
    this.#access.assertOpen();
    await this.#use.during(() => this.#volumes.remove(name));
  }

  async volumeBytes(name: string): Promise<number> {
    this.#access.assertOpen();
    return this.#use.during(() => this.#volumes.bytes(name));
  }

  async exportVolume(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    this.#access.assertOpen();
    return this.#volumes.export(name);
  }

  async importVolume(name: string, tar: ReadableStream<Uint8Array>): Promise<void> {
    this.#access.assertOpen();
    await this.#volumes.import(name, tar);
  }

  /** The page does not use it any more; the machine and its containers go on. */
  dispose(): void {
    this.#processes.abandonStarts(this.#access.end(`The host ${this.name} is not used any more`));
    this.#disposables.dispose();
    this.#news.dispose();
  }

  #tell(news: ContainerNews): void {
    if (news.id === warmUpId) return;
    this.#use.note();
    this.#news.fire(news);
  }

  /** As the page before has left them. */
  async #restoreNetworks(): Promise<void> {
    const [networks = '', ports = ''] = await readIfThere(this.#options.instance, [networksFile, guardedPortsFile]);
    this.#guard.restore(ports);
    await this.#networks.restore(networks);
  }

  #beginWarmUp(runtime: HostRuntime): void {
    const { instance, clock, warmUp } = this.#options;
    if (!warmUp) return;
    const { container, runs } = warmUp;
    const rehearsal = new HostRehearsal({
      guest: instance,
      runtime,
      guard: this.#guard,
      launch: (before) => this.#processes.run(container, {}, before),
      end: () => this.#endWarmUpContainer(),
    });
    const busy = (): boolean => this.#processes.busy || instance.state.phase === 'paused';
    const clear = (): Promise<void> => rehearsal.clear();
    const rehearse = (): Promise<void> => rehearsal.run();
    this.#warmUp = this.#disposables.add(new HostWarmUp({ clock, runs, use: this.#use, busy, clear, rehearse }));
  }

  /** Its process may be left of an earlier page, or of a rehearsal that failed. */
  async #endWarmUpContainer(): Promise<void> {
    this.#roots.forget(warmUpId);
    if (this.#processes.findPid(warmUpId) === undefined) return;
    // It may have ended by itself meanwhile.
    await this.#access.call('kill', { container: warmUpId, signal: 'SIGKILL' }).catch(() => undefined);
  }

  #lose(reason: string): void {
    if (this.#access.over) return;
    this.#processes.end(this.#access.end(`The host ${this.name} has ended: ${reason}`));
    this.#news.fire({ kind: 'lost', reason });
    this.#disposables.dispose();
  }

  async #placeOf(id: ContainerId, view?: ContainerView): Promise<FilesPlace> {
    const place = await this.#roots.placeOf(id);
    const pid = this.#processes.findPid(id);
    // One that runs has its mounts.
    if (pid !== undefined || !view) return { ...place, pid };
    const mounts = viewMounts(view.mounts);
    await prepareMounts(view.mounts, place, this.#volumes);
    await this.#roots.addMountPoints(
      id,
      mounts.map(({ target }) => target),
    );
    return { ...place, view: { mounts, readOnlyRoot: view.readOnlyRoot } };
  }
  /** Of one that runs. `NotFound` where the path is one of its kernel's. */
  async #mountsAt({ pid }: FilesPlace, id: ContainerId, path: string): Promise<ContainerKernel['mounts'] | undefined> {
    if (pid === undefined) return undefined;
    const { mounts } = await this.inspect(id);
    if (hiddenAt(mounts, placeOf(path)) !== 'inside') return mounts;
    throw new SandboxError('NotFound', `lstat ${path}: No such file or directory`);
  }
}
