import { effect } from '@preact/signals-core';
import type { EngineApi } from './api/engine-api';
import type { InstanceDriver, VmSpec } from './api/instance';
import { toHex } from './base/bytes';
import { systemClock } from './base/clock';
import { SandboxError } from './base/errors';
import type { StartedLab } from './embed/embed-home';
import { AppLibrary } from './engine/app-library';
import { createDiskClient } from './engine/disk-client';
import { loadGatewayModule } from './engine/gateway-module';
import { createLab, type Lab } from './engine/lab';
import { createMachineImages } from './engine/machine-images';
import { onQuiet } from './engine/quiet-moment';
import { createBlobClient, createRecordClient, createShareClient, createStoreClient } from './engine/store-client';
import { UnikernelLibrary } from './engine/unikernel-library';
import { agentProtocolVersion } from './formats/agent';
import type { PageStock } from './images';
import { keepWhatIsMade } from './keep-storage';
import { SwitchClient } from './network/switch-client';
import { browserSpawner } from './rpc/spawn-browser';
import type { TabHosts } from './rpc/tab-hosts';
import { chooseWaiting } from './runtime/app/choose-waiting';
import { Supervisor } from './runtime/supervisor';
import { compileV86 } from './runtime/vm/v86-wasm-browser';
import { createVmDriver, type VmDriver } from './runtime/vm/vm-driver';
import { StoreSupervision } from './storage/store-supervision';
import { standardFlavor } from './ui/flavors';
import { parseRoute } from './ui/route';
import { applyLook, watchScheme } from './ui/scheme';
import { createSettings, type SettingStorage } from './ui/settings';
import { Store } from './ui/store';
import './ui/styles/tokens.css';
import appWorkerUrl from '../workers/app.ts?worker&url';
import appThreadsUrl from '../workers/app-threads.ts?worker&url';
import gatewayWorkerUrl from '../workers/gateway.ts?worker&url';
import storeWorkerUrl from '../workers/store.ts?worker&url';
import switchWorkerUrl from '../workers/switch.ts?worker&url';
import brokerUrl from '../workers/tab-broker.ts?worker&url';
import unikernelWorkerUrl from '../workers/unikernel.ts?worker&url';
import vmWorkerUrl from '../workers/vm.ts?worker&url';
import type { ToPage } from './offline/messages';
import { followOwnership, joinTabs } from './tabs';
import { text } from './ui/text';
import { AppView } from './ui/views/app/app-view';
import type { FrameView } from './ui/views/frame/frame-view';
import { followVersions } from './versions';

/** Share of the device's memory that machines may take; the browser and other tabs need the rest. */
const memoryShare = 0.5;

/** The same for unikernels, which grow to what they may have only if they need it. */
const unikernelShare = 0.25;

/** The same for apps. */
const appShare = 0.25;

/** A module is looked at with all the memory that one can have. */
const inspectionMiB = 1024;

/** When a worker is made ready for the first unikernel, milliseconds after the page has come: not before the first prompt. */
const prepareUnikernelsMs = 6000;

/** What to assume where the browser does not say, GiB. */
const assumedMemoryGiB = 4;

/** How long after the last start a worker is made ready for the next; a moment in which the machine warms up. */
const prepareDelayMs = 1500;

/** Of an embedded lab: terminals that are there from the start. */
const shownConsoles = 8;

/** How long after the lab was opened it is seen whether an earlier version of the registry left something. */
const sweepDelayMs = 30_000;

/**
 * When what a first machine starts from is fetched, which keeps the store busy for seconds: nothing that is started waits for it, and
 * what is started first may need the same.
 */
const quietToKeep = { atFirst: 4000, afterTasks: 30_000 } as const;

/** Stands among the settings once that has been done. */
const firstKeptMark = 'strata.first-machine';

/** What scripts and the browser's console find as `strata`. */
export interface StrataPage {
  readonly lab: Lab;
  /** The Docker Engine API of the lab; its code comes when it is first asked something. */
  readonly engine: EngineApi;
}

