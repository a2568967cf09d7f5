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
  HostNews,
} from '../../api/container-host';
import type { ContainerKernel } from '../../api/container-kernel';
import type { Digest } from '../../api/content-store';
import type { Instance, Process, Signal, TerminalSize } from '../../api/instance';
import type { OciProcess, OciResources } from '../../api/oci-runtime';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError, serializeError, throwIfAborted, toSandboxError } from '../../base/errors';
import { Emitter, type Event } from '../../base/events';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { containerBundle } from './container-bundle';
import { HostNetworks } from './host-networks';
import { containerPaths, sharedPath, sharedTag } from './host-paths';
import { HostRehearsal } from './host-rehearsal';
import { HostRuntime } from './host-runtime';
import { endEarlier, type HostPrograms, readyDirectory, startServe, startServeAgain } from './host-setup';
import { HostUse } from './host-use';
import { HostVolumes } from './host-volumes';
import { HostWarmUp, warmUpId } from './host-warm-up';
import { connectNic, disconnectNic } from './live-networks';
import { mountPointsFile, serializeMountPoints } from './mount-points';
import { parseKernel } from './parse-kernel';
import { PortGuard } from './port-guard';
import { type FilesPlace, RootFiles } from './root-files';
import {
  parseCounters,
  parseProcesses,
  parseUsage,
  type RuntimeCall,
  type RuntimeEvent,
  type RuntimeState,
} from './runtime-protocol';
import { SeccompPrograms } from './seccomp-programs';
import { ShiftedLayers } from './shifted-layers';

/** Exit code for a container whose end nobody saw. */
const unseenExitCode = 255;

export interface VmContainerHostOptions {
  /** A running machine with a layer store as its share and a disk with ext4. */
  readonly instance: Instance;
  /** Fetched where they are not in the guest yet. */
  readonly programs: () => Promise<HostPrograms>;
  /** Names for the layers of a root, the lowest first, by which the machine can walk to them from now on. */
  readonly offer: (layers: readonly Digest[]) => Promise<readonly string[]>;
  /** Puts a spare NIC of the machine on a network of the lab. */
  readonly plug: (nic: number, network: string) => Promise<Disposable>;
  readonly clock: Clock;
  /** What warms it up, by the id for that, and how often it runs; absent: nothing does. */
  readonly warmUp?: { readonly container: ContainerSpec; readonly runs: number };
}

/** A root that was made. */
interface KnownRoot {
  readonly root: ContainerRoot;
  /** Names of its layers, the lowest first. */
  readonly layers: readonly string[];
}

/** Containers in a machine, by the runtime in its guest (docs/RUNTIME.md). */
export class VmContainerHost implements ContainerHost, Disposable {
  readonly #options: VmContainerHostOptions;
  readonly #runtime: HostRuntime;
  readonly #use: HostUse;
  readonly #files: RootFiles;
  readonly #volumes: HostVolumes;
  readonly #shifted: ShiftedLayers;
  readonly #seccomp: SeccompPrograms;
  readonly #news = new Emitter<HostNews>();
  readonly #disposables = new DisposableStore();
  readonly #roots = new Map<ContainerId, KnownRoot>();
  /** Of containers that run: the first process, in the host's pid namespace. */
  readonly #pids = new Map<ContainerId, number>();
  readonly #starting = new Map<ContainerId, Deferred<void>>();
  /** Programs that are about to join a container, by the names that they have for the runtime. */
  readonly #joining = new Map<string, Deferred<void>>();
  /** Where something was mounted when the container last began. */
  readonly #mountPoints = new Map<ContainerId, readonly string[]>();
  readonly #networks: HostNetworks;
  readonly #guard: PortGuard;
  #warmUp: HostWarmUp | undefined;
  #ended: SandboxError | undefined;
  #execs = 0;

