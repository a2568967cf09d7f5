import { batch, computed, type ReadonlySignal, signal } from '@preact/signals-core';
import type { AppFile } from '../api/app';
import type { DiskSource } from '../api/disk';
import type { EngineApi } from '../api/engine-api';
import type { Instance, InstanceId } from '../api/instance';
import type { Egress, NetworkSpec } from '../api/network';
import type { SnapshotId, SnapshotRecord } from '../api/snapshot';
import type { UnikernelDevice } from '../api/unikernel';
import { formatBytes } from '../base/bytes';
import { type Clock, every } from '../base/clock';
import { type ErrorRecord, SandboxError, serializeError } from '../base/errors';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle';
import type { DiskFile } from '../engine/disk-files';
import type { ImageMachineWish } from '../engine/image-machine';
import type { InstanceDraft, InstanceRecord, LabAction, LaunchDraft } from '../engine/instance-record';
import type { LabHost } from '../engine/lab';
import type { NetworkStatus } from '../engine/networks';
import type { StatReading } from '../engine/stat-sampler';
import type { TaskId, TaskRecord } from '../engine/tasks';
import type { UnikernelOffer } from '../engine/unikernel-library';
import type { DiskMedium } from '../formats/disk-medium';
import { egressPort } from '../network/gateway/egress-port';
import { gatewayNetwork } from '../network/gateway/gateway-network';
import type { ContainerShelf } from './containers/container-shelf';
import type { RunWish } from './containers/run-wish';
import type { Dialog } from './dialog';
import type { FolderShelf } from './files/folder-shelf';
import type { ImageShelf } from './images/image-shelf';
import type { Ownership, PageLab } from './page-lab';
import type { PreviewLink, PreviewLinks } from './previews/preview-links';
import { formatRoute, type Route } from './route';
import { saveFile } from './save-file';
import { extendSeries, type StatSeries } from './series';
import type { Settings } from './settings';
import type { RawConnection } from './terminals/raw-source';
import { Terminals } from './terminals/terminals';
import { text } from './text';
import type { VolumeShelf } from './volumes/volume-shelf';

/** A message that stays until it is dismissed or its time is over. */
export interface Toast {
  readonly id: number;
  readonly tone: 'info' | 'error';
  readonly title: string;
  readonly body?: string;
  /** The toast goes when this task ends. */
  readonly task?: TaskId;
  /** What its button does. */
  readonly undo?: () => void;
}

/** Whether what is downloaded outlives the tab. */
export interface StorageStatus {
  readonly persistent: boolean;
  readonly reason?: string;
}

/** Actions that need nothing but the instance. */
export const plainActions = ['start', 'stop', 'kill', 'pause', 'resume', 'reset', 'remove', 'migrate'] as const;
export type PlainAction = (typeof plainActions)[number];

/** An app to be. */
type AppDraft = Extract<InstanceDraft, { readonly kind: 'app' }>;

/** Messages shown at once; the oldest gives way. */
const toastLimit = 4;

/** How long something that can be undone without a task can be, milliseconds. */
const undoMs = 10_000;

export interface StoreOptions {
  readonly lab: PageLab;
  readonly settings: Settings;
  readonly clock: Clock;
  /** Fetches what shows published ports. */
  readonly previews?: () => Promise<PreviewLinks>;
  /** Fetches the images. */
  readonly images?: (page: Store) => Promise<ImageShelf>;
  /** The container engine; opened when it is first asked something. */
  readonly engine?: () => Promise<EngineApi>;
  /** Fetches the shared folder. */
  readonly files?: (page: Store) => Promise<FolderShelf>;
  /** Fetches the containers. */
  readonly containers?: () => Promise<ContainerShelf>;
}

const noEngine = (): Promise<EngineApi> =>
  Promise.reject(
    new SandboxError('Unavailable', 'Cannot connect to the Docker daemon: there is no container engine here'),
  );

/**
 * What the page shows: signals that follow the lab's events, one way. Actions ask the lab and return; what
 * comes of them arrives as events like everything else.
 */
