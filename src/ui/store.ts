import { batch, computed, effect, type ReadonlySignal, signal } from '@preact/signals-core';
import type { EngineApi } from '../api/engine-api';
import type { Instance, InstanceId } from '../api/instance';
import type { NetworkSpec } from '../api/network';
import type { SnapshotRecord } from '../api/snapshot';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle';
import { isContainerHost } from '../engine/host-draft';
import type { InstanceDraft, InstanceRecord, LabAction } from '../engine/instance-record';
import type { LabHost } from '../engine/lab-options';
import type { LayoutBook } from '../engine/layout-book';
import type { NetworkStatus } from '../engine/networks';
import type { StatReading } from '../engine/stat-sampler';
import type { TaskId, TaskRecord } from '../engine/tasks';
import type { ComparisonShelf } from './compare/comparison-shelf';
import type { ContainerShelf } from './containers/container-shelf';
import type { Dialog } from './dialog';
import type { LabEventLog } from './events/lab-event-log';
import type { FileShelf } from './files/file-shelf';
import type { FolderShelf } from './files/folder-shelf';
import type { FileOwner } from './files/open-guest-files';
import type { ImageShelf } from './images/image-shelf';
import { LazyPart } from './lazy-part';
import type { LessonShelf } from './lessons/lesson-shelf';
import type { Ownership, PageLab } from './page-lab';
import type { PreviewLink, PreviewLinks } from './previews/preview-links';
import { formatRoute, type Route } from './route';
import type { ScenarioShelf } from './scenarios/scenario-shelf';
import type { StatSeries } from './series';
import type { Settings } from './settings';
import type { Intake } from './store/intake';
import { Launches } from './store/launches';
import { LiveFigures } from './store/live-figures';
import { Messages } from './store/messages';
import { NetworkVerbs } from './store/network-verbs';
import { PreviewWays } from './store/preview-ways';
import { SnapshotVerbs } from './store/snapshot-verbs';
import type { RawConnection } from './terminals/raw-source';
import { Terminals } from './terminals/terminals';
import { text } from './text';
import type { VolumeShelf } from './volumes/volume-shelf';

/** Whether what is downloaded outlives the tab. */
export interface StorageStatus {
  readonly persistent: boolean;
  readonly reason?: string;
}

/** Actions that need nothing but the instance. */
export const plainActions = ['start', 'stop', 'kill', 'pause', 'resume', 'reset', 'remove', 'migrate'] as const;
export type PlainAction = (typeof plainActions)[number];

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
  /** Fetches the lab's files. */
  readonly scenarios?: (page: Store) => Promise<ScenarioShelf>;
  /** Fetches what compares VM, container and unikernel. */
  readonly comparison?: (page: Store) => Promise<ComparisonShelf>;
  /** Fetches the lessons. */
  readonly lessons?: (page: Store) => Promise<LessonShelf>;
}

