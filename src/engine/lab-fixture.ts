import type { DiskId, DiskStore } from '../api/disk';
import type { RecordStore } from '../api/records';
import type { Event } from '../base/events';
import { FakeClock, settle } from '../base/fake-clock';
import { SwitchClient, type SwitchWorker } from '../network/switch-client';
import { SwitchService } from '../network/switch-service';
import { BlockPortClient } from '../rpc/block-port';
import type { Remote } from '../rpc/control';
import type { StoreEvent } from '../storage/store-supervision';
import { AppLibrary } from './app-library';
import type { BlobClient } from './blob-client';
import { createLab, type Lab } from './lab';
import type { LabOptions } from './lab-options';
import { ScriptedDriver } from './scripted-instance';
import { createStores } from './stores-fixture';
import type { ReadDevices, UnikernelLibrary } from './unikernel-library';

/** What survives a page: records, blobs and disks, in this thread's memory. */
export interface TestStorage {
  readonly records: RecordStore;
  readonly blobs: BlobClient;
  readonly disks: DiskStore;
}

export async function createTestStorage(): Promise<TestStorage> {
  const { blobs, disks, records } = await createStores();
  return { blobs, disks, records };
}

export interface TestLabOptions {
  /** Where file systems of new disks come from. */
  readonly artifacts?: LabOptions['artifacts'];
  readonly library?: (storage: TestStorage) => UnikernelLibrary;
  readonly devices?: ReadDevices;
  /** What apps find here; an isolated page with JSPI when absent. */
  readonly apps?: Omit<NonNullable<LabOptions['apps']>, 'library'>;
  /** What makes unikernels, instead of scripted ones without a network. */
  readonly unikernels?: (clock: FakeClock) => ScriptedDriver;
  readonly gateways?: LabOptions['gateways'];
  readonly shares?: LabOptions['shares'];
  /** What one lab has called something, one of the same storage must not call something else. */
  readonly firstRandom?: number;
  readonly engineApi?: LabOptions['engineApi'];
  /** Listens to a lab before it is opened. */
  readonly listen?: (lab: Lab) => void;
}

/** A lab over scripted instances, a switch in this thread and storage in its memory; opened. */
export async function openTestLab(given?: TestStorage, store?: Event<StoreEvent>, options: TestLabOptions = {}) {
  const storage = given ?? (await createTestStorage());
  const clock = new FakeClock(1000);
  const driver = new ScriptedDriver(clock);
  const unikernels = options.unikernels?.(clock) ?? new ScriptedDriver(clock, 'unikernel', ['pause']);
  const apps = new ScriptedDriver(clock, 'app', []);
  const wire = new SwitchClient({ start: () => switchInThisThread(clock), clock });
  let random = options.firstRandom ?? 0;
  const lab = createLab({
    ...storage,
    ...(store && { store }),
    ...(options.gateways && { gateways: options.gateways }),
    ...(options.shares && { shares: options.shares }),
    ...(options.engineApi && { engineApi: options.engineApi }),
    ...(options.artifacts && { artifacts: options.artifacts }),
    drivers: [driver, unikernels, apps],
    apps: { waiting: 'jspi', isolated: true, ...options.apps, library: new AppLibrary(storage.blobs) },
    ...(options.library && {
      unikernels: { library: options.library(storage), devices: options.devices ?? (async () => []) },
    }),
    switch: wire,
    clock,
    // Never the same twice, and the same in every run.
    randomBytes: (count) => {
      random += 1;
      return new Uint8Array(count).map((_, index) => random >> (8 * (count - 1 - index)));
    },
    removeGraceMs: 8000,
  });
  options.listen?.(lab);
  const { unreadable } = await lab.open();
  await settle();
  return { clock, driver, unikernels, apps, lab, storage, wire, unreadable };
}

/** Writes to a disk as a machine would, and flushes. */
export async function writeToDisk({ disks }: TestStorage, disk: DiskId, text: string): Promise<void> {
  const port = new BlockPortClient(await disks.open(disk));
  const bytes = new Uint8Array(512);
  bytes.set(new TextEncoder().encode(text));
  await port.write(0, bytes);
  await port.flush();
  await port.close();
}

export async function readFromDisk({ disks }: TestStorage, disk: DiskId): Promise<string> {
  const port = new BlockPortClient(await disks.open(disk));
  const bytes = await port.read(0, 512);
  await port.close();
  return new TextDecoder().decode(bytes).replace(/\0+$/, '');
}

export function switchInThisThread(clock: FakeClock): SwitchWorker {
  return {
    // Called directly instead of across a port: every method is there, and nobody minds a value that is no promise.
    remote: new SwitchService(clock) as unknown as Remote<SwitchService>,
    lost: new AbortController().signal,
    watch() {},
    terminate() {},
  };
}