/** The lab and what shows it. */
interface App {
  readonly lab: Lab;
  readonly store: Store;
  readonly driver: VmDriver;
  readonly tabs: TabHosts | undefined;
  readonly stock: () => Promise<PageStock>;
  readonly engine: EngineApi;
  /** Frees what is left of an earlier version of the registry. */
  readonly sweep: () => Promise<void>;
  /** Stores what a first machine starts from. */
  readonly keepFirst: () => Promise<void>;
}

/** Puts the parts together and shows the page. */
export function runApp(): StrataPage {
  const app = createApp();
  const { lab, store, driver, engine } = app;
  void ownLab(app);
  keepWorkerReady(driver, lab);
  keepWhatIsMade(lab);
  show(store, new AppView());
  followVersions({
    clock: systemClock,
    ready: (begin) => store.setNewVersion(begin),
    save: () => lab.saveForReload(),
  });
  document.addEventListener('visibilitychange', () => {
    // All that a page is told before it ends.
    if (document.hidden) void lab.saveForReload();
  });
  offerEngine(engine, () => store.ownership.value.state === 'owner');
  return { lab, engine };
}

export interface EmbeddedWish {
  /** `terminal`: of the first machine; else the name of a view. */
  readonly view: string;
  /** Why nothing is kept, for people. */
  readonly unsaved: string;
}

/** The same for a frame in somebody's page: a lab of its own, that ends with it, without what stands around the view. */
export async function runEmbedded({ view, unsaved }: EmbeddedWish): Promise<StartedLab> {
  const { lab, store, stock } = createApp(unsaved);
  const [{ FrameView }] = await Promise.all([import('./ui/views/frame/frame-view'), lab.open()]);
  return {
    lab,
    scenario: async (scenario) => {
      const { createLabScenarios, scenarioWork } = await import('./scenarios');
      return scenarioWork(createLabScenarios(await stock(), lab), scenario);
    },
    lesson: async (id) => (await import('./learning')).lessonWork(store, id),
    show() {
      const instances = lab.list().slice(0, shownConsoles);
      const [first] = instances;
      // There is nothing else that would lead to the terminals of all; the last that is named is the one that is shown.
      for (const { id } of [...instances, ...instances.slice(0, 1)]) store.terminals.openConsole(id);
      // A lesson has gone to its step already.
      if (store.route.value.view !== 'lesson') {
        if (view !== 'terminal') store.go(parseRoute(`#/${view}`));
        else if (first) store.select(first.id);
        else store.go({ view: 'containers' });
      }
      const frame = new FrameView();
      frame.home = store.route.value;
      show(store, frame);
    },
  };
}