export class Store implements Disposable {
  readonly settings: Settings;
  readonly terminals: Terminals;
  readonly #lab: PageLab;
  readonly #clock: Clock;
  readonly #previews: (() => Promise<PreviewLinks>) | undefined;
  #previewLinks: Promise<PreviewLinks> | undefined;
  readonly #images: StoreOptions['images'];
  #shelf: Promise<ImageShelf> | undefined;
  #volumeShelf: Promise<VolumeShelf> | undefined;
  readonly #files: StoreOptions['files'];
  #folder: Promise<FolderShelf> | undefined;
  readonly #containers: StoreOptions['containers'];
  #containerShelf: Promise<ContainerShelf> | undefined;
  readonly #disposables = new DisposableStore();
  readonly #instances = signal<readonly InstanceRecord[]>([]);
  readonly #tasks = signal<readonly TaskRecord<LabAction>[]>([]);
  readonly #stats = signal<ReadonlyMap<InstanceId, StatReading>>(new Map());
  readonly #series = signal<ReadonlyMap<InstanceId, StatSeries>>(new Map());
  readonly #snapshots = signal<readonly SnapshotRecord[]>([]);
  readonly #networks = signal<readonly NetworkSpec[]>([]);
  readonly #networkStatus = signal<NetworkStatus | undefined>(undefined);
  readonly #route = signal<Route>({ view: 'overview' });
  readonly #dialog = signal<Dialog | undefined>(undefined);
  readonly #toasts = signal<readonly Toast[]>([]);
  readonly #storage = signal<StorageStatus>({ persistent: true });
  readonly #ownership = signal<Ownership>({ state: 'owner' });
  readonly #online = signal(true);
  readonly #newVersion = signal<{ readonly begin: () => void } | undefined>(undefined);
  readonly #tasksOpen = signal(false);
  readonly #announcement = signal('');
  readonly #now = signal(0);
  #watching: Disposable | undefined;
  #wireWatched: Disposable | undefined;
  #wireWatchers = 0;
  #lastToast = 0;

  /** The machine of the route. */
  readonly selected = computed(() => {
    const route = this.#route.value;
    return route.view === 'machine' ? this.#instances.value.find((record) => record.id === route.id) : undefined;
  });

