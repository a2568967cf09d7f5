import { describe, expect, it, onTestFinished } from 'vitest';
import type { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import type { StoreEvent } from '../storage/store-supervision';
import { createTestStorage, openTestLab, type TestStorage } from './lab-fixture';
import { loadRecords } from './lab-records';

/** Storage that can be taken away with all that is in it, as a worker's memory is when it dies. */
async function volatileStorage() {
  let inner = await createTestStorage();
  const through = <K extends 'blobs' | 'disks'>(part: K): TestStorage[K] =>
    new Proxy({} as object, {
      get:
        (_, method) =>
        (...args: unknown[]) => {
          const target = inner[part] as unknown as Record<PropertyKey, (...given: unknown[]) => unknown>;
          return target[method]?.(...args);
        },
    }) as TestStorage[K];
  /** Called before records are written. */
  const hooks: { beforeApply?: () => Promise<void> } = {};
  const records: TestStorage['records'] = {
    list: (collection) => inner.records.list(collection),
    async apply(changes) {
      await hooks.beforeApply?.();
      await inner.records.apply(changes);
    },
  };
  const storage: TestStorage = { records, blobs: through('blobs'), disks: through('disks') };
  const lose = async (): Promise<void> => {
    inner = await createTestStorage();
  };
  return { storage, lose, hooks };
}

const reopened = (persistent: boolean): StoreEvent => ({ kind: 'opened', status: { persistent }, restarts: 1 });
const draft = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

async function begin() {
  const { storage, lose, hooks } = await volatileStorage();
  const store = new Emitter<StoreEvent>();
  const opened = await openTestLab(storage, store.event);
  onTestFinished(() => opened.lab.dispose());
  const failures: SandboxError[] = [];
  opened.lab.failures((error) => failures.push(error));
  return { ...opened, store, lose, hooks, failures };
}

describe('a store in memory that was started again', () => {
  it('gets all records again, less those of snapshots that went with it, which are named', async () => {
    const { lab, store, lose, failures, storage } = await begin();
    await lab.createNetwork({ name: 'back', subnet: '10.9.0.0/24', mtu: 1500 });
    const web = await lab.create({ ...draft, name: 'web', nics: [{ network: 'back' }, { network: 'default' }] });
    await lab.create({ ...draft, name: 'db' });
    await lab.start(web.id).finished;
    await lab.snapshot(web.id, { name: 'Fresh' }).finished;
    await lab.snapshot(web.id, { name: 'Later' }).finished;
    await lab.saveForReload();
    const before = await loadRecords(storage.records);
    expect(before.snapshots).toHaveLength(3);
    await lose();
    store.fire(reopened(false));
    await turns();
    const after = await loadRecords(storage.records);
    expect(after).toMatchObject({
      instances: before.instances.map(({ snapshot: _, ...stored }) => stored),
      networks: before.networks,
      reservations: before.reservations,
      snapshots: [],
    });
    expect(after.instances.every(({ snapshot }) => snapshot === undefined)).toBe(true);
    expect(lab.snapshots()).toEqual([]);
    expect(failures).toMatchObject([{ code: 'DataLoss', message: expect.stringContaining('"Fresh", "Later"') }]);
    // And from there on it is a lab like any other.
    await lab.snapshot(web.id, { name: 'Again' }).finished;
    expect((await loadRecords(storage.records)).snapshots).toMatchObject([{ name: 'Again' }]);
  });

  it('does not get back what was removed meanwhile', async () => {
    const { lab, store, lose, storage, clock, hooks } = await begin();
    const { id } = await lab.create({ ...draft, name: 'web' });
    const removing = lab.remove(id);
    await lose();
    // It comes between what is to be written and its writing.
    hooks.beforeApply = async () => {
      delete hooks.beforeApply;
      await clock.advance(8000);
      await removing.finished;
    };
    store.fire(reopened(false));
    await turns();
    expect((await loadRecords(storage.records)).instances).toEqual([]);
    expect((await loadRecords(storage.records)).reservations).toEqual([]);
  });

  it('is left alone when it still has everything', async () => {
    const { lab, store, failures, storage, hooks } = await begin();
    await lab.create({ ...draft, name: 'web' });
    const before = await loadRecords(storage.records);
    let applied = 0;
    hooks.beforeApply = async () => {
      applied += 1;
    };
    store.fire(reopened(true));
    await turns();
    expect(applied).toBe(0);
    expect(await loadRecords(storage.records)).toEqual(before);
    expect(failures).toEqual([]);
  });
});
