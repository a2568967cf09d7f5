import { batch, computed, effect, type ReadonlySignal, signal } from '@preact/signals-core';
import type { EngineApi } from '../api/engine-api';
import type { Instance, InstanceId } from '../api/instance';
import type { NetworkSpec } from '../api/network';
import type { SnapshotRecord } from '../api/snapshot';
import type { Clock } from '../base/clock';
import { parseError, SandboxError } from '../base/errors';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle';
import { isContainerHost } from '../engine/host-draft';
import type { InstanceDraft, InstanceRecord, LabAction } from '../engine/instance-record';
import type { LabHost } from '../engine/lab-options';
import type { LayoutBook } from '../engine/layout-book';
import type { NetworkStatus } from '../engine/networks';
import type { StatReading } from '../engine/stat-sampler';
import type { TaskId, TaskRecord } from '../engine/tasks';
import type { ContainerShelf } from './containers/container-shelf';
import type { Dialog } from './dialog';
import type { FileShelf } from './files/file-shelf';
import type { FileOwner } from './files/open-guest-files';
import type { Ownership, PageLab } from './page-lab';
import type { PreviewLink, PreviewLinks } from './previews/preview-links';
import { formatRoute, type Route } from './route';
import type { StatSeries } from './series';
import type { Settings } from './settings';
import { Launches } from './store/launches';
import { LazyParts, type PartSources } from './store/lazy-parts';
import { LiveFigures } from './store/live-figures';
import { Messages } from './store/messages';
import { NetworkVerbs } from './store/network-verbs';
import { PreviewWays } from './store/preview-ways';
import { SnapshotVerbs } from './store/snapshot-verbs';
import type { RawConnection } from './terminals/raw-source';
import { Terminals } from './terminals/terminals';
import { text } from './text';

/** Whether what is downloaded outlives the tab. */
export interface StorageStatus {
  readonly persistent: boolean;
  readonly reason?: string;
}

/** Actions that need nothing but the instance. */
export const plainActions = ['start', 'stop', 'kill', 'pause', 'resume', 'reset', 'remove', 'migrate'] as const;
export type PlainAction = (typeof plainActions)[number];

export interface StoreOptions extends PartSources {
  readonly lab: PageLab;
  readonly settings: Settings;
  readonly clock: Clock;
  /** Fetches what shows published ports. */
  readonly previews?: () => Promise<PreviewLinks>;
  /** The container engine; opened when it is first asked something. */
  readonly engine?: () => Promise<EngineApi>;
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
  readonly parts: LazyParts;
  readonly #lab: PageLab;
  readonly #clock: Clock;
  readonly #figures: LiveFigures;
  readonly #previews: PreviewWays;
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

  constructor({ lab, settings, clock, previews, engine = noEngine, ...sources }: StoreOptions) {
    this.#lab = lab;
    this.settings = settings;
    this.#clock = clock;
    this.messages = new Messages(clock);
    this.launches = new Launches(lab, this);
    this.snapshotVerbs = new SnapshotVerbs(lab, this);
    this.networkVerbs = new NetworkVerbs(lab, this.messages);
    this.#figures = this.#disposables.add(new LiveFigures(lab, this.#instances, clock));
    this.#previews = new PreviewWays(previews, (error) => this.report(text.notLoaded, error));
    const { containers } = sources;
    const parts = new LazyParts(this, lab, {
      ...sources,
      ...(containers && { containers: async () => this.#followPorts(await containers()) }),
    });
    this.parts = this.#disposables.add(parts);
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
          this.parts.containers.get(),
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

  /** The files of what runs programs. */
  async guestFiles(owner: FileOwner): Promise<FileShelf> {
    const { openGuestFiles } = await import('./files/open-guest-files');
    return openGuestFiles(owner, this, this.#lab.tasks, this.#clock);
  }

  /** Where things stand in the picture of the lab; undefined, and told of, when that cannot be had. */
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
      this.#tellFailed(before, records);
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

  /** What ends by itself, and not well: no task tells of it. */
  #tellFailed(before: readonly InstanceRecord[], records: readonly InstanceRecord[]): void {
    const ran = new Set(before.filter(({ state }) => state.phase === 'running').map(({ id }) => id));
    for (const { id, name, state } of records) {
      if (state.error && ran.has(id)) this.messages.report(text.toasts.ended(name), parseError(state.error));
    }
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
