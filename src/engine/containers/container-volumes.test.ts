import { describe, expect, it } from 'vitest';
import { createTestStorage, openTestLab, readFromDisk, type TestStorage, writeToDisk } from '../lab-fixture';
import { ContainerVolumes } from './container-volumes';
import { EventLog } from './event-log';
import { LeftBehind } from './left-behind';
import { ScriptedHost, ScriptedHosts } from './scripted-host';

/** A lab and its engine's volumes, over what an earlier page may have left. */
async function openPage(storage: TestStorage) {
  const { lab, clock } = await openTestLab(storage);
  const { records } = storage;
  const hosts = new ScriptedHosts();
  const volumes = new ContainerVolumes({
    records,
    events: new EventLog(clock),
    clock,
    randomBytes: (count) => new Uint8Array(count),
    containers: () => [],
    hosts,
    leftBehind: new LeftBehind({ records, hosts }),
    disks: () => lab.volumes(),
  });
  await volumes.open();
  return { lab, hosts, volumes };
}

it.each([
  [{ type: 'tmpfs', device: 'tmpfs', o: 'size=1m' }, '--mount type=tmpfs,target=PATH'],
  [{ type: 'none', o: 'bind', device: '/srv' }, 'bind a shared folder with "-v /FOLDER:PATH"'],
  [{ odd: 'x' }, 'invalid option: "odd"'],
])('a volume is refused with %j, and what to do instead is said', async (DriverOpts, words) => {
  const { volumes } = await openPage(await createTestStorage());
  await expect(volumes.create({ Name: 'data', DriverOpts })).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: expect.stringContaining(words),
  });
  expect(volumes.list()).toEqual([]);
});

describe('a volume that a unikernel uses', () => {
  it('is the same disk after a reload, with what was written to it', async () => {
    const storage = await createTestStorage();
    const first = await openPage(storage);
    await first.volumes.create({ Name: 'data', DriverOpts: { size: '2m' } });
    expect(await (await first.lab.volumes()).list()).toEqual([]);
    const { id, disk, sizeMiB } = await first.volumes.diskOf('data');
    expect([sizeMiB, (await first.volumes.diskOf('data')).id]).toEqual([2, id]);
    await writeToDisk(storage, disk, 'kept');
    const second = await openPage(storage);
    expect(await second.volumes.diskOf('data')).toMatchObject({ id, disk, name: 'data' });
    expect(await readFromDisk(storage, disk)).toBe('kept');
    await second.volumes.remove('data');
    expect([await storage.disks.list(), second.volumes.list()]).toEqual([[], []]);
  });

  it('is not there, and neither is its disk, when it could not be written down', async () => {
    const storage = await createTestStorage();
    const { lab, volumes } = await openPage({
      ...storage,
      records: {
        list: (collection) => storage.records.list(collection),
        apply: (changes) =>
          changes.some(({ collection }) => collection === 'disks')
            ? Promise.reject(new Error('The store is full'))
            : storage.records.apply(changes),
      },
    });
    await volumes.create({ Name: 'data' });
    await expect(volumes.diskOf('data')).rejects.toThrow('The store is full');
    expect([await (await lab.volumes()).list(), await storage.disks.list()]).toEqual([[], []]);
    expect(volumes.get('data')).not.toHaveProperty('disk');
  });

  it('takes no name that a volume of the lab has', async () => {
    const { lab, volumes } = await openPage(await createTestStorage());
    await (await lab.volumes()).create({ name: 'data', sizeMiB: 1 });
    await volumes.create({ Name: 'data' });
    await expect(volumes.diskOf('data')).rejects.toMatchObject({ code: 'AlreadyExists' });
  });

  it('is no directory for a host, and a directory is no disk', async () => {
    const { volumes } = await openPage(await createTestStorage());
    const host = new ScriptedHost('one');
    for (const Name of ['used', 'files']) await volumes.create({ Name });
    await volumes.create({ Name: 'sized', DriverOpts: { size: '1m' } });
    await volumes.diskOf('used');
    await volumes.place(['files'], host);
    for (const name of ['used', 'sized']) {
      await expect(volumes.place([name], host)).rejects.toMatchObject({
        code: 'FailedPrecondition',
        message: `The volume ${name} is a disk of unikernels and no directory: give this container another one`,
      });
    }
    await expect(volumes.diskOf('files')).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: 'The volume files is a directory of the host one and no disk: give this unikernel another one',
    });
  });
});