  constructor({ lab, settings, clock, previews, images, files, containers, engine = noEngine }: StoreOptions) {
    this.#lab = lab;
    this.settings = settings;
    this.#clock = clock;
    this.#previews = previews;
    this.#images = images;
    this.#files = files;
    this.#containers = containers;
    this.terminals = new Terminals({
      instance: (id) => this.#find(id),
      settings,
      clock,
      connect: (id, port) => this.#connect(id, port),
      // Loaded with the first one: the page's first script has no room for it.
      openLabShell: async (show, size) => {
        const { openLabShell } = await import('./terminals/open-lab-shell');
        return openLabShell({ lab, settings, clock, engine, greeting: text.dock.lab.greeting }, show, size);
      },
    });
    this.#now.value = clock.now();
    this.#instances.value = lab.list();
    this.#tasks.value = lab.tasks.list();
    this.#snapshots.value = lab.snapshots();
    this.#networks.value = lab.networks();
    this.terminals.instancesChanged(new Set(lab.list().map(({ id }) => id)));
    this.#disposables.add(lab.changes((records) => this.#instancesChanged(records)));
    this.#disposables.add(lab.tasks.changes((record) => this.#taskChanged(record)));
    this.#disposables.add(
      lab.snapshotChanges(() => {
        this.#snapshots.value = lab.snapshots();
      }),
    );
    this.#disposables.add(
      lab.networkChanges(() => {
        this.#networks.value = lab.networks();
      }),
    );
    this.#disposables.add(this.terminals);
    this.#disposables.add(toDisposable(() => this.#watching?.dispose()));
  }

  get instances(): ReadonlySignal<readonly InstanceRecord[]> {
    return this.#instances;
  }
  /** Newest first. */
  get tasks(): ReadonlySignal<readonly TaskRecord<LabAction>[]> {
    return this.#tasks;
  }
  get stats(): ReadonlySignal<ReadonlyMap<InstanceId, StatReading>> {
    return this.#stats;
  }
  /** The past minute of each running instance. */
  get series(): ReadonlySignal<ReadonlyMap<InstanceId, StatSeries>> {
    return this.#series;
  }
  get snapshots(): ReadonlySignal<readonly SnapshotRecord[]> {
    return this.#snapshots;
  }
  get networks(): ReadonlySignal<readonly NetworkSpec[]> {
    return this.#networks;
  }
  /** Undefined until the switch has been asked; see {@link watchWire}. */
  get networkStatus(): ReadonlySignal<NetworkStatus | undefined> {
    return this.#networkStatus;
  }
  get route(): ReadonlySignal<Route> {
    return this.#route;
  }
  get dialog(): ReadonlySignal<Dialog | undefined> {
    return this.#dialog;
  }
  get toasts(): ReadonlySignal<readonly Toast[]> {
    return this.#toasts;
  }
  get storage(): ReadonlySignal<StorageStatus> {
    return this.#storage;
  }
  get ownership(): ReadonlySignal<Ownership> {
    return this.#ownership;
  }
  get online(): ReadonlySignal<boolean> {
    return this.#online;
  }
  /** A new version of the page that waits, and how it begins. */
  get newVersion(): ReadonlySignal<{ readonly begin: () => void } | undefined> {
    return this.#newVersion;
  }
  get tasksOpen(): ReadonlySignal<boolean> {
    return this.#tasksOpen;
  }
  /** What a screen reader is told of the last task that ended. */
  get announcement(): ReadonlySignal<string> {
    return this.#announcement;
  }
  /** The time, moving on every second while the page is watched. */
  get now(): ReadonlySignal<number> {
    return this.#now;
  }
  /** Other tabs that can take a machine. */
  get hosts(): readonly LabHost[] {
    return this.#lab.hosts();
  }

  /** The images, from the first time that somebody asks for them. Undefined, and told of, when they cannot be had. */
  async imageShelf(): Promise<ImageShelf | undefined> {
    this.#shelf ??= this.#images?.(this);
    try {
      return await this.#shelf;
    } catch (error) {
      this.#shelf = undefined;
      this.report(text.nav.images, error);
      return undefined;
    }
  }

  /** The volumes, likewise. */
  async volumeShelf(): Promise<VolumeShelf | undefined> {
    this.#volumeShelf ??= this.#openVolumes();
    try {
      return await this.#volumeShelf;
    } catch (error) {
      this.#volumeShelf = undefined;
      this.report(text.nav.volumes, error);
      return undefined;
    }
  }

  /** The shared folder; otherwise as {@link imageShelf}. */
  async folderShelf(): Promise<FolderShelf | undefined> {
    this.#folder ??= this.#files?.(this);
    try {
      return await this.#folder;
    } catch (error) {
      this.#folder = undefined;
      this.report(text.nav.files, error);
      return undefined;
    }
  }

  /** The containers, from the first time that somebody asks for them. Undefined, and told of, when they cannot be had. */
  async containerShelf(): Promise<ContainerShelf | undefined> {
    this.#containerShelf ??= this.#containers?.();
    try {
      return await this.#containerShelf;
    } catch (error) {
      this.#containerShelf = undefined;
      this.report(text.nav.containers, error);
      return undefined;
    }
  }

  /** Says what was done, and offers for a while to undo it. */
  offerUndo(title: string, undo: () => void): void {
    this.#undoable(title, undo);
  }

  /** Live figures flow only while the page can be seen. */
  setWatched(watched: boolean): void {
    if (watched === (this.#watching !== undefined)) return;
    this.#watching?.dispose();
    this.#watching = undefined;
    if (watched) {
      const watching = new DisposableStore();
      watching.add(this.#lab.stats((reading) => this.#statRead(reading)));
      watching.add(
        every(this.#clock, 1000, () => {
          this.#now.value = this.#clock.now();
        }),
      );
      this.#watching = watching;
    }
    this.#followWire();
  }

  /** Ports and MAC tables are asked for as long as a view shows them and the page can be seen. */
  watchWire(): Disposable {
    this.#wireWatchers += 1;
    this.#followWire();
    return toDisposable(() => {
      this.#wireWatchers -= 1;
      this.#followWire();
    });
  }

  /** The instance itself, for its console. `NotFound` when there is none. */
  instance(id: InstanceId): Instance {
    return this.#lab.instance(id);
  }

  go(route: Route): void {
    if (formatRoute(route) !== formatRoute(this.#route.value)) this.#route.value = route;
  }

  /** Shows an instance, in the view of machines that is shown already. */
  select(id: InstanceId): void {
    const route = this.#route.value;
    const tab = route.view === 'machine' ? route.tab : 'terminal';
    const record = this.#instances.value.find((each) => each.id === id);
    // The one of the two that the machine speaks by.
    const main = record?.abilities.has('screen') ? 'screen' : 'terminal';
    this.go({ view: 'machine', id, tab: tab === 'screen' || tab === 'terminal' ? main : tab });
  }

  ask(dialog: Dialog | undefined): void {
    this.#dialog.value = dialog;
  }

  setStorage(status: StorageStatus): void {
    this.#storage.value = status;
  }

  setOwnership(ownership: Ownership): void {
    this.#ownership.value = ownership;
  }

  setOnline(online: boolean): void {
    this.#online.value = online;
  }

  setNewVersion(begin: () => void): void {
    this.#newVersion.value = { begin };
  }

  showTasks(open: boolean): void {
    this.#tasksOpen.value = open;
  }

  /** Makes instances and starts them; the first is shown. Several get numbers behind the name. */
  async launch(draft: InstanceDraft, count = 1): Promise<void> {
    try {
      for (let number = 1; number <= count; number += 1) {
        const name = draft.name !== undefined && count > 1 ? { name: `${draft.name}-${number}` } : {};
        const { id } = await this.#lab.create({ ...draft, ...name });
        if (number === 1) this.go(count === 1 ? { view: 'machine', id, tab: 'terminal' } : { view: 'machines' });
        this.#lab.start(id);
      }
    } catch (error) {
      this.report(text.toasts.notCreated, error);
    }
  }

  /** Makes a machine whose root is an image, and starts it. Throws what is wrong with the wish. */
  async launchImage(wish: ImageMachineWish): Promise<void> {
    const { id } = await this.#lab.createFromImage(wish);
    this.go({ view: 'machine', id, tab: 'terminal' });
    this.#lab.start(id);
  }

  /** Makes a container, starts it and shows it. What goes wrong is told by its task. */
  runContainer(wish: RunWish): void {
    this.go({ view: 'containers' });
    void this.containerShelf()
      .then((shelf) => shelf?.run(wish))
      .then((id) => id !== undefined && this.go({ view: 'container', id, tab: wish.terminal ? 'terminal' : 'logs' }))
      .catch(() => {});
  }

  /** The unikernels that the registry has; none, and a message, when it cannot be asked. */
  async unikernels(): Promise<readonly UnikernelOffer[]> {
    try {
      return await this.#lab.unikernels();
    } catch (error) {
      this.report(text.unikernels.noOffers, error);
      return [];
    }
  }

  /** What a module declares; undefined, and a message, when it cannot be read. */
  async unikernelDevices(image: string): Promise<readonly UnikernelDevice[] | undefined> {
    try {
      return await this.#lab.unikernelDevices(image);
    } catch (error) {
      this.report(text.unikernels.notBrought(image), error);
      return undefined;
    }
  }

  /** Takes a module that a user brings, and asks what is to be made of it. */
  bringModule(file: File): void {
    this.#attempt(text.unikernels.notBrought(file.name), async () => {
      const offer = await this.#lab.bringModule(file.name, await file.arrayBuffer());
      this.ask(offer.kind === 'app' ? { kind: 'new-app', offer } : { kind: 'new-unikernel', offer });
    });
  }

  /** Takes a file that a user brings: a module by its name, else a disk or a machine's profile. */
  bringFile(file: File): void {
    if (file.name.endsWith('.wasm')) {
      this.bringModule(file);
      return;
    }
    this.#attempt(text.notTaken(file.name), async () => {
      const { bringFile } = await import('./bring-file');
      this.ask(await bringFile(file));
    });
  }

  /** What a disk image is; undefined, and a message, when it is none. */
  async recognizeDisk(file: File): Promise<DiskMedium | undefined> {
    try {
      const { bringFile } = await import('./bring-file');
      const dialog = await bringFile(file);
      if (dialog.kind === 'new-machine' && dialog.disk) return dialog.disk.medium;
      throw new SandboxError('InvalidArgument', `${file.name} is no disk: drop it on the page to see what it can be`);
    } catch (error) {
      this.report(text.notTaken(file.name), error);
      return undefined;
    }
  }

  /** Whether a file that a profile names is stored here. */
  hasDisk(source: DiskSource): boolean {
    return this.#lab.hasDiskFile(source);
  }

  /** Makes a machine that starts from its disks, which are stored first, and starts it. */
  launchMachine(draft: LaunchDraft, files: readonly (DiskFile | undefined)[]): void {
    this.#attempt(text.toasts.notCreated, async () => {
      const before = new Set(this.#instances.value.map(({ id }) => id));
      await this.#lab.launchMachine(draft, files).finished;
      const made = this.#instances.value.find(({ id }) => !before.has(id));
      if (made) this.go({ view: 'machine', id: made.id, tab: 'screen' });
    });
  }

  /** Saves what a machine is made of as a file. */
  exportProfile(id: InstanceId): void {
    this.#attempt(text.notTaken(this.nameOf(id)), async () => {
      const { exportProfile } = await import('./export-profile');
      await exportProfile(this.#lab.list(), id);
    });
  }

  /** Makes an app that finds these files, and starts it. */
  launchApp(draft: Omit<AppDraft, 'files'>, files: readonly { readonly path: string; readonly content: Blob }[]): void {
    this.#attempt(text.toasts.notCreated, async () => {
      const stored: AppFile[] = [];
      for (const { path, content } of files) {
        stored.push(await this.#lab.bringAppFile(path, await content.arrayBuffer()));
      }
      await this.launch({ ...draft, files: stored });
    });
  }

  act(action: PlainAction, id: InstanceId): void {
    this.#attempt(text.toasts.failed(action, this.nameOf(id)), () => {
      const task = this.#lab[action](id);
      if (action !== 'remove') return;
      const undo = (): void => this.cancel(task.id);
      this.#toast({ tone: 'info', title: text.toasts.removed(this.nameOf(id)), task: task.id, undo });
    });
  }

  migrate(id: InstanceId, host: string): void {
    this.#attempt(text.toasts.failed('migrate', this.nameOf(id)), () => this.#lab.migrate(id, host));
  }

  rename(id: InstanceId, name: string): void {
    if (name.trim() === this.nameOf(id)) return;
    this.#attempt(text.toasts.failed('rename', this.nameOf(id)), () => this.#lab.rename(id, name.trim()));
  }

  snapshot(id: InstanceId, texts: { readonly name: string; readonly notes: string }): void {
    this.#attempt(text.toasts.failed('snapshot', this.nameOf(id)), () => this.#lab.snapshot(id, texts));
  }

  restore(id: InstanceId, snapshot: SnapshotId): void {
    this.#attempt(text.toasts.failed('restore', this.nameOf(id)), () => this.#lab.restoreSnapshot(id, snapshot));
  }

  clone(
    source: { readonly snapshot: SnapshotId } | { readonly instance: InstanceId },
    name: string,
    wish: { readonly names?: readonly string[]; readonly count?: number },
  ): void {
    this.#attempt(text.toasts.failed('clone', name), () => this.#lab.clone(source, wish));
  }

  describeSnapshot(id: SnapshotId, texts: { readonly name?: string; readonly notes?: string }): void {
    this.#attempt(text.snapshots.notDescribed(this.#snapshotName(id)), () => this.#lab.describeSnapshot(id, texts));
  }

  deleteSnapshot(id: SnapshotId): void {
    this.#attempt(text.snapshots.notDeleted(this.#snapshotName(id)), () => this.#lab.deleteSnapshot(id));
  }

  exportSnapshot(id: SnapshotId): void {
    const name = this.#snapshotName(id);
    this.#attempt(text.snapshots.notExported(name), async () => {
      const file = await this.#lab.exportSnapshot(id);
      await saveFile(file, (bytes) => {
        this.#announcement.value = text.snapshots.exporting(name, formatBytes(bytes));
      });
    });
  }

  importSnapshot(file: File): void {
    this.#attempt(text.snapshots.notImported(file.name), () =>
      this.#lab.importSnapshot(file.name, () => file.stream()),
    );
  }

  publish(id: InstanceId, port: number): void {
    this.#attempt(text.ports.notPublished(port, this.nameOf(id)), () => this.#lab.publish(id, port));
  }

  unpublish(id: InstanceId, port: number): void {
    this.#attempt(text.ports.notUnpublished(port, this.nameOf(id)), async () => {
      await this.#lab.unpublish(id, port);
      this.#undoable(text.ports.taken(port, this.nameOf(id)), () => this.publish(id, port));
    });
  }

  /** How a published port is shown. Undefined, and a message, when the part of the page that does cannot be had. */
  async openPreview(id: InstanceId, port: number): Promise<PreviewLink | undefined> {
    try {
      this.#previewLinks ??= this.#previews?.();
      const links = await this.#previewLinks;
      return await links?.open(id, port);
    } catch (error) {
      // Offline before it was ever fetched: the next time tries again.
      this.#previewLinks = undefined;
      this.report(text.notLoaded, error);
      return undefined;
    }
  }

  egressProblem(egress: Egress | undefined): string | undefined {
    return this.#lab.egressProblem(egress);
  }

  setEgress(network: string, egress: Egress | undefined): void {
    this.#attempt(text.egress.notChanged(network), () => this.#lab.setEgress(network, egress));
  }

  /** The proxy of a network, as guests name it: "10.0.0.1:3128". */
  proxyOf(network: NetworkSpec | undefined): string {
    return network ? `${gatewayNetwork(network).address}:${egressPort}` : '';
  }

  networkProblem(spec: NetworkSpec): string | undefined {
    return this.#lab.networkProblem(spec);
  }

  createNetwork(spec: NetworkSpec): void {
    this.#attempt(text.networks.notCreated(spec.name), () => this.#lab.createNetwork(spec));
  }

  /** A network without ports can be had again as it was. */
  removeNetwork(name: string): void {
    const spec = this.#networks.value.find((network) => network.name === name);
    this.#attempt(text.networks.notRemoved(name), async () => {
      await this.#lab.removeNetwork(name);
      if (spec) this.#undoable(text.networks.removed(name), () => this.createNetwork(spec));
    });
  }

  cancel(id: TaskId): void {
    this.#attempt(text.tasks.notCanceled, () => this.#lab.tasks.cancel(id));
  }

  /** Says what failed and what to do. */
  report(title: string, thrown: unknown): void {
    this.#tell(title, serializeError(thrown));
  }

  /** Says something that went as it should. */
  announce(message: string): void {
    this.#announcement.value = message;
  }

  dismiss(id: number): void {
    this.#toasts.value = this.#toasts.value.filter((toast) => toast.id !== id);
  }

  nameOf(id: InstanceId): string {
    return this.#instances.value.find((record) => record.id === id)?.name ?? id;
  }

  dispose(): void {
    this.#wireWatched?.dispose();
    this.#disposables.dispose();
  }

  async #openVolumes(): Promise<VolumeShelf> {
    const [volumes, { VolumeShelf }] = await Promise.all([this.#lab.volumes(), import('./volumes/volume-shelf')]);
    return new VolumeShelf({
      volumes,
      lab: this.#lab,
      report: (title, error) => this.report(title, error),
      announce: (message) => this.announce(message),
    });
  }

  #snapshotName(id: SnapshotId): string {
    return this.#snapshots.value.find((record) => record.id === id)?.name ?? id;
  }

  async #connect(id: InstanceId, port: number): Promise<RawConnection> {
    const nic = this.#instances.value.find((record) => record.id === id)?.nics[0];
    if (!nic) throw new SandboxError('FailedPrecondition', text.ports.noNic);
    return this.#lab.connect(nic.network, { address: nic.address, port });
  }

  #find(id: InstanceId): Instance | undefined {
    return this.#instances.value.some((record) => record.id === id) ? this.#lab.instance(id) : undefined;
  }

  /** Runs what may throw now or later, and tells of it. What a task reports is told by the task. */
  #attempt(title: string, work: () => unknown): void {
    const failed = (error: unknown): void => this.report(title, error);
    try {
      const result = work();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #followWire(): void {
    const wanted = this.#wireWatchers > 0 && this.#watching !== undefined;
    if (wanted === (this.#wireWatched !== undefined)) return;
    this.#wireWatched?.dispose();
    this.#wireWatched = wanted
      ? this.#lab.networkStatus((status) => {
          this.#networkStatus.value = status;
        })
      : undefined;
  }

  #instancesChanged(records: readonly InstanceRecord[]): void {
    batch(() => {
      const before = this.#instances.value;
      this.#instances.value = records;
      this.terminals.instancesChanged(new Set(records.map(({ id }) => id)));
      this.#leaveRemoved(before, records);
    });
    const published = records.flatMap(({ id, ports }) => ports.map((port) => `${id}-${port}`));
    this.#previewLinks?.then(
      (links) => links.keep(new Set(published)),
      () => {},
    );
  }

  /** The view of a machine that was removed gives way to its neighbour's. */
  #leaveRemoved(before: readonly InstanceRecord[], records: readonly InstanceRecord[]): void {
    const route = this.#route.value;
    if (route.view !== 'machine' || records.some(({ id }) => id === route.id)) return;
    const index = before.findIndex(({ id }) => id === route.id);
    if (index < 0) return;
    const next = records[Math.min(index, records.length - 1)];
    this.go(next ? { ...route, id: next.id } : { view: 'overview' });
  }

  #taskChanged(record: TaskRecord<LabAction>): void {
    batch(() => {
      this.#tasks.value = this.#lab.tasks.list();
      if (record.state === 'running') return;
      this.#announcement.value = text.tasks.told(record.kind, record.subject, record.state);
      this.#toasts.value = this.#toasts.value.filter((toast) => toast.task !== record.id);
      if (record.error) this.#tell(text.toasts.failed(record.kind, record.subject), record.error);
    });
  }

  #statRead(reading: StatReading): void {
    const ids = new Set(this.#instances.value.map((record) => record.id));
    batch(() => {
      this.#stats.value = new Map([...this.#stats.value].filter(([id]) => ids.has(id))).set(reading.id, reading);
      const series = new Map([...this.#series.value].filter(([id]) => ids.has(id)));
      this.#series.value = series.set(reading.id, extendSeries(series.get(reading.id), reading));
    });
  }

  #tell(title: string, error: ErrorRecord): void {
    const body = [error.message, text.next[error.code]].filter((part) => part !== '').join('. ');
    this.#toast({ tone: 'error', title, body });
  }

  #undoable(title: string, undo: () => void): void {
    const id = this.#toast({ tone: 'info', title, undo });
    this.#clock.after(undoMs, () => this.dismiss(id));
  }

  #toast(toast: Omit<Toast, 'id'>): number {
    this.#lastToast += 1;
    this.#toasts.value = [...this.#toasts.value, { ...toast, id: this.#lastToast }].slice(-toastLimit);
    return this.#lastToast;
  }
}