/** With `unsaved` nothing is kept, and no other tab is asked. */
function createApp(unsaved?: string): App {
  const clock = systemClock;
  const supervisor = new Supervisor(clock);
  // In a thread of its own: hashing and IndexedDB stay off this one.
  const registryUrl = new URL('registry/', document.baseURI).href;
  const storage = new StoreSupervision({
    spawn: browserSpawner(storeWorkerUrl),
    registryUrl,
    ...(unsaved !== undefined && { unsaved }),
    clock,
    locks: navigator.locks,
  });
  const { remote } = storage;
  const tab = { brokerUrl, vmWorkerUrl, id: toHex(randomBytes(4)), label: text.hosts.label(new Date()) };
  const tabs = unsaved === undefined ? joinTabs(tab) : undefined;
  const stock = lazily(async () => (await import('./images')).openStock(remote, storage.events));
  const loader = createStoreClient(remote);
  const blobs = createBlobClient(remote);
  const library = new UnikernelLibrary(loader, blobs);
  const unikernels = lazily(async () => {
    const { createUnikernelDriver } = await import('./runtime/unikernel/unikernel-driver');
    return createUnikernelDriver({
      images: library,
      spawn: browserSpawner(unikernelWorkerUrl),
      supervisor,
      clock,
      randomBytes,
      memoryBudgetMiB: memoryBudgetMiB(unikernelShare),
      cores: navigator.hardwareConcurrency,
    });
  });
  // What cannot be fetched now is fetched, and told, with the first of them.
  const prepareUnikernels = async (): Promise<void> => (await unikernels.get()).prepare();
  clock.after(prepareUnikernelsMs, () => void prepareUnikernels().catch(() => {}));
  const appLibrary = new AppLibrary(blobs);
  const isolated = crossOriginIsolated;
  const openApps = async (): Promise<InstanceDriver> => {
    const { createAppDriver } = await import('./runtime/app/app-driver');
    return createAppDriver({
      source: appLibrary,
      spawn: browserSpawner(appWorkerUrl),
      supervisor,
      clock,
      randomBytes,
      memoryBudgetMiB: memoryBudgetMiB(appShare),
      isolated,
      wasix: { threadsUrl: appThreadsUrl, loadStack: () => loadGatewayModule(loader) },
    });
  };
  const driver = createVmDriver({
    images: createMachineImages(loader),
    spawn: browserSpawner(vmWorkerUrl),
    ...(tabs && { spawnOn: (host: string) => tabs.spawnOn(host) }),
    supervisor,
    clock,
    randomBytes,
    agentProtocol: agentProtocolVersion,
    wasm: compileV86,
    memoryBudgetMiB: memoryBudgetMiB(memoryShare),
  });
  const lab = createLab({
    drivers: [driver, { kind: 'unikernel', open: () => unikernels.get() }, { kind: 'app', open: openApps }],
    apps: { library: appLibrary, waiting: chooseWaiting(isolated), isolated },
    unikernels: { library, devices: async (image) => (await unikernels.get()).devices(image, inspectionMiB) },
    records: createRecordClient(remote),
    blobs,
    disks: createDiskClient(remote),
    artifacts: loader,
    shares: createShareClient(remote),
    images: async () => (await stock.get()).images,
    store: storage.events,
    switch: new SwitchClient({ start: () => supervisor.spawn(browserSpawner(switchWorkerUrl), 'switch'), clock }),
    gateways: {
      start: () => supervisor.spawn(browserSpawner(gatewayWorkerUrl), 'gateways'),
      loadModule: () => loadGatewayModule(loader),
    },
    egress: async () => (await import('./egress')).pageEgress,
    engineApi: () => engine.get(),
    hosts: () => tabs?.hosts ?? [],
    clock,
    randomBytes,
  });
  const engine = lazily(async () => (await import('./images')).openEngineApi(await stock.get(), lab, clock));
  const store = new Store({
    lab,
    settings: createSettings(openStorage()),
    clock,
    previews: async () => (await import('./previews')).createPreviewLinks(lab),
    engine: () => engine.get(),
    images: async (page) => (await import('./images')).createImageShelf(await stock.get(), lab, page),
    containers: async () => (await import('./containers')).createContainerShelf(await stock.get(), lab),
    lessons: async (page) => (await import('./learning')).createLessonShelf(await stock.get(), lab, page),
    comparison: async (page) =>
      (await import('./compare')).createComparisonShelf(await stock.get(), lab, page.settings),
    files: async (page) => (await import('./files')).openFolderShelf(lab, page),
    scenarios: async (page) => (await import('./scenarios')).createScenarioShelf(await stock.get(), lab, page),
  });
  showStorage(storage, store);
  lab.failures((error) => store.report(text.storage.label, error));
  lab.startedAnew(({ name, reason }) => {
    const { startedAnew, whyAnew } = text.machine;
    store.messages.show({ tone: 'info', title: startedAnew(name), body: whyAnew[reason] });
  });
  lab.notWoken(({ name, error }) => store.report(text.unikernels.notWoken(name), error));
  return {
    lab,
    store,
    driver,
    tabs,
    stock: () => stock.get(),
    engine: { fetch: async (...asked) => (await engine.get()).fetch(...asked) },
    sweep: async () => (await import('./images')).sweepArtifacts(remote),
    keepFirst: async () => {
      const marks = openStorage();
      // In memory it would take room from machines, and somebody may pay for what is fetched. What was removed since stays so.
      if (!marks || !store.storage.value.persistent || savesData() || marks.getItem(firstKeptMark) !== null) return;
      await (await import('./images')).keepFirstMachine(remote);
      marks.setItem(firstKeptMark, 'kept');
    },
  };
}

