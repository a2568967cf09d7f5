import type { AppFile, AppFlavor } from '../api/app';
import type { Digest } from '../api/content-store';
import type { DiskInfo, DiskSource, DiskSpec, DiskStore } from '../api/disk';
import type { ImageUser } from '../api/image-summary';
import type { Instance, InstanceAbility, InstanceDriver, InstanceId } from '../api/instance';
import type { Egress, NetworkSpec } from '../api/network';
import type { Operation } from '../api/operation';
import type { RecordStore } from '../api/records';
import type { ShareStore } from '../api/share';
import type { SharedFolders } from '../api/shared-folder';
import type { SnapshotId, SnapshotRecord } from '../api/snapshot';
import type { UnikernelDevice } from '../api/unikernel';
import { toHex } from '../base/bytes';
import { type Clock, delay } from '../base/clock';
import { createDeferred } from '../base/deferred';
import { SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle';
import { checkEgress } from '../network/egress';
import type { Endpoint } from '../network/gateway/sockets';
import type { SwitchClient } from '../network/switch-client';
import type { Waiting } from '../runtime/app/program-terminal';
import { isLive } from '../runtime/instance-state';
import type { StoreEvent } from '../storage/store-supervision';
import { Activator, type NotWoken } from './activator';
import type { AppLibrary } from './app-library';
import { Autosave } from './autosave';
import type { BlobClient } from './blob-client';
import { completeDisk } from './complete-disk';
import { containerUsers } from './containers/container-users';
import type { LabContainers } from './containers/engine';
import { DiskAttachments } from './disk-attachments';
import { DiskBook } from './disk-book';
import { type DiskFile, DiskFiles, diskSources } from './disk-files';
import { sweepDisks } from './disk-sweep';
import type { DiskTemplates } from './disk-templates';
import type { EgressOptions } from './egress';
import { Fleet, type FleetOptions } from './fleet';
import type { GatewayEvent, GatewaySource, PageConnection } from './gateways';
import { ImageHolds, imageUsers, type LabImages } from './image-holds';
import type { ImageMachineWish } from './image-machine';
import type { Entry, InstanceDraft, InstanceRecord, LabAction, LaunchDraft } from './instance-record';
import { LabGateways } from './lab-gateways';
import { loadRecords } from './lab-records';
import { MachineCopies } from './machine-copies';
import { type NetworkStatus, Networks } from './networks';
import { rewriteRecords } from './rewrite-records';
import type { ShareAttachments } from './share-attachments';
import { Snapshots } from './snapshots';
import { type StatReading, StatSampler } from './stat-sampler';
import type { ArtifactLoader } from './store-client';
import { type Task, type TaskSpec, Tasks } from './tasks';
import type { ReadDevices, UnikernelLibrary, UnikernelOffer } from './unikernel-library';
import type { DiskFileSource } from './volume-import';
import type { Volumes } from './volumes';

/** Somewhere else that a machine can run. */
export interface LabHost {
  readonly id: string;
  /** For people. */
  readonly label: string;
}

/** A file on its way out. */
export interface SnapshotFile {
  readonly name: string;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

export interface LabOptions {
  readonly drivers: readonly InstanceDriver[];
  readonly records: RecordStore;
  readonly blobs: BlobClient;
  readonly disks: DiskStore;
  /** Where the file systems of new disks come from. Without, new disks are empty. */
  readonly artifacts?: ArtifactLoader;
  /** Where the files of shares come from. Without, machines have none. */
  readonly shares?: ShareStore;
  /** What knows the images that machines can be made from. Without, there are none. */
  readonly images?: () => Promise<LabImages>;
  readonly switch: SwitchClient;
  /** Where the networks' gateways come from. Without, they have none. */
  readonly gateways?: GatewaySource;
  /** What asks outside for guests, where their network may. Without, nothing leaves. */
  readonly egress?: () => Promise<EgressOptions>;
  /** Where unikernels come from, and what reads their manifests. Without, there are none. */
  readonly unikernels?: { readonly library: UnikernelLibrary; readonly devices: ReadDevices };
  /** Where apps come from, how their programs wait, and whether memory can be shared. Without, there are none. */
  readonly apps?: { readonly library: AppLibrary; readonly waiting: Waiting; readonly isolated: boolean };
  /** What becomes of the store's worker, where it has one that can die. */
  readonly store?: Event<StoreEvent>;
  /** Other tabs that take machines now. */
  readonly hosts?: () => readonly LabHost[];
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** How long a guest may take to power off before it is killed, milliseconds. */
  readonly stopGraceMs?: number;
  /** The disk of a container host that makes itself, MiB. */
  readonly hostDiskMiB?: number;
  /** How long a removal can be taken back (by canceling its task), milliseconds. */
  readonly removeGraceMs?: number;
}

/** A module that a user has brought, and what can be made of it. */
export type BroughtModule = ({ readonly kind: 'unikernel' } & UnikernelOffer) | ({ readonly kind: 'app' } & AppOffer);

/** A program that a user has brought. */
export interface AppOffer {
  /** What it is, in short: the name of its file. */
  readonly name: string;
  readonly image: string;
  readonly flavor: AppFlavor;
  /**
   * What this page lacks for it. `waiting`: a program that waits for what is typed, or for time, cannot go on.
   * `isolation`: it cannot run at all.
   */
  readonly lacks?: 'waiting' | 'isolation';
}

/** Ports of one instance that can be published; each may have connections of its own. */
const maxPublished = 32;

const usualStopGraceMs = 10_000;

/** Most clones that one wish may ask for. */
const maxClones = 32;

/**
 * The instances, networks and snapshots of this page and everything that is done to them. Words come in by
 * methods, facts go out as events; nobody has to ask twice. Nothing is to be had before `open` has read the
 * records, and what is asked for earlier waits for that.
 */
export class Lab implements Disposable {
  readonly tasks: Tasks<LabAction>;
  readonly #options: LabOptions;
  readonly #networks: Networks;
  readonly #snapshots: Snapshots;
  readonly #diskBook: DiskBook;
  readonly #fleet: Fleet;
  readonly #copies: MachineCopies;
  readonly #holds: ImageHolds;
  readonly #sampler: StatSampler;
  readonly #gateways: LabGateways;
  readonly #activator: Activator;
  readonly #diskFiles: DiskFiles;
  readonly #disposables = new DisposableStore();
  readonly #opened = createDeferred<void>();
  readonly #failures = new Emitter<SandboxError>();
  /** Ends with the store's worker; the next one has another. */
  #storeLife = new AbortController();
  readonly #randomId: () => string;
  /** Names this lab to the shared folders. */
  readonly #session: string;
  #autosave: Autosave | undefined;
  #shareAttachments: Promise<ShareAttachments> | undefined;
  #folders: Promise<SharedFolders> | undefined;
  #templates: Promise<DiskTemplates> | undefined;
  #volumes: Promise<Volumes> | undefined;
  #containers: Promise<LabContainers> | undefined;
  #openContainers: LabContainers | undefined;
  /** Containers that need images, before the engine has been loaded. */
  #knownUsers: readonly ImageUser[] = [];

  constructor(options: LabOptions) {
    const { clock, records, blobs, disks, drivers, randomBytes } = options;
    this.#options = options;
    const randomId = (): string => toHex(randomBytes(6));
    this.#randomId = randomId;
    this.#session = randomId();
    this.tasks = new Tasks(clock);
    this.#networks = this.#disposables.add(new Networks(options));
    this.#snapshots = new Snapshots({ records, blobs, disks, clock, randomId });
    const attachments = this.#disposables.add(
      new DiskAttachments({
        disks,
        storeLost: this.#whenStore('lost'),
        clock,
        randomId,
        failed: (error) => this.#failures.fire(error),
      }),
    );
    this.#diskBook = this.#disposables.add(new DiskBook(records));
    const attachDisks: FleetOptions['attachDisks'] = (ids) => attachments.attach(ids);
    this.#fleet = this.#disposables.add(
      new Fleet({
        drivers,
        records,
        networks: this.#networks,
        disks,
        book: this.#diskBook,
        createDisk: (spec) => this.#createDisk(spec),
        attachDisks,
        attachShares: async (specs) => (specs.length === 0 ? [] : (await this.#shares()).attach(specs)),
        clock,
        randomId,
      }),
    );
    this.#gateways = this.#disposables.add(
      new LabGateways({
        source: options.gateways,
        fleet: this.#fleet,
        networks: this.#networks,
        switch: options.switch,
        clock,
        stations: (network) => this.#openContainers?.namesOn(network) ?? [],
        ...(options.egress && { egress: options.egress }),
      }),
    );
    const { switch: wire, stopGraceMs = usualStopGraceMs } = options;
    this.#activator = this.#disposables.add(
      new Activator({ fleet: this.#fleet, networks: this.#networks, switch: wire, clock, stopGraceMs }),
    );
    this.#copies = new MachineCopies({ fleet: this.#fleet, snapshots: this.#snapshots, disks });
    this.#diskFiles = new DiskFiles(disks, () => this.#diskSources());
    this.#holds = new ImageHolds({
      images: () => this.#images(),
      users: () => [
        ...imageUsers(this.#fleet.entries(), this.#snapshots.list()),
        ...(this.#openContainers?.imageUsers() ?? this.#knownUsers),
      ],
    });
    // What cannot be told now is told with the next change, or when the lab opens.
    const follow = (): void => void this.#holds.follow().catch(() => {});
    this.#disposables.add(this.#fleet.changes(follow));
    this.#disposables.add(this.#snapshots.changes(follow));
    this.#sampler = this.#disposables.add(new StatSampler(clock, () => this.#fleet.running()));
    this.#opened.promise.catch(() => {});
    this.#disposables.add(this.#fleet.ended((entry) => this.#forgetRevival(entry)));
    this.#disposables.add(this.#whenStore('lost')(() => this.#endStoreLife()));
    const reopened = this.#options.store?.((event) => {
      if (event.kind === 'opened' && event.restarts > 0 && !event.status.persistent) void this.#rewrite();
    });
    if (reopened) this.#disposables.add(reopened);
  }

  /**
   * Reads the records and brings back what was there: machines that were saved go on where they were, the others
   * are stopped. Returns what it could not read. A failure is told to everybody who waits.
   */
  async open(): Promise<{ readonly unreadable: readonly string[] }> {
    try {
      const loaded = await loadRecords(this.#options.records);
      const { instances, networks, reservations, snapshots, disks: disksOfNobody, leases, unreadable } = loaded;
      this.#networks.adopt(networks, reservations, leases);
      this.#snapshots.adopt(snapshots);
      this.#diskBook.adopt(disksOfNobody);
      this.#fleet.adopt(instances);
      const inUse = {
        disks: [...instances.flatMap((each) => each.disks), ...this.#diskBook.disks()],
        generations: [
          ...snapshots.flatMap((each) => each.disks),
          ...this.#diskBook.generations(),
          ...this.#diskSources().flatMap(({ generation }) => (generation ? [generation] : [])),
        ],
      };
      // What is in records that cannot be read may have disks, too.
      if (unreadable.length === 0) await sweepDisks(this.#options.disks, inUse);
      await this.#snapshots.sweep().catch(() => {});
      await this.#sweepModules();
      const { clock } = this.#options;
      this.#autosave = this.#disposables.add(
        new Autosave({ fleet: this.#fleet, copies: this.#copies, snapshots: this.#snapshots, clock }),
      );
      for (const entry of this.#fleet.entries()) this.#recover(entry);
      this.#knownUsers = await containerUsers(this.#options.records);
      this.#opened.resolve();
      // Containers come back with the page, each as its policy says.
      if (this.#knownUsers.length > 0) this.containers().catch((error) => this.#failures.fire(toSandboxError(error)));
      return { unreadable };
    } catch (error) {
      this.#opened.reject(error);
      throw error;
    }
  }

  /** Loaded with the first machine that has some: the page's first script has no room for them. */
  #shares(): Promise<ShareAttachments> {
    this.#shareAttachments ??= import('./share-attachments').then(({ ShareAttachments }) =>
      this.#disposables.add(
        new ShareAttachments({
          shares: this.#options.shares,
          session: this.#session,
          randomId: this.#randomId,
          storeLost: this.#whenStore('lost'),
          clock: this.#options.clock,
          failed: (error) => this.#failures.fire(error),
        }),
      ),
    );
    return this.#shareAttachments;
  }

  /** A shared folder comes into being with the first machine that wants it, as docker's named volumes do. */
  async #makeFolders(draft: InstanceDraft): Promise<void> {
    const shares = draft.kind === 'vm' ? (draft.shares ?? []) : [];
    for (const share of shares) {
      if (!('folder' in share)) continue;
      const folders = await this.folders();
      await folders.create(share.folder).catch((error: unknown) => {
        if (toSandboxError(error).code !== 'AlreadyExists') throw error;
      });
    }
  }

  /** The lab's shared folders. `Unimplemented` where nothing is shared. */
  folders(): Promise<SharedFolders> {
    const { shares, clock } = this.#options;
    if (!shares) return Promise.reject(new SandboxError('Unimplemented', 'This lab has no shared folders'));
    this.#folders ??= Promise.all([import('./folders/lab-folders'), this.#shares()]).then(
      ([{ LabFolders }, attachments]) =>
        this.#disposables.add(new LabFolders({ folders: shares.folders, attachments, session: this.#session, clock })),
    );
    return this.#folders;
  }

  /** Fires with all records whenever one has changed. */
  get changes(): Event<readonly InstanceRecord[]> {
    return this.#fleet.changes;
  }

  /** Readings of running instances, every second while anybody listens. */
  get stats(): Event<StatReading> {
    return this.#sampler.readings;
  }

  /** What went wrong by itself, for people: nobody had asked for anything. */
  get failures(): Event<SandboxError> {
    return this.#failures.event;
  }

  /** Instances on demand that somebody wanted something of, and that could not be started. */
  get notWoken(): Event<NotWoken> {
    return this.#activator.notWoken;
  }

  /** In the order of their creation. */
  list(): readonly InstanceRecord[] {
    return this.#fleet.list();
  }

  /** The instance itself, for its console and programs. `NotFound` when there is none. */
  instance(id: InstanceId): Instance {
    return this.#fleet.entry(id).instance;
  }

  /** `InvalidArgument`, `AlreadyExists` or `ResourceExhausted` say why a spec cannot be had. */
  async create(draft: InstanceDraft): Promise<InstanceRecord> {
    await this.#opened.promise;
    await this.#makeFolders(draft);
    return this.#fleet.record(await this.#fleet.create(draft));
  }

  /** A machine whose root is an image of the store. Errors: as of `Images.select` and `create`. */
  async createFromImage(wish: ImageMachineWish): Promise<InstanceRecord> {
    await this.#opened.promise;
    const images = await this.#images();
    const { imageMachine } = await import('./image-machine');
    const record = await this.create(imageMachine(await images.select(wish.image), wish));
    await this.#holds.follow();
    return record;
  }

  /** The container engine; its code comes when it is first wanted. */
  async containers(): Promise<LabContainers> {
    await this.#opened.promise;
    this.#containers ??= this.#openEngine().catch((error: unknown) => {
      this.#containers = undefined;
      throw error;
    });
    return this.#containers;
  }

  async #openEngine(): Promise<LabContainers> {
    const { artifacts, clock, records, blobs, randomBytes, hostDiskMiB } = this.#options;
    if (!artifacts) throw new SandboxError('Unimplemented', 'There are no container hosts here');
    const [{ LabContainers }, { LabContainerHosts }] = await Promise.all([
      import('./containers/engine'),
      import('./container-hosts'),
    ]);
    const engine = new LabContainers({
      hosts: new LabContainerHosts({
        lab: this,
        artifacts,
        clock,
        ...(hostDiskMiB !== undefined && { diskMiB: hostDiskMiB }),
      }),
      networks: this.#networks,
      records,
      blobs,
      images: () => this.#images(),
      holdImages: () => this.#holds.follow(),
      clock,
      randomBytes,
      failed: (error) => this.#failures.fire(error),
    });
    this.#disposables.add(engine);
    await engine.open();
    this.#openContainers = engine;
    this.#disposables.add(engine.changed(() => this.#gateways.refresh()));
    return engine;
  }

  /** Names for the layers of a stack, the lowest first, by which machines with a layer store find them from now on. */
  async offerLayers(layers: readonly Digest[]): Promise<readonly string[]> {
    return (await this.#shares()).stacks.offer(layers);
  }

  /** Puts a spare NIC of a running machine on a network, until this is disposed of; it has no address there. */
  async plugNic(id: InstanceId, nic: number, network: string): Promise<Disposable> {
    const { instance } = this.#fleet.entry(id);
    const label = `${instance.spec.name} eth${nic}`;
    return this.#networks.plug({ instance: id, nic, network, label }, async (port) => {
      if (!instance.plugNic) throw new SandboxError('Unimplemented', `${instance.spec.name} has no spare NICs`);
      await instance.plugNic(nic, port);
    });
  }

  /** One on demand runs at once, and sleeps and wakes from then on. */
  start(id: InstanceId): Task {
    return this.#act(id, 'start', true, async (entry, operation) => {
      this.#fleet.check(entry.stored.spec);
      await this.#beginAnew(entry, async () => {
        await entry.instance.start(operation);
        this.#activator.arm(entry);
      });
    });
  }

  /** One on demand stays off, and is not woken before it is started again. */
  stop(id: InstanceId): Task {
    const { stopGraceMs = usualStopGraceMs } = this.#options;
    return this.#act(id, 'stop', false, (entry) => this.#end(entry, () => entry.instance.stop(stopGraceMs)));
  }

  /** Ends the machine at once, and whatever task is at work on it. One on demand stays off. */
  kill(id: InstanceId): Task {
    const entry = this.#fleet.entry(id);
    this.#interrupt(entry);
    delete entry.unasked;
    return this.#act(id, 'kill', false, (entry) => this.#end(entry, () => entry.instance.kill()));
  }

  pause(id: InstanceId): Task {
    this.#require(id, 'pause', 'paused');
    return this.#act(id, 'pause', false, ({ instance }) => instance.pause());
  }

  resume(id: InstanceId): Task {
    return this.#act(id, 'resume', false, ({ instance }) => instance.resume());
  }

  reset(id: InstanceId): Task {
    return this.#act(id, 'reset', true, (entry, operation) =>
      this.#beginAnew(entry, () => entry.instance.reset(operation)),
    );
  }

  rename(id: InstanceId, name: string): Task {
    return this.#act(id, 'rename', false, async (entry) => {
      await this.#fleet.rename(entry, name);
      this.#activator.renamed(entry);
    });
  }

  /** Removes after a time of grace, in which canceling the task puts everything back as it was. */
  remove(id: InstanceId): Task {
    this.#interrupt(this.#fleet.entry(id));
    return this.#act(id, 'remove', true, (entry, operation) => this.#remove(entry, operation));
  }

  /** Removes what nobody has used yet, at once and for good. */
  async discard(id: InstanceId): Promise<void> {
    await this.#takeAway(this.#fleet.entry(id));
  }

  /** Moves a running machine to another worker: of this tab, or of the host that is named. */
  migrate(id: InstanceId, host?: string): Task {
    this.#require(id, 'migrate', 'moved to another worker');
    return this.#act(id, 'migrate', false, async ({ instance }, operation) => {
      const { downtimeMs } = await instance.migrate(host);
      operation.onProgress({ phase: `Moved; it stood still for ${Math.round(downtimeMs)} ms` });
    });
  }

  /** Where `migrate` can move a machine to, beside a new worker of this tab. */
  hosts(): readonly LabHost[] {
    return this.#options.hosts?.() ?? [];
  }

  /** Saves a machine that runs or is paused: memory, devices and disks at one instant. */
  snapshot(id: InstanceId, texts: { readonly name: string; readonly notes?: string }): Task {
    this.#require(id, 'checkpoint', 'saved');
    return this.#act(id, 'snapshot', false, (entry, operation) => this.#copies.snapshot(entry, texts, operation));
  }

  /** Puts a machine back to a snapshot; what it was is lost. */
  restoreSnapshot(id: InstanceId, snapshot: SnapshotId): Task {
    this.#snapshots.get(snapshot);
    this.#require(id, 'checkpoint', 'restored');
    return this.#act(id, 'restore', true, async (entry, operation) => {
      await this.#copies.restore(entry, snapshot, operation);
      this.#autosave?.forget(entry);
    });
  }

  /** Copies of a snapshot, or of a machine as it is now, which gets a snapshot for it. */
  clone(
    source: { readonly snapshot: SnapshotId } | { readonly instance: InstanceId },
    wish: { readonly names?: readonly string[]; readonly count?: number } = {},
  ): Task {
    const count = wish.names?.length ?? wish.count ?? 1;
    if (!Number.isInteger(count) || count < 1 || count > maxClones) {
      throw new SandboxError('InvalidArgument', `Clones are made 1 to ${maxClones} at a time, not ${count}`);
    }
    const names = Array.from({ length: count }, (_, index) => wish.names?.[index]);
    if ('snapshot' in source) {
      const { id, name } = this.#snapshots.get(source.snapshot);
      return this.tasks.run({ kind: 'clone', subject: name, cancelable: true }, (operation) =>
        this.#copies.clone(id, names, operation),
      );
    }
    this.#require(source.instance, 'checkpoint', 'cloned');
    return this.#act(source.instance, 'clone', true, async (entry, operation) => {
      const { id } = await this.#copies.snapshot(entry, { name: `For clones of ${entry.stored.spec.name}` }, operation);
      await this.#copies.clone(id, names, operation);
    });
  }

  /** Oldest first, those of the page's own included. */
  snapshots(): readonly SnapshotRecord[] {
    return this.#snapshots.list();
  }

  get snapshotChanges(): Event<readonly SnapshotRecord[]> {
    return this.#snapshots.changes;
  }

  describeSnapshot(
    id: SnapshotId,
    texts: { readonly name?: string; readonly notes?: string },
  ): Promise<SnapshotRecord> {
    return this.#snapshots.describe(id, texts);
  }

  /** What descends from it stays; machines that were made from it, too. */
  async deleteSnapshot(id: SnapshotId): Promise<void> {
    const { parent } = this.#snapshots.get(id);
    for (const entry of this.#fleet.entries()) {
      if (entry.stored.snapshot !== id) continue;
      const { snapshot: _, ...lineage } = entry.lineage;
      entry.lineage = { ...lineage, ...(parent !== undefined && { snapshot: parent }) };
      await this.#fleet.update(entry, { snapshot: parent });
    }
    const sources = diskSources([this.#snapshots.get(id).spec]);
    await this.#snapshots.delete(id);
    this.#diskFiles.release(sources);
  }

  /** The snapshot as one file: an OCI image layout in a tar. */
  async exportSnapshot(id: SnapshotId): Promise<SnapshotFile> {
    const record = this.#snapshots.get(id);
    const { blobs, disks } = this.#options;
    // Archives are rare: their code comes when it is asked for.
    const { exportSnapshot } = await import('./snapshot-archive');
    const lost = this.#storeLife.signal;
    return { name: `${record.name}.tar`, stream: await exportSnapshot(record, { blobs, disks, lost }) };
  }

  /** Takes such a file in; it is read twice, so `open` is called twice. `name` is for people. */
  importSnapshot(name: string, open: () => ReadableStream<Uint8Array>): Task {
    const { blobs, disks } = this.#options;
    return this.tasks.run({ kind: 'import', subject: name, cancelable: true }, async (operation) => {
      await this.#opened.promise;
      const { importSnapshot } = await import('./snapshot-import');
      const inUse = new Set(this.#snapshots.list().flatMap(({ layers }) => layers));
      const lost = this.#storeLife.signal;
      const record = await importSnapshot(open, { blobs, disks, inUse, lost, randomId: this.#randomId }, operation);
      await this.#snapshots.adoptImported(record);
    });
  }

  /** The unikernels that the registry has. */
  async unikernels(): Promise<readonly UnikernelOffer[]> {
    return (await this.#options.unikernels?.library.offers()) ?? [];
  }

  /** The devices that the module of an image declares. Errors as at its start. */
  async unikernelDevices(image: string): Promise<readonly UnikernelDevice[]> {
    return this.#unikernels().devices(image);
  }

  /** Stores a module that a user brings, if it can be run. `InvalidArgument` says why it cannot. */
  async bringUnikernel(file: string, bytes: ArrayBuffer): Promise<UnikernelOffer> {
    await this.#opened.promise;
    const { library, devices } = this.#unikernels();
    return library.bring(file, bytes, devices);
  }

  /** Stores whatever module a user brings: a unikernel, or a program. `InvalidArgument` says why it is neither. */
  async bringModule(file: string, bytes: ArrayBuffer): Promise<BroughtModule> {
    await this.#opened.promise;
    // Rare, like what it begins: its code comes when it is asked for.
    const { moduleKind } = await import('../runtime/app/module-kind');
    const kind = await moduleKind(new Uint8Array(bytes));
    if (kind === 'unikernel') return { kind, ...(await this.bringUnikernel(file, bytes)) };
    const { library, waiting, isolated } = this.#apps();
    const lacks = kind === 'wasix' ? !isolated && 'isolation' : waiting === 'none' && 'waiting';
    return { kind: 'app', flavor: kind, ...(await library.bring(file, bytes)), ...(lacks && { lacks }) };
  }

  /** Stores a file that an app shall find at that path. */
  async bringAppFile(path: string, bytes: ArrayBuffer): Promise<AppFile> {
    await this.#opened.promise;
    return this.#apps().library.bringFile(path, bytes);
  }

  /** Whether a user's file with that content is stored. */
  hasDiskFile(source: DiskSource): boolean {
    return this.#diskFiles.stored(source.digest) !== undefined;
  }

  /**
   * Makes a machine that starts from its drives, and starts it. The files are stored first; one that is stored already
   * is told by its digest alone. Errors: as of {@link create}, and of the files.
   */
  launchMachine(draft: LaunchDraft, files: readonly (DiskFile | undefined)[]): Task {
    const subject = draft.name ?? files.find((file) => file !== undefined)?.name ?? draft.kind;
    return this.tasks.run({ kind: 'import', subject, cancelable: true }, async (operation) => {
      await this.#opened.promise;
      const { launchDisks } = await import('./launch-disks');
      const stores = { disks: this.#options.disks, files: this.#diskFiles };
      const disks = await launchDisks(stores, draft.disks ?? [], files, operation);
      try {
        const { id } = await this.create({ ...draft, disks });
        this.start(id);
      } finally {
        for (const { source } of disks) if (source) this.#diskFiles.settle(source);
      }
    });
  }

  /** Disks that are no instance's. */
  async volumes(): Promise<Volumes> {
    await this.#opened.promise;
    const { disks, clock } = this.#options;
    this.#volumes ??= import('./volumes').then(
      (module) =>
        new module.Volumes({
          book: this.#diskBook,
          disks,
          fleet: this.#fleet,
          clock,
          randomId: this.#randomId,
          lost: () => this.#storeLife.signal,
          createDisk: (spec) => this.#createDisk(spec),
          resave: async (entry) => this.#autosave?.save(entry, false),
        }),
    );
    return this.#volumes;
  }

  /** Takes a user's disk in as a volume. `name` is left to the lab when absent. */
  importVolume(file: DiskFileSource, name?: string): Task {
    return this.tasks.run({ kind: 'import', subject: file.name, cancelable: true }, async (operation) =>
      (await this.volumes()).import(file, name, operation),
    );
  }

  networks(): readonly NetworkSpec[] {
    return this.#networks.list();
  }

  get networkChanges(): Event<readonly NetworkSpec[]> {
    return this.#networks.changes;
  }

  /** Ports, counters and forwarding database, every second while anybody listens. */
  get networkStatus(): Event<NetworkStatus> {
    return this.#networks.statusEvents;
  }

  /** What is wrong with a network that is wished for; undefined when nothing is. */
  networkProblem(spec: NetworkSpec): string | undefined {
    return this.#networks.problem(spec);
  }

  async createNetwork(spec: NetworkSpec): Promise<void> {
    await this.#opened.promise;
    await this.#networks.create(spec);
  }

  async removeNetwork(name: string): Promise<void> {
    await this.#opened.promise;
    await this.#networks.remove(name);
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
    await this.#networks.setEgress(network, egress);
  }

  /**
   * Publishes a TCP port of an instance to the page, which shows what is served there; it stays so over reloads.
   * Whether anybody listens is not asked. `InvalidArgument` for what is no port.
   */
  async publish(id: InstanceId, port: number): Promise<void> {
    await this.#opened.promise;
    const entry = this.#fleet.entry(id);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new SandboxError('InvalidArgument', `Not a port: ${port}. Ports are the numbers from 1 to 65535`);
    }
    await this.#fleet.update(entry, ({ ports = [], spec }) => {
      if (ports.includes(port)) return {};
      if (ports.length < maxPublished) return { ports: [...ports, port].sort((a, b) => a - b) };
      const message = `${spec.name} has ${maxPublished} published ports, the most there can be: take one back`;
      throw new SandboxError('ResourceExhausted', message);
    });
  }

  /** Takes a published port back. */
  async unpublish(id: InstanceId, port: number): Promise<void> {
    await this.#opened.promise;
    const entry = this.#fleet.entry(id);
    await this.#fleet.update(entry, ({ ports = [] }) => ({ ports: ports.filter((each) => each !== port) }));
  }

  /** A TCP connection from the page to a port of a station, by the network's gateway. `Unavailable` tells the reason. */
  connect(network: string, to: Endpoint): Promise<PageConnection> {
    return this.#gateways.connect(network, to);
  }

  /** Which gateways run and which do not, and what their DHCP servers have to say. */
  get gatewayEvents(): Event<GatewayEvent> {
    return this.#gateways.events;
  }

  /** Saves what runs, for a reload. The page calls it when it is hidden. */
  async saveForReload(): Promise<void> {
    await Promise.all([this.#autosave?.saveAll(), this.#openContainers?.save()]);
  }

  /** Ends all machines. */
  async close(): Promise<void> {
    const instances = this.#fleet.entries().map(({ instance }) => instance);
    this.dispose();
    await Promise.allSettled(instances.map((instance) => instance.dispose()));
  }

  dispose(): void {
    this.#failures.dispose();
    this.#opened.reject(new SandboxError('Unavailable', 'The lab is closed'));
    this.#disposables.dispose();
  }

  async #createDisk(spec: DiskSpec): Promise<DiskInfo> {
    const { disks, artifacts: loader } = this.#options;
    const { sizeMiB, format } = completeDisk(spec);
    if (format === undefined) return disks.create({ sizeMiB });
    // Rare: its code comes when it is asked for.
    this.#templates ??= import('./disk-templates').then(
      (module) => new module.DiskTemplates({ disks, book: this.#diskBook, loader, lost: () => this.#storeLife.signal }),
    );
    return (await this.#templates).create({ sizeMiB, format });
  }

  #endStoreLife(): void {
    const ended = this.#storeLife;
    this.#storeLife = new AbortController();
    ended.abort(new SandboxError('Unavailable', 'The store ended in the middle of its work; try again'));
  }

  /** The store was only in memory, and begins with nothing. */
  async #rewrite(): Promise<void> {
    try {
      await this.#opened.promise;
      const { records } = this.#options;
      const parts = {
        records,
        fleet: this.#fleet,
        networks: this.#networks,
        snapshots: this.#snapshots,
        containers: () => this.#openContainers?.records() ?? [],
      };
      const lost = await rewriteRecords(parts);
      // What was saved for a reload is gone: it is saved again, however little has changed since.
      for (const entry of this.#fleet.entries()) this.#autosave?.forget(entry);
      const named = [...lost.filter(({ automatic }) => !automatic), ...this.#diskBook.forgetAll()].map(
        ({ name }) => `"${name}"`,
      );
      if (named.length === 0) return;
      const message = `Snapshots and volumes were kept in memory only and are lost, since the store had to be started again: ${named.join(', ')}`;
      this.#failures.fire(new SandboxError('DataLoss', message));
    } catch (error) {
      this.#failures.fire(toSandboxError(error));
    }
  }

  #whenStore(kind: StoreEvent['kind']): Event<void> {
    const { store } = this.#options;
    return (listener) => store?.((event) => event.kind === kind && listener()) ?? toDisposable(() => {});
  }

  /** Goes on with a machine that the page had saved, if its disks are still as they were then. */
  #recover(entry: Entry): void {
    const { spec, revive } = entry.stored;
    if (revive && spec.kind === 'unikernel' && spec.onDemand) {
      this.#activator.arm(entry);
      return;
    }
    if (revive) {
      this.#act(entry.instance.id, 'recover', true, (_, operation) => entry.instance.start(operation));
      return;
    }
    const saved = this.#snapshots.automaticOf(entry.instance.id);
    if (!saved) return;
    this.#act(entry.instance.id, 'recover', true, async (_, operation) => {
      try {
        if (await this.#disksMoved(saved)) {
          const message = `${entry.stored.spec.name} wrote to its disks after it was saved; it is stopped, its disks are as it left them`;
          throw new SandboxError('FailedPrecondition', message);
        }
        await this.#copies.restore(entry, saved.id, operation, true);
      } catch (error) {
        await this.#snapshots.dropAutomatic(entry.instance.id).catch(() => {});
        throw error;
      }
    });
  }

  async #disksMoved({ disks }: SnapshotRecord): Promise<boolean> {
    for (const { disk, generation } of disks) {
      const info = await this.#options.disks.info(disk);
      if (info.changed || info.head !== generation) return true;
    }
    return false;
  }

  /** What the machine was is over: it descends from whatever it was started from now. */
  async #beginAnew(entry: Entry, begin: () => Promise<void>): Promise<void> {
    this.#autosave?.forget(entry);
    await this.#withRevival(entry, begin);
    const { origin } = entry.instance;
    const [base] = origin;
    entry.lineage = { layers: origin, ...(base !== undefined && { base }) };
    if (entry.stored.snapshot !== undefined) await this.#fleet.update(entry, { snapshot: undefined });
  }

  /**
   * Has one that cannot be saved start anew after a reload, from now on and as long as it lives. That is written while
   * it begins, for one of them takes as long as the other.
   */
  async #withRevival(entry: Entry, begin: () => Promise<void>): Promise<void> {
    if (entry.abilities.has('checkpoint') || entry.stored.revive) return begin();
    const [written, begun] = await Promise.allSettled([this.#fleet.update(entry, { revive: true }), begin()]);
    // It may have ended in the meantime, unheard.
    if (!isLive(entry.instance.state.phase)) this.#forgetRevival(entry);
    for (const outcome of [begun, written]) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #images(): Promise<LabImages> {
    const { images } = this.#options;
    if (!images) throw new SandboxError('Unimplemented', 'There are no images here');
    return images();
  }

  async #remove(entry: Entry, operation: Required<Operation>): Promise<void> {
    const { removeGraceMs = 8000, clock } = this.#options;
    const { instance } = entry;
    const wasRunning = instance.state.phase === 'running' && entry.abilities.has('pause');
    if (wasRunning) await instance.pause();
    operation.onProgress({ phase: 'Waiting, in case you change your mind' });
    await delay(clock, removeGraceMs, operation.signal);
    if (operation.signal.aborted) {
      if (wasRunning) await instance.resume();
      throw new SandboxError('Canceled', 'Canceled');
    }
    operation.onProgress({ phase: 'Ending the machine' });
    await this.#takeAway(entry);
  }

  async #takeAway(entry: Entry): Promise<void> {
    this.#autosave?.forget(entry);
    this.#activator.disarm(entry);
    const sources = diskSources([entry.stored.spec]);
    await this.#fleet.remove(entry);
    this.#diskFiles.release(sources);
    if (entry.instance.kind !== 'vm') await this.#sweepModules();
  }

  /** Ends a machine because somebody wants that. */
  async #end(entry: Entry, end: () => Promise<unknown>): Promise<void> {
    const asleep = entry.demand !== undefined && !isLive(entry.instance.state.phase);
    this.#activator.disarm(entry);
    if (asleep) this.#forgetRevival(entry);
    else await end();
  }

  /** What has ended is not started by itself, unless it only sleeps. */
  #forgetRevival(entry: Entry): void {
    if (entry.stored.revive && !entry.demand) this.#fleet.update(entry, { revive: undefined }).catch(() => {});
  }

  #diskSources(): readonly DiskSource[] {
    return diskSources([
      ...this.#fleet.entries().map(({ stored }) => stored.spec),
      ...this.snapshots().map(({ spec }) => spec),
    ]);
  }

  /** Modules that users brought and that no instance is made of any more go. */
  async #sweepModules(): Promise<void> {
    const specs = this.#fleet.entries().map(({ stored }) => stored.spec);
    const images = specs.flatMap((spec) => (spec.kind === 'unikernel' ? [spec.image] : []));
    const apps = specs.flatMap((spec) => (spec.kind === 'app' ? [spec] : []));
    const { unikernels, apps: own } = this.#options;
    // What cannot be deleted now is deleted the next time.
    await Promise.allSettled([unikernels?.library.sweep(images), own?.library.sweep(apps)]);
  }

  #apps(): NonNullable<LabOptions['apps']> {
    const { apps } = this.#options;
    if (!apps) throw new SandboxError('Unimplemented', 'This lab has no apps');
    return apps;
  }

  #unikernels(): NonNullable<LabOptions['unikernels']> {
    const { unikernels } = this.#options;
    if (!unikernels) throw new SandboxError('Unimplemented', 'This lab has no unikernels');
    return unikernels;
  }

  /** Throws unless instances of that kind can be treated so. */
  #require(id: InstanceId, ability: InstanceAbility, treated: string): void {
    const { abilities, stored } = this.#fleet.entry(id);
    if (abilities.has(ability)) return;
    throw new SandboxError(
      'FailedPrecondition',
      `${stored.spec.name} is ${stored.spec.kind === 'app' ? 'an' : 'a'} ${stored.spec.kind}, which cannot be ${treated}`,
    );
  }

  #act(
    id: InstanceId,
    action: LabAction,
    cancelable: boolean,
    work: (entry: Entry, operation: Required<Operation>) => Promise<unknown>,
  ): Task {
    const entry = this.#fleet.entry(id);
    const subject = entry.stored.spec.name;
    if (entry.task) {
      throw new SandboxError(
        'FailedPrecondition',
        `${subject} is busy (${entry.task.action}): wait for that, or cancel it first`,
      );
    }
    const spec: TaskSpec<LabAction> = { kind: action, subject, cancelable };
    const task = this.tasks.run(spec, async (operation) => {
      // At least one turn later, so that the entry knows its task before the work can change anything.
      await entry.unasked;
      try {
        await work(entry, operation);
      } finally {
        if (entry.task?.id === task.id) delete entry.task;
        this.#fleet.touch();
      }
    });
    entry.task = { id: task.id, action };
    this.#fleet.touch();
    return task;
  }

  /** Takes the instance from the task that works on it, so that another can. */
  #interrupt(entry: Entry): void {
    if (!entry.task) return;
    const { id, action } = entry.task;
    if (action === 'remove')
      throw new SandboxError('FailedPrecondition', `${entry.stored.spec.name} is being removed: undo that first`);
    if (this.tasks.get(id).cancelable) this.tasks.cancel(id);
    delete entry.task;
  }
}

/** A lab with nothing in it until it is opened. */
export function createLab(options: LabOptions): Lab {
  return new Lab(options);
}