const isHost = (record: InstanceRecord | undefined): boolean => record !== undefined && isContainerHost(record.spec);

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
  readonly messages: Messages;
  readonly launches: Launches;
  readonly snapshotVerbs: SnapshotVerbs;
  readonly networkVerbs: NetworkVerbs;
  readonly #lab: PageLab;
  readonly #clock: Clock;
  readonly #figures: LiveFigures;
  readonly #previews: PreviewWays;
  readonly #images: LazyPart<ImageShelf>;
  readonly #volumes: LazyPart<VolumeShelf>;
  readonly #files: LazyPart<FolderShelf>;
  readonly #containers: LazyPart<ContainerShelf>;
  readonly #scenarios: LazyPart<ScenarioShelf>;
  readonly #lessons: LazyPart<LessonShelf>;
  readonly #comparison: LazyPart<ComparisonShelf>;
  readonly #events: LazyPart<LabEventLog>;
  readonly #intake: LazyPart<Intake>;
  /** As previews go by: those that containers publish. */
  #containerPorts: readonly string[] = [];
  readonly #disposables = new DisposableStore();
  readonly #instances = signal<readonly InstanceRecord[]>([]);
  readonly #tasks = signal<readonly TaskRecord<LabAction>[]>([]);
  readonly #snapshots = signal<readonly SnapshotRecord[]>([]);
  readonly #networks = signal<readonly NetworkSpec[]>([]);
  readonly #route = signal<Route>({ view: 'overview' });
  readonly #dialog = signal<Dialog | undefined>(undefined);
  readonly #storage = signal<StorageStatus>({ persistent: true });
  readonly #ownership = signal<Ownership>({ state: 'owner' });
  readonly #online = signal(true);
  readonly #newVersion = signal<{ readonly begin: () => void } | undefined>(undefined);
  readonly #tasksOpen = signal(false);

  /** The machine of the route. */
  readonly selected = computed(() => {
    const route = this.#route.value;
    return route.view === 'machine' ? this.#instances.value.find((record) => record.id === route.id) : undefined;
  });

  constructor({ lab, settings, clock, previews, engine = noEngine, ...parts }: StoreOptions) {
    this.#lab = lab;
    this.settings = settings;
    this.#clock = clock;
    this.messages = new Messages(clock);
    this.launches = new Launches(lab, this);
    this.snapshotVerbs = new SnapshotVerbs(lab, this);
    this.networkVerbs = new NetworkVerbs(lab, this.messages);
    this.#figures = this.#disposables.add(new LiveFigures(lab, this.#instances, clock));
    this.#previews = new PreviewWays(previews, (error) => this.report(text.notLoaded, error));
    const { images, files, containers, scenarios, lessons, comparison } = parts;
    this.#images = this.#part(text.nav.images, images);
    this.#volumes = this.#part(text.nav.volumes, () => this.#openVolumes());
    this.#files = this.#part(text.nav.files, files);
    this.#containers = this.#part(
      text.nav.containers,
      containers && (async () => this.#followPorts(await containers())),
    );
    this.#scenarios = this.#part(text.nav.lab, scenarios);
    this.#lessons = this.#part(text.nav.lessons, lessons);
    this.#comparison = this.#part(text.nav.compare, comparison);
    this.#events = this.#part(text.nav.events, async () => {
      const { LabEventLog } = await import('./events/lab-event-log');
      return this.#disposables.add(new LabEventLog(this));
    });
    this.#intake = this.#part(text.notLoaded, async () => {
      const { Intake } = await import('./store/intake');
      return new Intake(lab, this);
    });
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
      openContainer: async (kind, container) => {
        const [shelf, { openDockedSource }] = await Promise.all([
          this.containerShelf(),
          import('./containers/docked-source'),
        ]);
        if (!shelf) throw new SandboxError('Unavailable', text.notLoaded);
        return openDockedSource(shelf, kind, container);
      },
    });
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
  }

  get instances(): ReadonlySignal<readonly InstanceRecord[]> {
    return this.#instances;
  }
  /** Newest first. */
  get tasks(): ReadonlySignal<readonly TaskRecord<LabAction>[]> {
    return this.#tasks;
  }
  get stats(): ReadonlySignal<ReadonlyMap<InstanceId, StatReading>> {
    return this.#figures.stats;
  }
  /** The past minute of each running instance. */
  get series(): ReadonlySignal<ReadonlyMap<InstanceId, StatSeries>> {
    return this.#figures.series;
  }
  get snapshots(): ReadonlySignal<readonly SnapshotRecord[]> {
    return this.#snapshots;
  }
  get networks(): ReadonlySignal<readonly NetworkSpec[]> {
    return this.#networks;
  }
  /** Undefined until the switch has been asked; see {@link watchWire}. */
  get networkStatus(): ReadonlySignal<NetworkStatus | undefined> {
    return this.#figures.networkStatus;
  }
  get route(): ReadonlySignal<Route> {
    return this.#route;
  }
  get dialog(): ReadonlySignal<Dialog | undefined> {
    return this.#dialog;
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
  /** The time, moving on every second while the page is watched. */
  get now(): ReadonlySignal<number> {
    return this.#figures.now;
  }
  /** Other tabs that can take a machine. */
  get hosts(): readonly LabHost[] {
    return this.#lab.hosts();
  }

  /** The images, from the first time that somebody asks for them. Undefined, and told of, when they cannot be had. */
  imageShelf(): Promise<ImageShelf | undefined> {
    return this.#images.get();
  }

  /** The volumes, likewise. */
  volumeShelf(): Promise<VolumeShelf | undefined> {
    return this.#volumes.get();
  }

  /** The shared folder, likewise. */
  folderShelf(): Promise<FolderShelf | undefined> {
    return this.#files.get();
  }

  /** The files of what runs programs. */
  async guestFiles(owner: FileOwner): Promise<FileShelf> {
    const { openGuestFiles } = await import('./files/open-guest-files');
    return openGuestFiles(owner, this, this.#lab.tasks, this.#clock);
  }

  /** The containers, likewise. */
  containerShelf(): Promise<ContainerShelf | undefined> {
    return this.#containers.get();
  }

  /** What has happened, likewise. */
  eventLog(): Promise<LabEventLog | undefined> {
    return this.#events.get();
  }

  /** The lab's files, likewise. */
  scenarioShelf(): Promise<ScenarioShelf | undefined> {
    return this.#scenarios.get();
  }

  /** The lessons, likewise. */
  lessonShelf(): Promise<LessonShelf | undefined> {
    return this.#lessons.get();
  }

  /** What takes the files that people bring, likewise. */
  intake(): Promise<Intake | undefined> {
    return this.#intake.get();
  }

  /** What compares VM, container and unikernel, likewise. */
  comparisonShelf(): Promise<ComparisonShelf | undefined> {
    return this.#comparison.get();
  }

  /** Where things stand in the picture of the lab; otherwise as {@link imageShelf}. */
  async layout(): Promise<LayoutBook | undefined> {
    try {
      return await this.#lab.layout();
    } catch (error) {
      this.report(text.nav.topology, error);
      return undefined;
    }
  }

  /** The switch, for what can be asked of it besides its figures. */
  get wire(): PageLab['wire'] {
    return this.#lab.wire;
  }

  /** Says what was done, and offers for a while to undo it. */
  offerUndo(title: string, undo: () => void): void {
    this.messages.offerUndo(title, undo);
  }

  /** Live figures flow only while the page can be seen. */
  setWatched(watched: boolean): void {
    this.#figures.setWatched(watched);
  }

  /** Ports and MAC tables are asked for as long as a view shows them and the page can be seen. */
  watchWire(): Disposable {
    return this.#figures.watchWire();
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

  /** As of {@link Launches.instances}. */
  launch(draft: InstanceDraft, count?: number): Promise<void> {
    return this.launches.instances(draft, count);
  }

  /** Saves what a machine is made of as a file. */
  exportProfile(id: InstanceId): void {
    this.messages.attempt(text.notTaken(this.nameOf(id)), async () => {
      const { exportProfile } = await import('./export-profile');
      await exportProfile(this.#lab.list(), id);
    });
  }

  act(action: PlainAction, id: InstanceId): void {
    this.messages.attempt(text.toasts.failed(action, this.nameOf(id)), () => {
      if (action !== 'remove') this.#lab[action](id);
      else if (isHost(this.#instances.value.find((record) => record.id === id))) return this.#removeHost(id);
      else this.#remove(id);
      return undefined;
    });
  }

  #remove(id: InstanceId, body?: string): void {
    const task = this.#lab.remove(id);
    const undo = (): void => this.cancel(task.id);
    const title = text.toasts.removed(this.nameOf(id));
    this.messages.show({ tone: 'info', title, task: task.id, undo, ...(body !== undefined && { body }) });
  }

  /** What is on its disk goes with it, and is named as long as it can be undone. */
  async #removeHost(id: InstanceId): Promise<void> {
    const { goesWithHost } = await import('./containers/goes-with-host');
    // Where there is no engine there are no containers.
    const body = await goesWithHost(this.#lab, this.nameOf(id)).catch(() => undefined);
    this.#remove(id, body);
  }

  migrate(id: InstanceId, host: string): void {
    this.messages.attempt(text.toasts.failed('migrate', this.nameOf(id)), () => this.#lab.migrate(id, host));
  }

  rename(id: InstanceId, name: string): void {
    if (name.trim() === this.nameOf(id)) return;
    this.messages.attempt(text.toasts.failed('rename', this.nameOf(id)), () => this.#lab.rename(id, name.trim()));
  }

  publish(id: InstanceId, port: number): void {
    this.messages.attempt(text.ports.notPublished(port, this.nameOf(id)), () => this.#lab.publish(id, port));
  }

  unpublish(id: InstanceId, port: number): void {
    this.messages.attempt(text.ports.notUnpublished(port, this.nameOf(id)), async () => {
      await this.#lab.unpublish(id, port);
      this.messages.offerUndo(text.ports.taken(port, this.nameOf(id)), () => this.publish(id, port));
    });
  }

  /** How a published port is shown. Undefined, and a message, when the part of the page that does cannot be had. */
  openPreview(id: InstanceId, port: number): Promise<PreviewLink | undefined> {
    return this.#previews.open(id, port);
  }

  cancel(id: TaskId): void {
    this.messages.attempt(text.tasks.notCanceled, () => this.#lab.tasks.cancel(id));
  }

  /** Says what failed and what to do. */
  report(title: string, thrown: unknown): void {
    this.messages.report(title, thrown);
  }

  /** Says something that went as it should. */
  announce(message: string): void {
    this.messages.announce(message);
  }

  nameOf(id: InstanceId): string {
    return this.#instances.value.find((record) => record.id === id)?.name ?? id;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #part<T>(name: string, open: ((page: Store) => Promise<T>) | undefined): LazyPart<T> {
    return new LazyPart(open && (() => open(this)), (error) => this.report(name, error));
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

  async #connect(id: InstanceId, port: number): Promise<RawConnection> {
    const nic = this.#instances.value.find((record) => record.id === id)?.nics[0];
    if (!nic) throw new SandboxError('FailedPrecondition', text.ports.noNic);
    return this.#lab.connect(nic.network, { address: nic.address, port });
  }

  #find(id: InstanceId): Instance | undefined {
    return this.#instances.value.some((record) => record.id === id) ? this.#lab.instance(id) : undefined;
  }

  #instancesChanged(records: readonly InstanceRecord[]): void {
    batch(() => {
      const before = this.#instances.value;
      this.#instances.value = records;
      this.terminals.instancesChanged(new Set(records.map(({ id }) => id)));
      this.#leaveRemoved(before, records);
    });
    this.#keepPreviews();
  }

  #followPorts(shelf: ContainerShelf): ContainerShelf {
    const ending = effect(() => {
      this.#containerPorts = shelf.published.value;
      this.#keepPreviews();
    });
    this.#disposables.add(toDisposable(ending));
    return shelf;
  }

  /** The ways to ports that are not published any more end. */
  #keepPreviews(): void {
    const published = this.#instances.value.flatMap(({ id, ports }) => ports.map((port) => `${id}-${port}`));
    this.#previews.keep([...published, ...this.#containerPorts]);
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
      if (record.state !== 'running') this.messages.taskEnded(record);
    });
  }
}
