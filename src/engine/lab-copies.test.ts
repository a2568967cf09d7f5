import { describe, expect, it, vi } from 'vitest';
import { createDeferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { settle } from '../base/fake-clock';
import type { Lab } from './lab';
import { LabEngine } from './lab-engine';
import { createTestStorage, openTestLab, readFromDisk, type TestStorage, writeToDisk } from './lab-fixture';

const draft = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
const withDisk = { ...draft, disks: [{ sizeMiB: 1 }] };

async function runningLab(spec: typeof draft | typeof withDisk = draft, storage?: TestStorage) {
  const setUp = await openTestLab(storage);
  const { id } = await setUp.lab.create(spec);
  await setUp.lab.start(id).finished;
  const [disk = ''] = (await setUp.storage.disks.list()).map((info) => info.id);
  return { ...setUp, id, disk };
}

type RunningLab = Awaited<ReturnType<typeof runningLab>>;

const damaged = new SandboxError('DataLoss', 'Not what was written');

type TestLab = Awaited<ReturnType<typeof openTestLab>>;

const layersOf = (lab: TestLab['lab']): readonly number[] => lab.snapshots().map(({ layers }) => layers.length);

/** What is saved of the one machine when a minute more has passed. */
async function savedNextMinute({ lab, clock }: Pick<TestLab, 'lab' | 'clock'>): Promise<string | undefined> {
  await clock.advance(60_000);
  await expect.poll(() => lab.snapshots().length).toBe(1);
  // Is done once nothing is under way any more.
  await lab.rename(lab.list()[0]?.id ?? '', lab.list()[0]?.name ?? '').finished;
  return lab.snapshots()[0]?.id;
}

describe('a snapshot', () => {
  it('is told against the one before it, and is its child', async () => {
    const { lab, id, driver } = await runningLab();
    await lab.snapshot(id, { name: 'first', notes: 'as it was' }).finished;
    driver.at(0).memory = 'more';
    await lab.snapshot(id, { name: 'second' }).finished;
    const [first, second] = lab.snapshots();
    expect(first).toMatchObject({ name: 'first', notes: 'as it was', automatic: false });
    expect(second).toMatchObject({ parent: first?.id });
    expect(layersOf(lab)).toEqual([1, 2]);
    expect(lab.list()[0]?.snapshot).toBe(second?.id);
  });

  it('survives the page', async () => {
    const { lab, id, storage } = await runningLab();
    await lab.snapshot(id, { name: 'kept' }).finished;
    const again = await openTestLab(storage);
    expect(again.lab.snapshots().map(({ name }) => name)).toEqual(['kept']);
    expect(again.lab.list()[0]?.name).toBe('vm-1');
  });

  it.each(['', '   ', 'x'.repeat(121)])('refuses %j as a name and saves nothing', async (name) => {
    const { lab, id } = await runningLab();
    await expect(lab.snapshot(id, { name }).finished).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(lab.snapshots()).toEqual([]);
  });

  it('that cannot be recorded leaves no generation of the disk and no blob behind', async () => {
    const storage = await createTestStorage();
    const { lab, id, disk } = await runningLab(withDisk, storage);
    const apply = storage.records.apply.bind(storage.records);
    storage.records.apply = async () => {
      throw new SandboxError('ResourceExhausted', 'No room');
    };
    await expect(lab.snapshot(id, { name: 'one' }).finished).rejects.toMatchObject({ code: 'ResourceExhausted' });
    storage.records.apply = apply;
    expect(lab.snapshots()).toEqual([]);
    expect((await storage.disks.info(disk)).generations).toEqual([]);
  });

  it('gives its children to its parent when it is deleted, and what they share stays', async () => {
    const { lab, id } = await runningLab();
    for (const name of ['a', 'b', 'c']) await lab.snapshot(id, { name }).finished;
    const [a, b, c] = lab.snapshots();
    await lab.deleteSnapshot(b?.id ?? '');
    expect(lab.snapshots().map(({ name, parent }) => [name, parent])).toEqual([
      ['a', undefined],
      ['c', a?.id],
    ]);
    await lab.restoreSnapshot(id, c?.id ?? '').finished;
    expect(lab.list()[0]?.state.phase).toBe('running');
  });

  it('says which snapshot is not whole when a layer of it is gone, and leaves the machine alone', async () => {
    const { lab, id, storage } = await runningLab();
    await lab.snapshot(id, { name: 'torn' }).finished;
    const [torn] = lab.snapshots();
    for (const layer of torn?.layers ?? []) await storage.blobs.delete(layer);
    const restoring = lab.restoreSnapshot(id, torn?.id ?? '').finished;
    await expect(restoring).rejects.toMatchObject({ code: 'DataLoss', message: expect.stringContaining('"torn"') });
    expect(lab.list()[0]?.state.phase).toBe('running');
  });
});

describe('restoring', () => {
  it('brings the disk back with the memory', async () => {
    const { lab, id, disk, storage, driver } = await runningLab(withDisk);
    await writeToDisk(storage, disk, 'before');
    await lab.snapshot(id, { name: 'then' }).finished;
    await writeToDisk(storage, disk, 'after');
    await lab.restoreSnapshot(id, lab.snapshots()[0]?.id ?? '').finished;
    expect(await readFromDisk(storage, disk)).toBe('before');
    expect(driver.at(0).restored?.continued).toBe(false);
  });

  it('is refused when a disk generation is gone, before anything is touched', async () => {
    const { lab, id, disk, storage } = await runningLab(withDisk);
    await lab.snapshot(id, { name: 'then' }).finished;
    await lab.kill(id).finished;
    await storage.disks.deleteGeneration({ disk, generation: 1 });
    const restoring = lab.restoreSnapshot(id, lab.snapshots()[0]?.id ?? '').finished;
    await expect(restoring).rejects.toMatchObject({ code: 'FailedPrecondition' });
    expect(lab.list()[0]?.state.phase).toBe('stopped');
  });

  it('refuses the snapshot of a machine of another shape', async () => {
    const { lab, id } = await runningLab();
    await lab.snapshot(id, { name: 'small' }).finished;
    const other = await lab.create({ ...draft, memoryMiB: 128 });
    const restoring = lab.restoreSnapshot(other.id, lab.snapshots()[0]?.id ?? '').finished;
    await expect(restoring).rejects.toThrow('memoryMiB 64, not 128');
  });
});

describe('cloning', () => {
  it('gives each clone a name, addresses and a copy-on-write disk of its own', async () => {
    const { lab, id, disk, storage } = await runningLab(withDisk);
    await writeToDisk(storage, disk, 'shared');
    await lab.snapshot(id, { name: 'base' }).finished;
    await lab.clone({ snapshot: lab.snapshots()[0]?.id ?? '' }, { count: 3 }).finished;
    const records = lab.list();
    expect(records.map(({ name }) => name)).toEqual(['vm-1', 'vm-2', 'vm-3', 'vm-4']);
    expect(new Set(records.map(({ nics }) => nics[0]?.mac)).size).toBe(4);
    expect(new Set(records.map(({ nics }) => nics[0]?.address)).size).toBe(4);
    expect(records.every(({ state }) => state.phase === 'running')).toBe(true);
    const copies = (await storage.disks.list()).filter((info) => info.id !== disk);
    expect(copies).toHaveLength(3);
    for (const copy of copies) expect(await readFromDisk(storage, copy.id)).toBe('shared');
    await writeToDisk(storage, copies[0]?.id ?? '', 'own');
    expect(await readFromDisk(storage, disk)).toBe('shared');
    expect(await readFromDisk(storage, copies[1]?.id ?? '')).toBe('shared');
  });

  it('of a running machine takes the snapshot it needs', async () => {
    const { lab, id } = await runningLab();
    await lab.clone({ instance: id }, { names: ['twin'] }).finished;
    expect(lab.list().map(({ name }) => name)).toEqual(['vm-1', 'twin']);
    expect(lab.snapshots().map(({ name }) => name)).toEqual(['For clones of vm-1']);
  });

  it('leaves the original in possession of its disk when a clone is removed', async () => {
    const { lab, id, disk, storage, clock } = await runningLab(withDisk);
    await writeToDisk(storage, disk, 'shared');
    await lab.clone({ instance: id }).finished;
    const removal = lab.remove(lab.list()[1]?.id ?? '');
    await clock.advance(8000);
    await removal.finished;
    expect((await storage.disks.list()).map((info) => info.id)).toEqual([disk]);
    expect(await readFromDisk(storage, disk)).toBe('shared');
  });

  it.each([0, 33, 1.5])('refuses to make %d at once', async (count) => {
    const { lab, id } = await runningLab();
    expect(() => lab.clone({ instance: id }, { count })).toThrow('Clones are made 1 to 32 at a time');
  });
});

describe('a reload', () => {
  it('goes on with what was saved when the page was hidden', async () => {
    const { lab, storage } = await runningLab(withDisk);
    await lab.saveForReload();
    const again = await openTestLab(storage);
    await settle();
    await expect.poll(() => again.lab.list()[0]?.state.phase).toBe('running');
    expect(again.driver.at(0).restored?.continued).toBe(true);
    expect(again.lab.list()[0]?.nics).toEqual(lab.list()[0]?.nics);
  });

  it('has all that containers wrote until their hosts were saved, which these do not say again', async () => {
    const { lab } = await runningLab();
    const saved: number[] = [];
    const save = vi.spyOn(LabEngine.prototype, 'save').mockImplementation(async () => {
      saved.push(lab.snapshots().length);
    });
    await lab.saveForReload();
    save.mockRestore();
    expect(saved.at(-1)).toBe(1);
  });

  it.each([
    ['unsaved', async (): Promise<void> => {}],
    ['disks-moved', ({ storage, disk }: RunningLab): Promise<void> => writeToDisk(storage, disk, 'later')],
    [
      'unreadable',
      async ({ storage }: RunningLab): Promise<void> => void vi.spyOn(storage.blobs, 'read').mockRejectedValue(damaged),
    ],
  ] as const)('starts anew, with the disk as it is, what is %s, and says so', async (reason, meanwhile) => {
    const running = await runningLab(withDisk);
    const { lab, storage, disk } = running;
    await writeToDisk(storage, disk, 'first');
    if (reason !== 'unsaved') await lab.saveForReload();
    await meanwhile(running);
    const anew: unknown[] = [];
    const listen = (opened: Lab) => void opened.startedAnew((told) => anew.push(told));
    const again = await openTestLab(storage, undefined, { listen });
    await expect.poll(() => again.lab.list()[0]?.state.phase).toBe('running');
    await expect.poll(() => anew).toEqual([{ name: 'vm-1', reason }]);
    expect(again.driver.at(0).restored).toBeUndefined();
    expect(await readFromDisk(storage, disk)).toBe(reason === 'disks-moved' ? 'later' : 'first');
    expect(again.lab.tasks.list()[0]).toMatchObject({ kind: 'recover', state: 'succeeded' });
    // Of what it was nothing is left that a later page could take for it.
    await expect.poll(() => again.lab.snapshots()).toEqual([]);
  });

  it.each(['stop', 'kill', 'reset'] as const)('forgets what was saved after a %s', async (action) => {
    const { lab, id, storage } = await runningLab();
    await lab.saveForReload();
    expect(lab.snapshots()).toHaveLength(1);
    await lab[action](id).finished;
    await settle();
    const again = await openTestLab(storage);
    expect(again.lab.snapshots()).toEqual([]);
    // What was reset runs; it starts anew.
    const comes = action === 'reset' ? 'running' : 'created';
    await expect.poll(() => again.lab.list()[0]?.state.phase).toBe(comes);
  });

  it('is provided for soon after a start', async () => {
    const { lab, clock } = await runningLab();
    await clock.advance(9_000);
    expect(lab.snapshots()).toEqual([]);
    await clock.advance(1_000);
    await expect.poll(() => lab.snapshots()).toHaveLength(1);
  });

  it('that would lose what a machine does is told of, once until it can be saved again', async () => {
    const { lab, storage } = await runningLab();
    const told: string[] = [];
    lab.failures(({ code, message }) => told.push(`${code}: ${message}`));
    const apply = storage.records.apply.bind(storage.records);
    const full = async (): Promise<never> => {
      throw new SandboxError('ResourceExhausted', 'The storage is full');
    };
    storage.records.apply = full;
    await lab.saveForReload();
    await lab.saveForReload();
    expect(told).toEqual([
      expect.stringMatching(/^ResourceExhausted: vm-1 could not be saved .*: The storage is full$/),
    ]);
    storage.records.apply = apply;
    await lab.saveForReload();
    expect(lab.snapshots()).toHaveLength(1);
    storage.records.apply = full;
    await lab.saveForReload();
    expect(told).toHaveLength(2);
  });

  it('keeps one state for each machine, however often it is saved', async () => {
    const { lab, driver } = await runningLab();
    await lab.saveForReload();
    const [first] = lab.snapshots();
    driver.at(0).memory = 'changed';
    await lab.saveForReload();
    expect(lab.snapshots()).toHaveLength(1);
    expect(lab.snapshots()[0]?.id).not.toBe(first?.id);
  });

  it('goes on with what was there when the page was hidden, also in the middle of a save', async () => {
    const { lab, driver, clock } = await runningLab();
    const machine = driver.at(0);
    machine.statsGate = createDeferred<void>();
    await clock.advance(60_000);
    let saved = false;
    const saving = lab.saveForReload().then(() => {
      saved = true;
    });
    await settle();
    expect({ saved, snapshots: lab.snapshots() }).toEqual({ saved: false, snapshots: [] });
    const asked = machine.statsAsked;
    machine.statsGate.resolve();
    await saving;
    expect(lab.snapshots()).toHaveLength(1);
    expect(machine.statsAsked).toBe(asked + 1);
  });

  it('is provided for every minute, by saving what has done something since', async () => {
    const { lab, driver, clock } = await runningLab();
    const saved = () => savedNextMinute({ lab, clock });
    const first = await saved();
    expect(await saved()).toBe(first);
    const machine = driver.at(0);
    // Its clock ticks.
    for (let minute = 0; minute < 5; minute += 1) {
      machine.cpuMicros += 0.011 * 60_000_000;
      expect(await saved()).toBe(first);
    }
    // A little work, and a little more: together it is worth it.
    machine.cpuMicros += 0.011 * 60_000_000 + 400_000;
    expect(await saved()).toBe(first);
    machine.cpuMicros += 0.011 * 60_000_000 + 400_000;
    const second = await saved();
    expect(second).not.toBe(first);
    machine.cpuMicros += 1_200_000;
    const third = await saved();
    expect(third).not.toBe(second);
    // Rest and a little work look alike: at some time it is saved all the same.
    for (let minute = 0; minute < 10; minute += 1) expect(await saved()).toBe(third);
    expect(await saved()).not.toBe(third);
  });

  it('is provided when a machine has written to a disk, however little it has worked', async () => {
    const { lab, clock, storage, disk } = await runningLab(withDisk);
    const saved = () => savedNextMinute({ lab, clock });
    const first = await saved();
    expect(await saved()).toBe(first);
    await writeToDisk(storage, disk, 'a line of a log');
    const second = await saved();
    expect(second).not.toBe(first);
    expect(await saved()).toBe(second);
  });
});

describe('names and addresses', () => {
  it('are told to every running neighbour when one comes, is renamed or goes', async () => {
    const { lab, driver, id, clock } = await runningLab();
    const second = await lab.create({ ...draft, name: 'web' });
    expect(driver.at(0).hostsTold.at(-1)).toContain('10.0.0.3\tweb');
    await lab.rename(second.id, 'shop').finished;
    expect(driver.at(0).hostsTold.at(-1)).toContain('10.0.0.3\tshop');
    const removal = lab.remove(second.id);
    await clock.advance(8000);
    await removal.finished;
    expect(driver.at(0).hostsTold.at(-1)).not.toContain('10.0.0.3');
    expect(lab.list().map((record) => record.id)).toEqual([id]);
  });

  it('are told to a machine that is on its way up when a neighbour comes', async () => {
    const { lab, driver } = await openTestLab();
    const { id } = await lab.create(draft);
    const gate = driver.at(0).holdStart();
    const start = lab.start(id);
    await settle();
    expect(lab.list()[0]?.state.phase).toBe('starting');
    await lab.create({ ...draft, name: 'late' });
    expect(driver.at(0).hostsTold.at(-1)).toContain('10.0.0.3\tlate');
    gate.resolve();
    await start.finished;
  });

  it('are not kept by an instance that could not be recorded', async () => {
    const storage = await createTestStorage();
    const { lab } = await openTestLab(storage);
    const apply = storage.records.apply.bind(storage.records);
    storage.records.apply = async () => {
      throw new SandboxError('ResourceExhausted', 'No room');
    };
    await expect(lab.create(withDisk)).rejects.toMatchObject({ code: 'ResourceExhausted' });
    storage.records.apply = apply;
    expect(await storage.disks.list()).toEqual([]);
    const { name, nics } = await lab.create(draft);
    expect([name, nics[0]?.address]).toEqual(['vm-1', '10.0.0.2']);
  });

  it('of networks keep to their rules', async () => {
    const { lab } = await openTestLab();
    await lab.createNetwork({ name: 'back', subnet: '10.9.0.0/24', mtu: 9000 });
    await expect(lab.createNetwork({ name: 'back', subnet: '10.8.0.0/24', mtu: 1500 })).rejects.toMatchObject({
      code: 'AlreadyExists',
    });
    expect(lab.networkProblem({ name: 'other', subnet: '10.9.0.128/25', mtu: 1500 })).toMatch(/10\.9\.0\.0\/24/);
    const { nics } = await lab.create({
      ...draft,
      nics: [{ network: 'default' }, { network: 'back', address: '10.9.0.77' }],
    });
    expect(nics.map(({ address }) => address)).toEqual(['10.0.0.2', '10.9.0.77']);
    const taken = lab.create({ ...draft, nics: [{ network: 'back', address: '10.9.0.77' }] });
    await expect(taken).rejects.toMatchObject({ code: 'AlreadyExists' });
    await expect(lab.removeNetwork('back')).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await expect(lab.create({ ...draft, nics: [{ network: 'none' }] })).rejects.toThrow('No such network: none');
  });
});