  private constructor(options: VmContainerHostOptions, runtime: HostRuntime) {
    const { instance } = options;
    this.#options = options;
    this.#runtime = this.#disposables.add(runtime);
    this.#use = new HostUse(options.clock);
    const guest = this.#use.guest(instance);
    this.#files = new RootFiles(guest);
    this.#volumes = new HostVolumes(guest, runtime, this.#files);
    this.#shifted = new ShiftedLayers(guest);
    this.#guard = new PortGuard(instance, runtime);
    this.#seccomp = new SeccompPrograms(runtime);
    const { spec } = instance;
    const { nics = [], spareNics = 0 } = spec.kind === 'vm' ? spec : {};
    const networks = nics.map(({ network }) => network);
    this.#networks = this.#disposables.add(
      new HostNetworks({ guest: instance, networks, spare: spareNics, plug: options.plug }),
    );
    this.#disposables.add(runtime.events((event) => this.#hear(event)));
    this.#disposables.add(runtime.resumed((states) => this.#catchUp(states)));
    this.#disposables.add(
      instance.states(({ phase, exit }) => {
        if (phase !== 'running' && phase !== 'paused') this.#lose(exit?.reason ?? 'The machine was restarted');
      }),
    );
  }

  /** Sets the machine up, or finds it so; containers that an earlier page has started are there. */
  static async open(options: VmContainerHostOptions): Promise<VmContainerHost> {
    const { instance, programs, clock } = options;
    const goesOn = await endEarlier(instance);
    const { nics = [], shares = [] } = instance.spec.kind === 'vm' ? instance.spec : {};
    const shape = { nics: nics.length, shared: shares.some(({ tag }) => tag === sharedTag) };
    const setUp = async (): Promise<Process> => startServe(instance, await programs(), shape);
    const found = goesOn ? await findRuntime(instance, clock) : undefined;
    const runtime = found ?? (await HostRuntime.start({ serve: setUp, clock }));
    const host = new VmContainerHost(options, runtime);
    try {
      const restored = goesOn ? [host.#networks.restore(), host.#guard.restore()] : [];
      const [states] = await Promise.all([runtime.list(), ...restored]);
      for (const { id, pid, status } of states) if (isAlive(status)) host.#pids.set(id, pid);
      host.#beginWarmUp();
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
    await this.#use.during(() => this.#makeRoot(id, root, operation));
  }

  async removeRoot(id: ContainerId): Promise<void> {
    await this.#use.during(() => this.#removeRoot(id));
  }

  async rootBytes(id: ContainerId): Promise<number> {
    return this.#use.during(async () => {
      const { writable } = (await this.#knownRoot(id)).root;
      return parseUsage(await this.#call('usage', { path: containerPaths(id, writable).upper }));
    });
  }

  async run(spec: ContainerSpec, operation: Operation = {}): Promise<Process> {
    const process = await this.#use.during(() => this.#launch(spec, launcherArgv(spec.id), operation));
    this.#warmUp?.ran();
    return process;
  }

  async #makeRoot(id: ContainerId, root: ContainerRoot, { signal }: Operation): Promise<void> {
    throwIfAborted(signal);
    const known = this.#roots.get(id);
    if (known && JSON.stringify(known.root) === JSON.stringify(root)) return;
    const layers = await this.#layersOf(id, root);
    const { home, upper } = containerPaths(id, root.writable);
    if (root.firstId !== undefined) await this.#shifted.own(upper, root.firstId);
    // What a later page finds it by.
    await this.#call('bundle', { path: home, files: { 'root.json': JSON.stringify(root) } });
    this.#roots.set(id, { root, layers });
  }

  async #removeRoot(id: ContainerId): Promise<void> {
    this.#assertAlive();
    // Its image may be gone by now.
    const { writable, firstId } = this.#roots.get(id)?.root ?? (await this.#volumes.readRoot(id));
    const { home, bundle, upper, work } = containerPaths(id, writable);
    const paths = [bundle, ...(writable === 'tmpfs' ? [parentOf(upper)] : [upper, work])];
    await Promise.all(paths.map((path) => this.#call('remove', { path })));
    // Last, with what says how it was made, so that a removal that was cut short is taken up again.
    await this.#call('remove', { path: home });
    this.#roots.delete(id);
    this.#mountPoints.delete(id);
    // What cannot go now goes with the next of its kind.
    if (firstId !== undefined) await this.#shifted.release(id).catch(() => {});
  }

  async #launch(spec: ContainerSpec, argv: readonly string[], operation: Operation): Promise<Process> {
    const { id } = spec;
    if (this.#pids.has(id) || this.#starting.has(id)) {
      throw new SandboxError('FailedPrecondition', `The container ${id} is running already`);
    }
    const started = createDeferred<void>();
    this.#starting.set(id, started);
    started.promise.catch(() => {});
    try {
      await this.#prepare(spec, operation);
      throwIfAborted(operation.signal);
      const process = await this.#exec(argv, spec.config.process.terminal ? spec.terminal : undefined);
      this.#follow(id, process);
      await this.#untilStarted(started, process, operation.signal);
      return process;
    } finally {
      this.#starting.delete(id);
    }
  }

  async exec(id: ContainerId, process: OciProcess, terminal?: TerminalSize): Promise<Process> {
    this.#assertRuns(id);
    this.#execs += 1;
    const name = `exec-${this.#execs}`;
    const joined = createDeferred<void>();
    this.#joining.set(name, joined);
    joined.promise.catch(() => {});
    try {
      if (!(await this.#runtime.tellsExecs())) joined.resolve();
      const argv = ['strata-oci', 'exec', '--json', JSON.stringify(process), '--exec-id', name, id];
      const launched = await this.#exec(argv, process.terminal ? terminal : undefined);
      await this.#untilStarted(joined, launched, undefined);
      return launched;
    } finally {
      this.#joining.delete(name);
    }
  }

  async reattach(process: string): Promise<Process> {
    this.#assertAlive();
    const { instance } = this.#options;
    const program = (await instance.programs()).find(({ id }) => id === process);
    const attached = await instance.reattach(process);
    const [, command, , , id] = program?.argv ?? [];
    if (command === 'run' && id !== undefined) this.#follow(id, attached);
    return attached;
  }

  async running(): Promise<ReadonlyMap<ContainerId, { pid: number; paused: boolean }>> {
    this.#assertAlive();
    const states = (await this.#runtime.list()).filter(({ id, status }) => isAlive(status) && id !== warmUpId);
    return new Map(states.map(({ id, pid, status }) => [id, { pid, paused: status === 'paused' }]));
  }

  async kill(id: ContainerId, signal: Signal | number): Promise<void> {
    await this.#call('kill', { container: id, signal });
  }

  async pause(id: ContainerId): Promise<void> {
    await this.#call('pause', { container: id });
  }

  async resume(id: ContainerId): Promise<void> {
    await this.#call('resume', { container: id });
  }

  async update(id: ContainerId, resources: OciResources): Promise<void> {
    await this.#call('update', { container: id, resources });
  }

  async connect(id: ContainerId, nic: ContainerNic): Promise<void> {
    const pid = this.#pidOf(id);
    await this.#networks.join(nic.network);
    const bridge = this.#networks.bridges.get(nic.network) ?? '';
    await this.#guard.admit([{ bridge, mac: nic.mac, address: nic.address }]);
    await connectNic(this.#options.instance, pid, nic, bridge);
  }

  async disconnect(id: ContainerId, nic: ContainerNic, gateway?: string): Promise<void> {
    const { bundle } = containerPaths(id);
    await disconnectNic(this.#options.instance, this.#pidOf(id), nic, { gateway, bundle });
  }

  async counters(id: ContainerId): Promise<ContainerCounters> {
    return parseCounters(await this.#call('stats', { container: id }));
  }

  async processes(id: ContainerId): Promise<readonly ContainerProcessInfo[]> {
    return parseProcesses(await this.#call('top', { container: id }));
  }

  async inspect(id: ContainerId): Promise<ContainerKernel> {
    return parseKernel(await this.#call('inspect', { container: id }));
  }

  async changes(id: ContainerId): Promise<readonly ContainerChange[]> {
    return this.#files.changes(await this.#placeOf(id), await this.#mountPointsOf(id));
  }

  async changesLayer(id: ContainerId): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return this.#files.layer(await this.#placeOf(id), await this.#mountPointsOf(id));
  }

  async statPath(id: ContainerId, path: string): Promise<ContainerPathStat> {
    return this.#files.stat(await this.#placeOf(id), path);
  }

  async copyOut(id: ContainerId, path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return this.#files.pack(await this.#placeOf(id), path);
  }

  async exportRoot(id: ContainerId): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return this.#files.packRoot(await this.#placeOf(id));
  }

  async copyIn(
    id: ContainerId,
    path: string,
    tar: ReadableStream<Uint8Array>,
    options: { readonly noOverwriteDirNonDir: boolean; readonly copyUidGid: boolean },
  ): Promise<void> {
    const { noOverwriteDirNonDir, copyUidGid } = options;
    const place = await this.#placeOf(id);
    const owner = copyUidGid ? { owner: await this.#userOf(id) } : {};
    await this.#files.unpack(place, path, tar, { noOverwriteDirNonDir, ...owner });
  }

  async createVolume(name: string): Promise<void> {
    this.#assertAlive();
    await this.#volumes.create(name);
  }

  async removeVolume(name: string): Promise<void> {
    this.#assertAlive();
    await this.#use.during(() => this.#volumes.remove(name));
  }

  async volumeBytes(name: string): Promise<number> {
    this.#assertAlive();
    return this.#use.during(() => this.#volumes.bytes(name));
  }

  async exportVolume(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    this.#assertAlive();
    return this.#volumes.export(name);
  }

  async importVolume(name: string, tar: ReadableStream<Uint8Array>): Promise<void> {
    this.#assertAlive();
    await this.#volumes.import(name, tar);
  }

  /** The page does not use it any more; the machine and its containers go on. */
  dispose(): void {
    this.#ended ??= new SandboxError('Unavailable', `The host ${this.name} is not used any more`);
    this.#abandonStarts(this.#ended);
    this.#disposables.dispose();
    this.#news.dispose();
  }

  async #prepare(spec: ContainerSpec, operation: Operation): Promise<void> {
    const { id, mounts } = spec;
    await this.#makeRoot(id, spec.root, operation);
    const { layers } = await this.#knownRoot(id);
    const { firstId } = spec.root;
    const paths = containerPaths(id, spec.root.writable);
    for (const mount of mounts) {
      if (mount.kind === 'volume') await this.#volumes.prepare(mount, { paths, layers, pid: undefined, firstId });
      else if (mount.kind === 'host') await this.#volumes.ensureThere(mount.path);
      else if (mount.kind === 'shared') await this.#volumes.ensureThere(sharedPath(mount.path));
    }
    // The mark of a volatile mount, which keeps it from being mounted again: this kernel did not crash since.
    if (spec.volatile) await this.#call('remove', { path: `${paths.work}/work` });
    for (const { network } of spec.nics) await this.#networks.join(network);
    const profile = spec.config.linux?.seccomp;
    const seccomp = profile && (await this.#seccomp.pathOf(profile));
    const { bridges } = this.#networks;
    const bundle = containerBundle(spec, { paths, layers, bridges, ...(seccomp !== undefined && { seccomp }) });
    const ports = spec.nics.map(({ network, mac, address }) => ({ bridge: bridges.get(network) ?? '', mac, address }));
    await Promise.all([
      this.#guard.admit(ports),
      this.#call('bundle', { ...bundle }),
      this.#noteMountPoints(
        id,
        (bundle.config.mounts ?? []).map(({ destination }) => destination),
      ),
    ]);
  }

  /** They stay in what the container wrote when it has ended, and its bundle has gone with the memory of the host. */
  async #noteMountPoints(id: ContainerId, paths: readonly string[]): Promise<void> {
    const text = serializeMountPoints(paths);
    const known = this.#mountPoints.get(id);
    if (known && serializeMountPoints(known) === text) return;
    await this.#call('bundle', { path: containerPaths(id).home, files: { [mountPointsFile]: text } });
    this.#mountPoints.set(id, paths);
  }

  async #mountPointsOf(id: ContainerId): Promise<readonly string[]> {
    const known = this.#mountPoints.get(id);
    if (known) return known;
    const found = await this.#volumes.readMountPoints(id);
    this.#mountPoints.set(id, found);
    return found;
  }

  async #untilStarted(started: Deferred<void>, process: Process, signal: AbortSignal | undefined): Promise<void> {
    const { exited, stdin, stdout, stderr } = process;
    const cancel = (): void => {
      process.kill('SIGKILL');
      started.reject(new SandboxError('Canceled', 'Canceled while the container started'));
    };
    signal?.addEventListener('abort', cancel, { once: true });
    // The launcher may have gone without a word, or its word with a runtime that was started again.
    const unsaid = exited.then(
      async (code) => {
        await this.#runtime.list().catch(() => undefined);
        throw new SandboxError('Internal', `The program did not start: its launcher ended with ${code}`);
      },
      (error: unknown) => {
        throw toSandboxError(error);
      },
    );
    try {
      await Promise.race([started.promise, unsaid]);
    } catch (error) {
      for (const stream of [stdout, stderr]) stream.cancel().catch(() => {});
      stdin.abort().catch(() => {});
      throw error;
    } finally {
      unsaid.catch(() => {});
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** When the launcher has ended, so has the container, even if no event said so. */
  #follow(id: ContainerId, process: Process): void {
    process.exited.then(
      async (code) => {
        // What happened before is told before this answer.
        await this.#runtime.list().catch(() => undefined);
        if (this.#pids.has(id)) this.#exited(id, { code, oomKilled: false, at: this.#options.clock.now() });
      },
      () => {},
    );
  }

  #hear(event: RuntimeEvent): void {
    const { container: id } = event;
    switch (event.event) {
      case 'started':
        this.#pids.set(id, event.pid);
        this.#tell({ kind: 'started', id, pid: event.pid });
        this.#starting.get(id)?.resolve();
        break;
      case 'failed':
        if (event.exec === undefined) this.#starting.get(id)?.reject(startFailure(event.code, event.message));
        else this.#joining.get(event.exec)?.reject(startFailure(event.code, event.message));
        break;
      case 'executed':
        this.#joining.get(event.exec)?.resolve();
        break;
      case 'exited':
        if (this.#pids.has(id)) {
          this.#exited(id, { code: event.code ?? unseenExitCode, oomKilled: event.oomKilled, at: event.at });
        }
        break;
      case 'oom':
        this.#tell({ kind: 'oom', id });
    }
  }

  #exited(id: ContainerId, exit: { readonly code: number; readonly oomKilled: boolean; readonly at: number }): void {
    this.#pids.delete(id);
    this.#tell({ kind: 'exited', id, exit });
  }

  #tell(news: Exclude<HostNews, { readonly kind: 'lost' }>): void {
    if (news.id === warmUpId) return;
    this.#use.note();
    this.#news.fire(news);
  }

  #beginWarmUp(): void {
    const { instance, clock, warmUp } = this.#options;
    if (!warmUp) return;
    const { container, runs } = warmUp;
    const rehearsal = new HostRehearsal({
      guest: instance,
      runtime: this.#runtime,
      guard: this.#guard,
      launch: (before) => this.#launch(container, [...before, ...launcherArgv(warmUpId)], {}),
      end: () => this.#endWarmUpContainer(),
    });
    const busy = (): boolean => this.#pids.size > 0 || this.#starting.size > 0 || instance.state.phase === 'paused';
    const clear = (): Promise<void> => rehearsal.clear();
    const rehearse = (): Promise<void> => rehearsal.run();
    this.#warmUp = this.#disposables.add(new HostWarmUp({ clock, runs, use: this.#use, busy, clear, rehearse }));
  }

  /** Its process may be left of an earlier page, or of a rehearsal that failed. */
  async #endWarmUpContainer(): Promise<void> {
    this.#roots.delete(warmUpId);
    this.#mountPoints.delete(warmUpId);
    if (!this.#pids.has(warmUpId)) return;
    // It may have ended by itself meanwhile.
    await this.#call('kill', { container: warmUpId, signal: 'SIGKILL' }).catch(() => undefined);
  }

  /** The runtime was started again: what has begun and ended meanwhile is told now. */
  #catchUp(states: readonly RuntimeState[]): void {
    const alive = new Map(states.filter(({ status }) => isAlive(status)).map(({ id, pid }) => [id, pid]));
    for (const id of [...this.#pids.keys()]) {
      if (alive.has(id)) continue;
      const error = new SandboxError('Unavailable', 'It ended while the container runtime was started again');
      const exit = {
        code: unseenExitCode,
        oomKilled: false,
        at: this.#options.clock.now(),
        error: serializeError(error),
      };
      this.#exited(id, exit);
    }
    // Nobody says any more whether these have begun; those that have not end, with the reason on their stderr.
    for (const joined of this.#joining.values()) joined.resolve();
    for (const [id, pid] of alive) {
      if (this.#pids.has(id)) continue;
      this.#hear({ event: 'started', container: id, pid });
    }
  }

  #lose(reason: string): void {
    if (this.#ended) return;
    this.#ended = new SandboxError('Unavailable', `The host ${this.name} has ended: ${reason}`);
    this.#abandonStarts(this.#ended);
    this.#pids.clear();
    this.#news.fire({ kind: 'lost', reason });
    this.#disposables.dispose();
  }

  #abandonStarts(reason: SandboxError): void {
    for (const started of [...this.#starting.values(), ...this.#joining.values()]) started.reject(reason);
  }

  async #exec(argv: readonly string[], terminal: TerminalSize | undefined): Promise<Process> {
    this.#assertAlive();
    return this.#options.instance.exec({ argv, cwd: '/', ...(terminal && { terminal }) });
  }

  async #call(call: RuntimeCall, parameters: Readonly<Record<string, unknown>>): Promise<unknown> {
    this.#assertAlive();
    return this.#runtime.call(call, parameters);
  }

  async #knownRoot(id: ContainerId): Promise<KnownRoot> {
    const known = this.#roots.get(id);
    if (known) return known;
    this.#assertAlive();
    const root = await this.#volumes.readRoot(id);
    const found = { root, layers: await this.#layersOf(id, root) };
    this.#roots.set(id, found);
    return found;
  }

  async #layersOf(id: ContainerId, { layers, firstId }: ContainerRoot): Promise<readonly string[]> {
    const offered = await this.#options.offer(layers);
    return firstId === undefined
      ? offered
      : [...offered, await this.#shifted.prepare(id, offered, { layers, firstId })];
  }

  async #placeOf(id: ContainerId): Promise<FilesPlace> {
    const { root, layers } = await this.#knownRoot(id);
    return { paths: containerPaths(id, root.writable), layers, pid: this.#pids.get(id), firstId: root.firstId };
  }

  /** Who its first process is. */
  async #userOf(id: ContainerId): Promise<{ readonly uid: number; readonly gid: number }> {
    this.#assertRuns(id);
    const { uid, gid } = (await this.inspect(id)).user;
    const [, effectiveUser = 0] = uid;
    const [, effectiveGroup = 0] = gid;
    return { uid: effectiveUser, gid: effectiveGroup };
  }

  #assertRuns(id: ContainerId): void {
    this.#pidOf(id);
  }

  #pidOf(id: ContainerId): number {
    this.#assertAlive();
    const pid = this.#pids.get(id);
    if (pid !== undefined) return pid;
    throw new SandboxError('NotFound', `The container ${id} is not running on ${this.name}`);
  }

  #assertAlive(): void {
    if (this.#ended) throw this.#ended;
    if (this.#options.instance.state.phase === 'paused') {
      throw new SandboxError('FailedPrecondition', `The host ${this.name} is paused: resume it first`);
    }
  }
}

/**
 * The runtime of a guest that was set up before; undefined where the page ended in the middle of that, and where it is one that
 * does less than is asked of it here: the guest is set up with a newer one then.
 */
async function findRuntime(instance: Instance, clock: Clock): Promise<HostRuntime | undefined> {
  const runtime = await HostRuntime.start({ serve: () => startServeAgain(instance), clock }).catch(() => undefined);
  try {
    await runtime?.call('usage', { path: readyDirectory });
    if (await runtime?.takesNetlink()) return runtime;
  } catch {
    // It is set up again.
  }
  runtime?.dispose();
  return undefined;
}

function isAlive(status: RuntimeState['status']): boolean {
  return status === 'running' || status === 'paused';
}

function launcherArgv(id: ContainerId): readonly string[] {
  return ['strata-oci', 'run', '--bundle', containerPaths(id).bundle, id];
}

/** In the runtime's own words, with docker's exit code for it. */
function startFailure(exitCode: number, message: string): SandboxError {
  const code = exitCode === 127 ? 'NotFound' : exitCode === 126 ? 'FailedPrecondition' : 'Internal';
  return new SandboxError(code, message, { details: { exitCode } });
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
