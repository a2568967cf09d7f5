import { effect } from '@preact/signals-core';
import type { VmSpec } from './api/instance';
import { systemClock } from './base/clock';
import { createLab, type Lab } from './engine/lab';
import { createMachineImages } from './engine/machine-images';
import { createStoreClient } from './engine/store-client';
import { agentProtocolVersion } from './formats/agent';
import { connect, type Remote } from './rpc/control';
import { browserSpawner } from './rpc/spawn-browser';
import { Supervisor } from './runtime/supervisor';
import { compileV86 } from './runtime/vm/v86-wasm-browser';
import { createVmDriver, type VmDriver } from './runtime/vm/vm-driver';
import type { StoreService } from './storage/store-service';
import { standardFlavor } from './ui/flavors';
import { applyTheme, watchScheme } from './ui/scheme';
import { createSettings, type SettingStorage } from './ui/settings';
import { Store } from './ui/store';
import './ui/styles/tokens.css';
import storeWorkerUrl from '../workers/store.ts?worker&url';
import vmWorkerUrl from '../workers/vm.ts?worker&url';
import { text } from './ui/text';
import { AppView } from './ui/views/app/app-view';

/** Share of the device's memory that machines may take; the browser and other tabs need the rest. */
const memoryShare = 0.5;

/** What to assume where the browser does not say, GiB. */
const assumedMemoryGiB = 4;

/** How long after the last start a worker is made ready for the next; a moment in which the machine warms up. */
const prepareDelayMs = 1500;

/** What scripts and the browser's console find as `strata`. */
export interface StrataPage {
  readonly lab: Lab;
}

/** Puts the parts together and shows the page. */
export function runApp(): StrataPage {
  const clock = systemClock;
  const { remote, lost } = startStore();
  const driver = createVmDriver({
    images: createMachineImages(createStoreClient(remote)),
    spawn: browserSpawner(vmWorkerUrl),
    supervisor: new Supervisor(clock),
    clock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    agentProtocol: agentProtocolVersion,
    wasm: compileV86,
    memoryBudgetMiB: memoryBudgetMiB(),
  });
  const lab = createLab({ drivers: [driver], clock });
  const store = new Store({ lab, settings: createSettings(openStorage()), clock });
  lost((error) => store.report(text.storage.lost, error));
  void openStore(remote, store);
  keepWorkerReady(driver, lab);
  show(store);
  return { lab };
}

/** The store in its own thread: hashing and IndexedDB stay off this one. */
function startStore(): {
  readonly remote: Remote<StoreService>;
  readonly lost: (tell: (error: unknown) => void) => void;
} {
  const worker = browserSpawner(storeWorkerUrl)('store');
  const connection = connect<StoreService>(worker.port);
  worker.failed((error) => connection.close(error));
  return { remote: connection.remote, lost: (tell) => void worker.failed(tell) };
}

async function openStore(remote: Remote<StoreService>, store: Store): Promise<void> {
  try {
    store.setStorage(await remote.open(new URL('registry/', document.baseURI).href));
  } catch (error) {
    store.report(text.storage.failed, error);
  }
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

function show(store: Store): void {
  const { scheme } = watchScheme(store.settings, matchMedia('(prefers-color-scheme: dark)'));
  applyTheme(store.settings, document.documentElement);
  const view = new AppView();
  view.store = store;
  effect(() => {
    view.scheme = scheme.value;
  });
  document.body.append(view);
  const watch = (): void => store.setWatched(!document.hidden);
  document.addEventListener('visibilitychange', watch);
  watch();
}

/** Reading `localStorage` throws where the browser denies storage. */
function openStorage(): SettingStorage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

function memoryBudgetMiB(): number {
  // Not in all browsers, and rounded to powers of two up to 8 where it is (W3C Device Memory).
  const { deviceMemory = assumedMemoryGiB } = navigator as Navigator & { readonly deviceMemory?: number };
  return Math.max(512, deviceMemory * 1024 * memoryShare);
}
