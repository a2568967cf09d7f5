import type { AppFile } from '../api/app';
import type { Digest } from '../api/content-store';
import type { DiskSource } from '../api/disk';
import type { Instance, InstanceId } from '../api/instance';
import type { Egress, NetworkSpec } from '../api/network';
import type { SharedFolders } from '../api/shared-folder';
import type { SnapshotId, SnapshotRecord } from '../api/snapshot';
import type { UnikernelDevice } from '../api/unikernel';
import { createDeferred } from '../base/deferred';
import { SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { checkEgress } from '../network/egress';
import type { Endpoint } from '../network/gateway/sockets';
import type { SwitchClient } from '../network/switch-client';
import type { NotWoken } from './activator';
import type { LabArchives, LabArchivesOptions } from './archive/lab-archives';
import { assembleLab, type LabParts } from './assemble-lab';
import type { LabContainers } from './containers/engine';
import type { DiskFile } from './disk-files';
import type { GatewayEvent, PageConnection } from './gateways';
import type { ImageMachineWish } from './image-machine';
import type { InstanceDraft, InstanceRecord, LabAction, LaunchDraft } from './instance-record';
import type { BroughtModule } from './lab-modules';
import type { LabHost, LabOptions, SnapshotFile } from './lab-options';
import type { CloneSource, CloneWish } from './lab-snapshots';
import type { LayoutBook } from './layout-book';
import { loadLab } from './load-lab';
import type { NetworkStatus } from './networks';
import type { PreviewStation } from './previews/preview-station';
import { publishPort, unpublishPort } from './published-ports';
import { refillStore } from './refill-store';
import type { StartedAnew } from './revivals';
import type { StatReading } from './stat-sampler';
import type { Task, Tasks } from './tasks';
import type { UnikernelOffer } from './unikernel-library';
import type { DiskFileSource } from './volume-import';
import type { Volumes } from './volumes';

/**
 * The instances, networks and snapshots of this page and everything that is done to them. Words come in by
 * methods, facts go out as events; nobody has to ask twice. Nothing is to be had before `open` has read the
 * records, and what is asked for earlier waits for that.
 */
export class Lab implements Disposable {
  readonly tasks: Tasks<LabAction>;
  readonly #options: LabOptions;
  readonly #parts: LabParts;
  readonly #disposables = new DisposableStore();
  readonly #opened = createDeferred<void>();
  readonly #failures = new Emitter<SandboxError>();

  constructor(options: LabOptions) {
    this.#options = options;
    const opened = this.#opened.promise;
    const failed = (error: SandboxError): void => this.#failures.fire(error);
    this.#parts = assembleLab(options, { opened, lab: this, failed, disposables: this.#disposables });
    this.tasks = this.#parts.tasks;
    opened.catch(() => {});
    this.#disposables.add(this.#parts.store.emptied(() => void this.#refill()));
  }

  /**
   * Reads the records and brings back what was there: machines that ran go on where they were saved, or start anew. Returns what it could not read, which is left as it is. A failure is told to everybody who waits.
   */
  async open(): Promise<{ readonly unreadable: readonly string[] }> {
    try {
      const { fleet, autosave, revivals, engine } = this.#parts;
      const { unreadable } = await loadLab(this.#options, this.#parts);
      autosave.begin();
      for (const entry of fleet.entries()) revivals.recover(entry);
      const hasContainers = await engine.recall();
      this.#opened.resolve();
      // Containers come back with the page, each as its policy says.
      if (hasContainers) engine.open().catch((error) => this.#failures.fire(toSandboxError(error)));
      return { unreadable };
    } catch (error) {
      this.#opened.reject(error);
      throw error;
    }
  }

  /** The lab's shared folders. `Unimplemented` where nothing is shared. */
  folders(): Promise<SharedFolders> {
    return this.#parts.shares.folders();
  }

  /** Fires with all records whenever one has changed. */
  get changes(): Event<readonly InstanceRecord[]> {
    return this.#parts.fleet.changes;
  }

  /** Readings of running instances, every second while anybody listens. */
  get stats(): Event<StatReading> {
    return this.#parts.sampler.readings;
  }

  /** What went wrong by itself, for people: nobody had asked for anything. */
  get failures(): Event<SandboxError> {
    return this.#failures.event;
  }

  /** Fires for a machine that ran when the page went, and whose memory did not come back with it. */
  get startedAnew(): Event<StartedAnew> {
    return this.#parts.revivals.startedAnew;
  }

  /** Instances on demand that somebody wanted something of, and that could not be started. */
  get notWoken(): Event<NotWoken> {
    return this.#parts.activator.notWoken;
  }

  /** In the order of their creation. */
  list(): readonly InstanceRecord[] {
    return this.#parts.fleet.list();
  }

  /** All that can serve on the lab's networks: instances, and containers that run. */
  stations(): readonly PreviewStation[] {
    return this.#parts.stations.list();
  }

  /** Fires with the same whenever one has changed. */
  get stationChanges(): Event<readonly PreviewStation[]> {
    return this.#parts.stations.changes;
  }

  /** The instance itself, for its console and programs. `NotFound` when there is none. */
  instance(id: InstanceId): Instance {
    return this.#parts.fleet.entry(id).instance;
  }

  /** `InvalidArgument`, `AlreadyExists` or `ResourceExhausted` say why a spec cannot be had. */
  create(draft: InstanceDraft): Promise<InstanceRecord> {
    return this.#parts.creation.create(draft);
  }

  /** A machine whose root is an image of the store. Errors: as of `Images.select` and `create`. */
  createFromImage(wish: ImageMachineWish): Promise<InstanceRecord> {
    return this.#parts.creation.createFromImage(wish);
  }

  /** The container engine; its code comes when it is first wanted. */
  containers(): Promise<LabContainers> {
    return this.#parts.engine.open();
  }

  /** Where things stand in the picture of the lab. */
  layout(): Promise<LayoutBook> {
    return this.#parts.layout.open();
  }

  /** Names for the layers of a stack, the lowest first, by which machines with a layer store find them from now on. */
  offerLayers(layers: readonly Digest[]): Promise<readonly string[]> {
    return this.#parts.shares.offerLayers(layers);
  }

  /** Puts a spare NIC of a running machine on a network, until this is disposed of; it has no address there. */
  async plugNic(id: InstanceId, nic: number, network: string): Promise<Disposable> {
    const { instance } = this.#parts.fleet.entry(id);
    const label = `${instance.spec.name} eth${nic}`;
    return this.#parts.networks.plug({ instance: id, nic, network, label }, async (port) => {
      if (!instance.plugNic) throw new SandboxError('Unimplemented', `${instance.spec.name} has no spare NICs`);
      await instance.plugNic(nic, port);
    });
  }

  /** One on demand runs at once, and sleeps and wakes from then on. */
  start(id: InstanceId): Task {
    return this.#parts.verbs.start(id);
  }

  /** One on demand stays off, and is not woken before it is started again. */
  stop(id: InstanceId): Task {
    return this.#parts.verbs.stop(id);
  }

  /** Ends the machine at once, and whatever task is at work on it. One on demand stays off. */
  kill(id: InstanceId): Task {
    return this.#parts.verbs.kill(id);
  }

  pause(id: InstanceId): Task {
    return this.#parts.verbs.pause(id);
  }

  resume(id: InstanceId): Task {
    return this.#parts.verbs.resume(id);
  }

  reset(id: InstanceId): Task {
    return this.#parts.verbs.reset(id);
  }

  rename(id: InstanceId, name: string): Task {
    return this.#parts.verbs.rename(id, name);
  }

  /** Removes after a time of grace, in which canceling the task puts everything back as it was. */
  remove(id: InstanceId): Task {
    return this.#parts.verbs.remove(id);
  }

  /** Removes what nobody has used yet, at once and for good. */
  discard(id: InstanceId): Promise<void> {
    return this.#parts.verbs.discard(id);
  }

  /** Moves a running machine to another worker: of this tab, or of the host that is named. */
  migrate(id: InstanceId, host?: string): Task {
    return this.#parts.verbs.migrate(id, host);
  }

  /** Where `migrate` can move a machine to, beside a new worker of this tab. */
  hosts(): readonly LabHost[] {
    return this.#options.hosts?.() ?? [];
  }

  /** Saves a machine that runs or is paused: memory, devices and disks at one instant. */
  snapshot(id: InstanceId, texts: { readonly name: string; readonly notes?: string }): Task {
    return this.#parts.snapshotVerbs.take(id, texts);
  }

  /** Puts a machine back to a snapshot; what it was is lost. */
  restoreSnapshot(id: InstanceId, snapshot: SnapshotId): Task {
    return this.#parts.snapshotVerbs.restore(id, snapshot);
  }

  /** Copies of a snapshot, or of a machine as it is now, which gets a snapshot for it. */
  clone(source: CloneSource, wish: CloneWish = {}): Task {
    return this.#parts.snapshotVerbs.clone(source, wish);
  }

  /** Oldest first, those of the page's own included. */
  snapshots(): readonly SnapshotRecord[] {
    return this.#parts.snapshots.list();
  }

  get snapshotChanges(): Event<readonly SnapshotRecord[]> {
    return this.#parts.snapshots.changes;
  }

  describeSnapshot(
    id: SnapshotId,
    texts: { readonly name?: string; readonly notes?: string },
  ): Promise<SnapshotRecord> {
    return this.#parts.snapshots.describe(id, texts);
  }

  /** What descends from it stays; machines that were made from it, too. */
  deleteSnapshot(id: SnapshotId): Promise<void> {
    return this.#parts.snapshotVerbs.delete(id);
  }

  /** The snapshot as one file: an OCI image layout in a tar. */
  exportSnapshot(id: SnapshotId): Promise<SnapshotFile> {
    return this.#parts.snapshotVerbs.export(id);
  }

  /** Takes such a file in; it is read twice, so `open` is called twice. `name` is for people. */
  importSnapshot(name: string, open: () => ReadableStream<Uint8Array>): Task {
    return this.#parts.snapshotVerbs.import(name, open);
  }

  /** The whole lab as one file. Archives are rare: their code comes when it is asked for. */
  async archives(images: LabArchivesOptions['images']): Promise<LabArchives> {
    await this.#opened.promise;
    const { LabArchives } = await import('./archive/lab-archives');
    const { records, blobs, disks, clock } = this.#options;
    const { store, randomId, snapshots } = this.#parts;
    return new LabArchives({
      lab: this,
      records,
      blobs,
      disks,
      images,
      snapshots,
      lost: store.life(),
      clock,
      randomId,
    });
  }

  /** The unikernels that the registry has. */
  unikernels(): Promise<readonly UnikernelOffer[]> {
    return this.#parts.modules.unikernels();
  }

  /** What the name of a unikernel in the registry stands for now. `NotFound` for one that it does not have. */
  unikernelDigest(reference: string): Promise<Digest> {
    return this.#parts.modules.unikernelDigest(reference);
  }

  /** The devices that the module of an image declares. Errors as at its start. */
  unikernelDevices(image: string): Promise<readonly UnikernelDevice[]> {
    return this.#parts.modules.unikernelDevices(image);
  }

  /** Stores a module that a user brings, if it can be run. `InvalidArgument` says why it cannot. */
  async bringUnikernel(file: string, bytes: ArrayBuffer): Promise<UnikernelOffer> {
    await this.#opened.promise;
    return this.#parts.modules.bringUnikernel(file, bytes);
  }

  /** Stores whatever module a user brings: a unikernel, or a program. `InvalidArgument` says why it is neither. */
  async bringModule(file: string, bytes: ArrayBuffer): Promise<BroughtModule> {
    await this.#opened.promise;
    return this.#parts.modules.bring(file, bytes);
  }

  /** Stores a file that an app shall find at that path. */
  async bringAppFile(path: string, bytes: ArrayBuffer): Promise<AppFile> {
    await this.#opened.promise;
    return this.#parts.modules.bringAppFile(path, bytes);
  }

  /** Whether a user's file with that content is stored. */
  hasDiskFile(source: DiskSource): boolean {
    return this.#parts.labDisks.files.stored(source.digest) !== undefined;
  }

  /**
   * Makes a machine that starts from its drives, and starts it. The files are stored first; one that is stored already
   * is told by its digest alone. Errors: as of {@link create}, and of the files.
   */
  launchMachine(draft: LaunchDraft, files: readonly (DiskFile | undefined)[]): Task {
    return this.#parts.creation.launch(draft, files);
  }

  /** Disks that are no instance's. */
  volumes(): Promise<Volumes> {
    return this.#parts.volumes.open();
  }

  /** Takes a user's disk in as a volume. `name` is left to the lab when absent. */
  importVolume(file: DiskFileSource, name?: string): Task {
    return this.#parts.volumes.import(file, name);
  }

  networks(): readonly NetworkSpec[] {
    return this.#parts.networks.list();
  }

  get networkChanges(): Event<readonly NetworkSpec[]> {
    return this.#parts.networks.changes;
  }

  /** Ports, counters and forwarding database, every second while anybody listens. */
  get networkStatus(): Event<NetworkStatus> {
    return this.#parts.networks.statusEvents;
  }

  /** The switch, for what can be asked of it besides: how many frames of a kind, captures. */
  get wire(): Pick<SwitchClient, 'remote'> {
    return this.#options.switch;
  }

  /** What is wrong with a network that is wished for; undefined when nothing is. */
  networkProblem(spec: NetworkSpec): string | undefined {
    return this.#parts.networks.problem(spec);
  }

  async createNetwork(spec: NetworkSpec): Promise<void> {
    await this.#opened.promise;
    await this.#parts.networks.create(spec);
  }

  async removeNetwork(name: string): Promise<void> {
    await this.#opened.promise;
    await this.#parts.networks.remove(name);
  }

  /** What is wrong with egress that is wished for; undefined when nothing is. */
  egressProblem(egress: Egress | undefined): string | undefined {
    try {
      if (egress) checkEgress(egress);
      return undefined;
    } catch (error) {
      return toSandboxError(error).message;
    }
  }

  /** Lets guests of a network ask hosts outside, or nobody any more. `InvalidArgument` says what is wrong with it. */
  async setEgress(network: string, egress: Egress | undefined): Promise<void> {
    await this.#opened.promise;
    await this.#parts.networks.setEgress(network, egress);
  }

  /** Whether guests of a network may use the Docker Engine API, at `http://gateway:2375`. Kept with the network. */
  async setEngineApi(network: string, allowed: boolean): Promise<void> {
    await this.#opened.promise;
    await this.#parts.networks.setEngineApi(network, allowed);
  }

  /**
   * Publishes a TCP port of an instance to the page, which shows what is served there; it stays so over reloads.
   * Whether anybody listens is not asked. `InvalidArgument` for what is no port.
   */
  async publish(id: InstanceId, port: number): Promise<void> {
    await this.#opened.promise;
    await publishPort(this.#parts.fleet, id, port);
  }

  /** Takes a published port back. */
  async unpublish(id: InstanceId, port: number): Promise<void> {
    await this.#opened.promise;
    await unpublishPort(this.#parts.fleet, id, port);
  }

  /** A TCP connection from the page to a port of a station, by the network's gateway. `Unavailable` tells the reason. */
  connect(network: string, to: Endpoint): Promise<PageConnection> {
    return this.#parts.gateways.connect(network, to);
  }

  /** Which gateways run and which do not, and what their DHCP servers have to say. */
  get gatewayEvents(): Event<GatewayEvent> {
    return this.#parts.gateways.events;
  }

  /** Saves what runs, for a reload. The page calls it when it is hidden. */
  async saveForReload(): Promise<void> {
    const { autosave, engine } = this.#parts;
    await Promise.all([autosave.saveAll(), engine.save()]);
    // What containers wrote until their host was saved, it does not say again.
    await engine.save();
  }

  /** Ends all machines. */
  async close(): Promise<void> {
    const instances = this.#parts.fleet.entries().map(({ instance }) => instance);
    this.dispose();
    await Promise.allSettled(instances.map((instance) => instance.dispose()));
  }

  dispose(): void {
    this.#failures.dispose();
    this.#opened.reject(new SandboxError('Unavailable', 'The lab is closed'));
    this.#disposables.dispose();
  }

  /** The store was only in memory, and begins with nothing. */
  async #refill(): Promise<void> {
    try {
      await this.#opened.promise;
      const { fleet, networks, snapshots, autosave, labDisks, engine, layout } = this.#parts;
      const loss = await refillStore({
        records: this.#options.records,
        fleet,
        networks,
        snapshots,
        autosave,
        book: labDisks.book,
        containers: () => engine.records(),
        layout: () => layout.records(),
      });
      if (loss) this.#failures.fire(loss);
    } catch (error) {
      this.#failures.fire(toSandboxError(error));
    }
  }
}

/** A lab with nothing in it until it is opened. */
export function createLab(options: LabOptions): Lab {
  return new Lab(options);
}
