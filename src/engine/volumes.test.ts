import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { settle } from '../base/fake-clock';
import { createTestStorage, openTestLab, readFromDisk, type TestStorage, writeToDisk } from './lab-fixture';

const draft = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
const mebibyte = 1024 * 1024;

async function begin(storage?: TestStorage) {
  const setUp = await openTestLab(storage);
  return { ...setUp, volumes: await setUp.lab.volumes() };
}

describe('a volume', () => {
  it('is there after a reload, with what was written to it', async () => {
    const { volumes, storage } = await begin();
    const { disk } = await volumes.create({ name: 'data', sizeMiB: 2 });
    await writeToDisk(storage, disk, 'kept');
    const again = await begin(storage);
    expect(await again.volumes.list()).toMatchObject([
      { name: 'data', sizeMiB: 2, disk, storedBytes: 65_536, sharedBytes: 0, snapshots: [] },
    ]);
    expect(await readFromDisk(storage, disk)).toBe('kept');
  });

  it('is a disk of who it is attached to, and outlives them', async () => {
    const { lab, clock, volumes, storage } = await begin();
    const { id: data, disk } = await volumes.create({ name: 'data', sizeMiB: 2 });
    const { id, spec } = await lab.create({ ...draft, name: 'one', disks: [{ sizeMiB: 1 }, { volume: 'data' }] });
    expect(spec.disks).toEqual([{ sizeMiB: 1 }, { volume: data, sizeMiB: 2 }]);
    expect(await volumes.status('data')).toMatchObject({ attachedTo: { id, name: 'one' } });
    const removed = lab.remove(id).finished;
    await settle();
    await clock.advance(8000);
    await removed;
    expect((await storage.disks.list()).map((each) => each.id)).toEqual([disk]);
    expect(await volumes.status('data')).not.toHaveProperty('attachedTo');
  });

  it('is attached to one at a time, and who has it is told', async () => {
    const { lab, volumes } = await begin();
    await volumes.create({ name: 'data', sizeMiB: 1 });
    const wish = { ...draft, disks: [{ volume: 'data' }] };
    const outcomes = await Promise.allSettled([lab.create({ ...wish, name: 'a' }), lab.create({ ...wish, name: 'b' })]);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { code: 'FailedPrecondition' } },
    ]);
    const [{ id, name } = { id: '', name: '' }] = lab.list();
    const other = await lab.create({ ...draft, name: 'other' });
    await expect(volumes.attach('data', other.id)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: `The volume "data" is attached to ${name}: detach it there first`,
    });
    await expect(volumes.delete('data')).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await expect(lab.create({ ...draft, disks: [{ volume: 'data' }, { volume: 'data' }] })).rejects.toMatchObject({
      code: 'FailedPrecondition',
    });
    await lab.start(id).finished;
    await expect(volumes.detach('data')).rejects.toMatchObject({
      message: `${name} is running: stop it to change its disks`,
    });
    await lab.stop(id).finished;
    await volumes.detach('data');
    await volumes.attach('data', other.id);
    expect(lab.list().map(({ spec }) => spec.disks?.length)).toEqual([0, 1]);
    expect(lab.instance(other.id).spec.disks).toHaveLength(1);
    await volumes.detach('data');
    await volumes.delete('data');
    expect(await volumes.list()).toEqual([]);
  });

  it('can be open to somebody who is no instance, and is no other one’s until that is over', async () => {
    const { lab, volumes, storage } = await begin();
    const { id: data, disk } = await volumes.create({ name: 'data', sizeMiB: 1 });
    const { generation } = await volumes.snapshot('data', 'empty');
    const { id } = await lab.create({ ...draft, name: 'machine' });
    const opened = await volumes.open([data], 'the container db');
    expect(opened.attachments).toMatchObject([{ id: disk, sizeBytes: mebibyte }]);
    expect(await volumes.status('data')).toMatchObject({ usedBy: 'the container db' });
    const refused = { code: 'FailedPrecondition', message: expect.stringContaining('is used by the container db') };
    await expect(volumes.open([data], 'another')).rejects.toMatchObject(refused);
    await expect(volumes.attach('data', id)).rejects.toMatchObject(refused);
    await expect(volumes.revert('data', generation)).rejects.toMatchObject(refused);
    await expect(volumes.delete('data')).rejects.toMatchObject(refused);
    await expect(lab.create({ ...draft, disks: [{ volume: 'data' }] })).rejects.toMatchObject({
      code: 'FailedPrecondition',
    });
    opened.dispose();
    await volumes.attach('data', id);
    await expect(volumes.open([data], 'the container db')).rejects.toMatchObject({
      message: 'The volume "data" is attached to machine: detach it there first',
    });
    await volumes.detach('data');
    await writeToDisk(storage, disk, 'free');
    await volumes.delete('data');
    expect(await storage.disks.list()).toEqual([]);
  });

  it('goes back to a snapshot, and is copied from one', async () => {
    const { volumes, storage } = await begin();
    const { disk } = await volumes.create({ name: 'data', sizeMiB: 2 });
    await writeToDisk(storage, disk, 'first');
    const { generation } = await volumes.snapshot('data', 'one');
    await writeToDisk(storage, disk, 'second');
    const [early, now] = [await volumes.clone('data', { snapshot: generation }), await volumes.clone('data')];
    expect([early.name, now.name]).toEqual(['data-2', 'data-3']);
    await volumes.revert('data', generation);
    const read = (each: { readonly disk: string }) => readFromDisk(storage, each.disk);
    expect(await Promise.all([read({ disk }), read(early), read(now)])).toEqual(['first', 'first', 'second']);
    expect(await volumes.status('data-2')).toMatchObject({ storedBytes: 0, sharedBytes: 65_536 });
    // Copies stay when what they are of is gone.
    await volumes.deleteSnapshot('data', generation);
    await volumes.delete('data');
    expect(await Promise.all([read(early), read(now)])).toEqual(['first', 'second']);
    await Promise.all([volumes.delete('data-2'), volumes.delete('data-3')]);
    expect(await storage.disks.list()).toEqual([]);
  });

  it('survives a sweep with its snapshots', async () => {
    const { volumes, storage } = await begin();
    const { disk } = await volumes.create({ name: 'data', sizeMiB: 1 });
    await writeToDisk(storage, disk, 'kept');
    const { generation } = await volumes.snapshot('data', 'one');
    await writeToDisk(storage, disk, 'later');
    const again = await begin(storage);
    await again.volumes.revert('data', generation);
    expect(await readFromDisk(storage, disk)).toBe('kept');
  });

  it('that a machine runs with is not put back, and is saved with it for a reload', async () => {
    const { lab, volumes, storage } = await begin();
    const { disk } = await volumes.create({ name: 'data', sizeMiB: 1 });
    const { id } = await lab.create({ ...draft, disks: [{ volume: 'data' }] });
    await lab.start(id).finished;
    await lab.saveForReload();
    const { generation } = await volumes.snapshot('data', 'while it runs');
    await expect(volumes.revert('data', generation)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    const [saved] = lab.snapshots();
    expect(saved?.disks).toEqual([{ disk, generation: (await storage.disks.info(disk)).head }]);
    await lab.kill(id).finished;
    await volumes.revert('data', generation);
  });

  it('goes back with a machine that is restored; a clone of that has a disk of its own', async () => {
    const { lab, volumes, storage } = await begin();
    const { disk } = await volumes.create({ name: 'data', sizeMiB: 1 });
    await writeToDisk(storage, disk, 'before');
    const { id } = await lab.create({ ...draft, name: 'one', disks: [{ volume: 'data' }] });
    await lab.start(id).finished;
    await lab.snapshot(id, { name: 'saved' }).finished;
    const [saved] = lab.snapshots();
    await lab.kill(id).finished;
    await writeToDisk(storage, disk, 'after');
    await lab.restoreSnapshot(id, saved?.id ?? '').finished;
    await lab.clone({ snapshot: saved?.id ?? '' }, { names: ['copy'] }).finished;
    await lab.kill(id).finished;
    expect(await readFromDisk(storage, disk)).toBe('before');
    expect(lab.list()[1]?.spec.disks).toEqual([{ sizeMiB: 1 }]);
    // The machine has another volume by now: what is restored gets a copy, and both volumes stay as they are.
    await volumes.detach('data');
    await volumes.create({ name: 'other', sizeMiB: 1 });
    await volumes.attach('other', id);
    await lab.restoreSnapshot(id, saved?.id ?? '').finished;
    expect(lab.list()[0]?.spec.disks).toEqual([{ sizeMiB: 1 }]);
    expect((await volumes.list()).map(({ name, attachedTo }) => [name, attachedTo])).toEqual([
      ['data', undefined],
      ['other', undefined],
    ]);
  });

  it('is renamed; two have no name in common', async () => {
    const { volumes } = await begin();
    const { id } = await volumes.create({ sizeMiB: 1 });
    expect((await volumes.create({ sizeMiB: 1 })).name).toBe('volume-2');
    await volumes.rename('volume', 'data');
    expect((await volumes.status('data')).id).toBe(id);
    await expect(volumes.rename('data', 'volume-2')).rejects.toMatchObject({ code: 'AlreadyExists' });
    await expect(volumes.create({ name: 'data', sizeMiB: 1 })).rejects.toMatchObject({ code: 'AlreadyExists' });
    for (const name of ['', 'a b', '../etc', '-x', 'x'.repeat(65)]) {
      await expect(volumes.rename('data', name)).rejects.toMatchObject({ code: 'InvalidArgument' });
    }
    await expect(volumes.create({ sizeMiB: 0 })).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(volumes.create({ sizeMiB: 1, format: 'ext4' })).rejects.toMatchObject({ code: 'Unimplemented' });
    await expect(volumes.status('nobody')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(volumes.revert('data', 7)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('that cannot be recorded leaves no disk', async () => {
    const storage = await createTestStorage();
    const { volumes } = await begin(storage);
    const apply = storage.records.apply.bind(storage.records);
    storage.records.apply = async () => {
      throw new SandboxError('ResourceExhausted', 'No room');
    };
    await expect(volumes.create({ sizeMiB: 1 })).rejects.toMatchObject({ code: 'ResourceExhausted' });
    storage.records.apply = apply;
    expect(await storage.disks.list()).toEqual([]);
    expect((await volumes.create({ sizeMiB: 1 })).name).toBe('volume');
  });
});

describe('a volume in a file', () => {
  const bytesOf = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await new Response(stream).arrayBuffer());

  it.each(['raw', 'gzip', 'tar'] as const)('leaves and comes back as %s', async (form) => {
    const { lab, volumes, storage } = await begin();
    const { disk } = await volumes.create({ name: 'data', sizeMiB: 3 });
    await writeToDisk(storage, disk, 'as it was');
    const { name, stream } = await volumes.export('data', form);
    // What comes later is not in it.
    await writeToDisk(storage, disk, 'later');
    const bytes = await bytesOf(stream);
    if (form === 'raw') expect(bytes.length).toBe(3 * mebibyte);
    else expect(bytes.length).toBeLessThan(200_000);
    await lab.importVolume({ name, open: () => new Blob([bytes]).stream() }, 'copy').finished;
    const copy = await volumes.status('copy');
    expect(copy).toMatchObject({ sizeMiB: 3, storedBytes: 65_536 });
    expect(await readFromDisk(storage, copy.disk)).toBe('as it was');
    // Nothing of the way is left.
    expect(await storage.disks.list()).toHaveLength(2);
    expect((await storage.disks.info(disk)).generations).toEqual([]);
  });

  it('is as large as the file was, to the sector: a floppy', async () => {
    const { lab, volumes } = await begin();
    const floppy = new Uint8Array(1_474_560).fill(7, 1_474_000);
    await lab.importVolume({ name: 'boot disk.img', open: () => new Blob([floppy]).stream() }).finished;
    const { stream } = await volumes.export('boot-disk', 'raw');
    expect(Buffer.compare(await bytesOf(stream), floppy)).toBe(0);
  });

  it('leaves nothing behind when its reader goes, or when it cannot be read', async () => {
    const { lab, volumes, storage } = await begin();
    await volumes.create({ name: 'data', sizeMiB: 3 });
    const { stream } = await volumes.export('data', 'raw');
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    const half = new Uint8Array(700);
    await expect(
      lab.importVolume({ name: 'half', open: () => new Blob([half]).stream() }).finished,
    ).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(await storage.disks.list()).toHaveLength(1);
  });
});