/** Answers the service worker, which asks its pages for the Docker Engine API, when this page has the lab. */
function offerEngine(api: EngineApi, owns: () => boolean): void {
  const { serviceWorker } = navigator;
  serviceWorker?.addEventListener('message', ({ data, ports: [port] }: MessageEvent<ToPage | undefined>) => {
    if (data?.kind !== 'engine-wanted' || !port || !owns()) return;
    import('./offline/engine-line').then(
      ({ serveEngineLine }) => serveEngineLine(api, port),
      () => port.close(),
    );
  });
}

/** One tab has the lab. One that has not may run machines for it. */
async function ownLab({ lab, store, tabs, sweep, keepFirst }: App): Promise<void> {
  const failed = (error: unknown): void => store.report(text.storage.failed, error);
  try {
    await followOwnership(systemClock, {
      async open(owned) {
        const { unreadable } = await lab.open();
        if (unreadable.length > 0) failed(new SandboxError('FailedPrecondition', text.storage.unreadable(unreadable)));
        // What cannot be freed now is tried again by the next page.
        owned.add(systemClock.after(sweepDelayMs, () => void sweep().catch(() => {})));
        owned.add(onQuiet(lab.tasks, systemClock, quietToKeep, () => void keepFirst().catch(() => {})));
      },
      save: () => lab.saveForReload(),
      close: () => lab.close(),
      show(ownership) {
        tabs?.setHosting(ownership.state !== 'owner');
        store.setOwnership(ownership);
      },
      failed,
    });
  } catch (error) {
    failed(error);
  }
}

/** Shows whether what is stored will last, and tells when the store's worker had to be started again. */
function showStorage(storage: StoreSupervision, store: Store): void {
  storage.events((event) => {
    if (event.kind === 'opened') store.setStorage(event.status);
    else store.report(event.kind === 'lost' ? text.storage.label : text.storage.lost, event.error);
  });
}

/** An idle worker with the emulator compiled waits for the next click; no guest is in it. */
function keepWorkerReady(driver: VmDriver, lab: Lab): void {
  const { memoryMiB, devices, containerHost } = standardFlavor.draft;
  const prepare = (): void => {
    const spec: VmSpec = { kind: 'vm', name: 'spare', memoryMiB, devices, containerHost };
    // A worker that cannot be made ready is no failure yet: the start itself will say what is wrong.
    if (driver.check(spec).length === 0) driver.prepare({ memoryMiB, devices, containerHost }).catch(() => {});
  };
  prepare();
  lab.tasks.changes(({ kind, state }) => {
    if (kind === 'start' && state === 'succeeded') systemClock.after(prepareDelayMs, prepare);
  });
}

function show(store: Store, view: AppView | FrameView): void {
  const { scheme } = watchScheme(store.settings, matchMedia('(prefers-color-scheme: dark)'));
  applyLook(store.settings, document.documentElement);
  view.store = store;
  effect(() => {
    view.scheme = scheme.value;
  });
  document.body.append(view);
  const watch = (): void => store.setWatched(!document.hidden);
  document.addEventListener('visibilitychange', watch);
  watch();
}

/** Whether the person has asked for as little as possible to be fetched (Save Data API; not in all browsers). */
function savesData(): boolean {
  const { connection } = navigator as Navigator & { readonly connection?: { readonly saveData?: boolean } };
  return connection?.saveData === true;
}

/** Made once, when it is first wanted; what failed may be tried again. */
function lazily<T>(make: () => Promise<T>): { get(): Promise<T> } {
  let made: Promise<T> | undefined;
  return {
    get() {
      const making = made ?? make();
      made = making;
      making.catch(() => {
        made = undefined;
      });
      return making;
    },
  };
}

function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** Reading `localStorage` throws where the browser denies storage. */
function openStorage(): SettingStorage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

function memoryBudgetMiB(share: number): number {
  // Not in all browsers, and rounded to powers of two up to 8 where it is (W3C Device Memory).
  const { deviceMemory = assumedMemoryGiB } = navigator as Navigator & { readonly deviceMemory?: number };
  return Math.max(512, deviceMemory * 1024 * share);
}
