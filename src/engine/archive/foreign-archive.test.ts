import { afterEach, describe, expect, it } from 'vitest';
import type { SnapshotRecord } from '../../api/snapshot';
import type { VolumeRecord } from '../../api/volume';
import { chunksOf, streamOf } from '../../base/streams';
import { digestOf } from '../../formats/digest';
import type { ArchivedRecord } from '../../formats/lab-document';
import { collectBytes, makeImage, makeLayer, pullImage } from '../../storage/images/image-fixture';
import { openTestLab, readFromDisk, writeToDisk } from '../lab-fixture';
import type { StoredInstance } from '../lab-records';
import { opener } from '../snapshot-archive-fixture';
import {
  bring,
  closeStores,
  openImages,
  openShares,
  readFromFolder,
  rewritten,
  write,
  writeToFolder,
} from './lab-archive-fixture';

const vm = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
/** A quota that an empty folder has room in, and a folder with one file has not; bytes. */
const roomForNone = 600;
const withFolder = { ...vm, shares: [{ tag: 'work', folder: 'work' }] } as const;

afterEach(closeStores);

/** A lab with one machine that runs, another that has a volume, and a volume of nobody's. */
async function makeLab() {
  const { images } = await openImages();
  const { lab, storage } = await openTestLab();
  const volumes = await lab.volumes();
  const attached = await volumes.create({ name: 'attached', sizeMiB: 1 });
  const data = await volumes.create({ name: 'data', sizeMiB: 1 });
  await writeToDisk(storage, attached.disk, 'of attached');
  await writeToDisk(storage, data.disk, 'of data');
  const { id } = await lab.create({ ...vm, name: 'runs', disks: [{ sizeMiB: 1 }] });
  await lab.start(id).finished;
  await lab.create({ ...vm, name: 'has-volume', disks: [{ volume: attached.id }] });
  return { lab, storage, images, attached, data };
}

async function makeFile(): Promise<Uint8Array> {
  return write(await makeLab());
}

/** Changes each record of a collection. */
const changed =
  <T>(collection: ArchivedRecord['collection'], change: (value: T) => unknown) =>
  ({ records }: { readonly records: readonly ArchivedRecord[] }) => ({
    records: records.map((each) =>
      each.collection === collection ? { ...each, value: change(each.value as T) } : each,
    ),
  });

const gzip = (bytes: AsyncIterable<Uint8Array<ArrayBuffer>>) =>
  collectBytes(chunksOf(streamOf(bytes).pipeThrough(new CompressionStream('gzip'))));

describe("an archive beside what is the user's", () => {
  it('leaves a volume alone that has another name by now and the same id', async () => {
    const { lab, storage, images, data, attached } = await makeLab();
    const file = await write({ lab, images });
    for (const { id } of lab.list()) await lab.discard(id);
    const volumes = await lab.volumes();
    await volumes.rename(data.id, 'mine');
    await volumes.rename(attached.id, 'mine-too');
    await writeToDisk(storage, data.disk, 'of the user');
    lab.dispose();
    const again = await bring(file, { storage });
    const found = await (await again.lab.volumes()).list();
    expect(found.map(({ name }) => name)).toEqual(['attached', 'data', 'mine', 'mine-too']);
    const read = async (name: string) =>
      readFromDisk(storage, found.find((each) => each.name === name)?.disk as string);
    expect(await read('mine')).toBe('of the user');
    expect(await read('mine-too')).toBe('of attached');
    expect(await read('data')).toBe('of data');
    expect(await read('attached')).toBe('of attached');
    // The machine has the volume that came with it.
    expect(found.flatMap(({ name, attachedTo }) => (attachedTo ? [[name, attachedTo.name]] : []))).toEqual([
      ['attached', 'has-volume'],
    ]);
  });

  it('is refused when a volume of that name was made while it was being opened', async () => {
    const file = await makeFile();
    const { lab, storage } = await openTestLab();
    const { images } = await openImages();
    const volumes = await lab.volumes();
    const meanwhile = {
      current: () => images.current(),
      save: images.save.bind(images),
      // Asked for when everything but the records has been stored.
      load: async () => {
        await volumes.create({ name: 'data', sizeMiB: 1 });
        return [];
      },
    };
    const { images: others, content } = await openImages();
    await pullImage(content, await makeImage([await makeLayer({ note: 'hello' })]), 'tool:1');
    const whole = await write({ lab: (await bring(file)).lab, images: others });
    const archives = await lab.archives(meanwhile);
    const contents = await archives.read(opener(whole));
    await expect(archives.open(opener(whole), contents)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('there is a volume "data"'),
    });
    expect(await storage.records.list('instances')).toEqual([]);
    expect((await volumes.list()).map(({ name }) => name)).toEqual(['data']);
    expect(await storage.disks.list()).toHaveLength(1);
  });

  it('gives its machines no folder that is there already', async () => {
    const { images } = await openImages();
    const { lab } = await openTestLab(undefined, undefined, { shares: openShares() });
    await lab.create({ ...withFolder, name: 'reader' });
    // One that says nothing of the folder that its machine has.
    const file = await rewritten(await write({ lab, images }), () => ({ folders: [] }));
    const shares = openShares();
    const here = await openTestLab(undefined, undefined, { shares });
    await writeToFolder(here.lab, 'work', '/secret', 'of the user');
    await expect(bring(file, { storage: here.storage, options: { shares } })).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('there is a folder "work"'),
    });
    expect(await here.storage.records.list('instances')).toEqual([]);
    expect(await readFromFolder(here.lab, 'work', '/secret')).toBe('of the user');
    // In an empty browser the machine has an empty folder of its own from the beginning.
    const empty = await bring(file, { options: { shares: openShares() } });
    expect(await (await empty.lab.folders()).list()).toMatchObject([{ name: 'work', files: 0 }]);
  });

  it('has the place of a folder that holds no file, though somebody has it open, and gives it back when it fails', async () => {
    const { images } = await openImages();
    const { lab } = await openTestLab(undefined, undefined, { shares: openShares() });
    await writeToFolder(lab, 'work', '/note', 'of the archive');
    const file = await write({ lab, images });
    const shares = openShares();
    const here = await openTestLab(undefined, undefined, { shares });
    const folders = await here.lab.folders();
    await folders.create('work', { quotaBytes: 4096 });
    const mine = await folders.open('work');
    await mine.makeDirectory('/private/deep');
    const bad = await rewritten(file, ({ folders: all }) => ({
      folders: all.map((each) => ({ ...each, quotaBytes: roomForNone })),
    }));
    await expect(bring(bad, { storage: here.storage, options: { shares } })).rejects.toMatchObject({
      code: 'ResourceExhausted',
    });
    expect(await mine.list('/')).toEqual([]);
    expect(await folders.list()).toMatchObject([{ name: 'work', quotaBytes: 4096 }]);
    const { lab: again } = await bring(file, { storage: here.storage, options: { shares } });
    expect(await readFromFolder(again, 'work', '/note')).toBe('of the archive');
    expect((await mine.list('/')).map(({ name }) => name)).toEqual(['note']);
    mine.dispose();
  });

  it('leaves a folder that it had the place of when it fails, though nobody has it open', async () => {
    const { images } = await openImages();
    const { lab } = await openTestLab(undefined, undefined, { shares: openShares() });
    await writeToFolder(lab, 'work', '/note', 'of the archive');
    const bad = await rewritten(await write({ lab, images }), ({ folders: all }) => ({
      folders: all.map((each) => ({ ...each, quotaBytes: roomForNone })),
    }));
    const shares = openShares();
    const here = await openTestLab(undefined, undefined, { shares });
    await (await here.lab.folders()).create('work', { quotaBytes: 4096 });
    await expect(bring(bad, { storage: here.storage, options: { shares } })).rejects.toMatchObject({
      code: 'ResourceExhausted',
    });
    expect(await (await here.lab.folders()).list()).toMatchObject([{ name: 'work', quotaBytes: 4096, files: 0 }]);
  });

  it('is refused when somebody fills a folder of that name while it is being opened, and leaves it as it is', async () => {
    const { images } = await openImages();
    const { lab } = await openTestLab(undefined, undefined, { shares: openShares() });
    await writeToFolder(lab, 'work', '/note', 'of the archive');
    const file = await write({ lab, images });
    const here = await openTestLab(undefined, undefined, { shares: openShares() });
    await (await here.lab.folders()).create('work');
    const archives = await here.lab.archives(images);
    const contents = await archives.read(opener(file));
    // Asked for its first bytes when it is settled that nothing is in the way.
    async function* meanwhile(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      await writeToFolder(here.lab, 'work', '/mine', 'of the user');
      yield file;
    }
    await expect(archives.open(() => streamOf(meanwhile()), contents)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('there is a folder "work"'),
    });
    expect(await readFromFolder(here.lab, 'work', '/mine')).toBe('of the user');
    expect(await readFromFolder(here.lab, 'work', '/note')).toBeUndefined();
  });

  it('is in the way of machines that a snapshot here has with a folder of that name, though it is empty', async () => {
    const { images } = await openImages();
    const { lab } = await openTestLab(undefined, undefined, { shares: openShares() });
    await writeToFolder(lab, 'work', '/note', 'of the archive');
    const file = await write({ lab, images });
    const here = await openTestLab(undefined, undefined, { shares: openShares() });
    const { id } = await here.lab.create({ ...withFolder, name: 'reader' });
    await here.lab.start(id).finished;
    await here.lab.snapshot(id, { name: 'reading' }).finished;
    await here.lab.discard(id);
    const archives = await here.lab.archives(images);
    const contents = await archives.read(opener(file));
    expect(await archives.conflict(contents)).toEqual({
      message: expect.stringContaining('there is a snapshot "reading"'),
      isSolvedByNewLab: false,
    });
    await here.lab.deleteSnapshot(here.lab.snapshots()[0]?.id ?? '');
    expect(await archives.conflict(contents)).toBeUndefined();
    // One that goes with its machine is no snapshot of the user's.
    const { id: saved } = await here.lab.create({ ...withFolder, name: 'reader' });
    await here.lab.start(saved).finished;
    await here.lab.saveForReload();
    expect(await here.storage.records.list('snapshots')).toHaveLength(1);
    expect(await archives.conflict(contents)).toMatchObject({ isSolvedByNewLab: true });
  });

  it('has no lab emptied for nothing: what stays in a new lab is told first', async () => {
    const file = await makeFile();
    const { images } = await openImages();
    const { lab } = await openTestLab();
    await lab.create({ ...vm, name: 'mine' });
    const volumes = await lab.volumes();
    const { id } = await volumes.create({ name: 'data', sizeMiB: 1 });
    const archives = await lab.archives(images);
    const contents = await archives.read(opener(file));
    const volume = expect.stringContaining('there is a volume "data"');
    expect(await archives.conflict(contents)).toEqual({ message: volume, isSolvedByNewLab: false });
    await volumes.delete(id);
    expect(await archives.conflict(contents)).toEqual({ message: 'begin a new lab first', isSolvedByNewLab: true });
  });

  it('has no use of what the default network was allowed to ask', async () => {
    const file = await makeFile();
    const here = await openTestLab();
    await here.lab.setEgress('default', { hosts: ['example.com'] });
    await here.lab.setEngineApi('default', true);
    const { lab } = await bring(file, { storage: here.storage });
    expect(lab.networks()).toEqual([{ name: 'default', subnet: '10.0.0.0/16', mtu: 1500 }]);
  });

  it('says which names of images go to those of the file', async () => {
    const { lab } = await openTestLab();
    const { images, content } = await openImages();
    await pullImage(content, await makeImage([await makeLayer({ note: 'theirs' })]), 'tool:1');
    await pullImage(content, await makeImage([await makeLayer({ note: 'same' })]), 'same:1');
    const file = await write({ lab, images });
    const here = await openImages();
    await pullImage(here.content, await makeImage([await makeLayer({ note: 'mine' })]), 'tool:1');
    await pullImage(here.content, await makeImage([await makeLayer({ note: 'same' })]), 'same:1');
    const archives = await (await openTestLab()).lab.archives(here.images);
    const contents = await archives.read(opener(file));
    expect(contents.replaced).toEqual(['tool:1']);
    await archives.open(opener(file), contents);
    expect(await here.images.readTexts('tool:1', ['/note'])).toEqual({ '/note': 'theirs' });
  });
});

describe('an archive from elsewhere', () => {
  const instance = (value: object): ArchivedRecord => ({
    collection: 'instances',
    key: 'x',
    value: { id: 'x', createdAt: 0, disks: [], spec: { ...vm, name: 'x' }, ...value },
  });
  it.each<[string, ArchivedRecord]>([
    ['an instance of no kind', instance({ spec: { kind: 'zzz', name: 'x', image: 'x', disks: [] } })],
    ['an instance without a spec', instance({ spec: null })],
    ['disks that are no list', instance({ disks: 5 })],
    ['more disks than its spec', instance({ disks: ['a'] })],
    ['disks of a spec that are none', instance({ spec: { ...vm, name: 'x', disks: [null] } })],
    ['a name that is none', instance({ spec: { ...vm, name: '../x' } })],
    ['another key', instance({ id: 'y' })],
    ['nothing', instance({ id: 5 })],
    ['a template', { collection: 'disks', key: 'template/x', value: { kind: 'template', id: 'x' } }],
    ['a volume without states', { collection: 'disks', key: 'volume/x', value: { kind: 'volume', id: 'x' } }],
    ['a network of no subnet', { collection: 'networks', key: 'x', value: { name: 'x', subnet: 'x', mtu: 1500 } }],
    [
      'another default network',
      { collection: 'networks', key: 'default', value: { name: 'default', subnet: '10.7.0.0/16', mtu: 1500 } },
    ],
    [
      'an address that is none',
      {
        collection: 'reservations',
        key: 'x/0',
        value: { instance: 'x', nic: 0, network: 'default', mac: '02:5e:00:00:00:01', address: 'x' },
      },
    ],
    ['a snapshot of nothing', { collection: 'snapshots', key: 'x', value: { id: 'x', spec: {}, layers: 5 } }],
    ['a container without an image', { collection: 'containers', key: 'x', value: { id: 'x', image: null } }],
    ['text', { collection: 'containerLogs', key: 'x', value: 'x' }],
  ])('with a record that is no such thing opens without it: %s', async (_, bad) => {
    const file = await rewritten(await makeFile(), ({ records }) => ({ records: [...records, bad] }));
    const { lab, losses } = await bring(file);
    expect(losses).toEqual([{ kind: 'unreadable', name: `${bad.collection}/${bad.key}` }]);
    expect(lab.list().map(({ name }) => name)).toEqual(['runs', 'has-volume']);
    expect(lab.networks().map(({ name }) => name)).toEqual(['default']);
  });

  it('has no machine with a volume that did not come along', async () => {
    const without = ({ records }: { readonly records: readonly ArchivedRecord[] }) => ({
      records: records.filter(({ value }) => (value as Partial<VolumeRecord>).name !== 'attached'),
    });
    const { lab, losses } = await bring(await rewritten(await makeFile(), without));
    expect(losses).toEqual([{ kind: 'machine', name: 'has-volume' }]);
    expect(lab.list().map(({ name }) => name)).toEqual(['runs']);
    // Nobody has the address that was put aside for it.
    expect(lab.list().flatMap(({ nics }) => nics)).toHaveLength(1);
  });

  it('has no machine on a network that did not come along', async () => {
    const { lab, images } = await makeLab();
    await lab.createNetwork({ name: 'back', subnet: '10.9.0.0/24', mtu: 1500 });
    await lab.create({ ...vm, name: 'behind', nics: [{ network: 'back' }] });
    const file = await rewritten(
      await write({ lab, images }),
      changed<object>('networks', (value) => ({ ...value, mtu: 1 })),
    );
    const { lab: again, losses } = await bring(file);
    expect(losses).toEqual([
      { kind: 'unreadable', name: 'networks/back' },
      { kind: 'machine', name: 'behind' },
    ]);
    expect(again.list().map(({ name }) => name)).toEqual(['runs', 'has-volume']);
    expect(again.list().flatMap(({ nics }) => nics.map(({ network }) => network))).toEqual(['default', 'default']);
  });

  it('keeps neither memory nor addresses of a machine whose record cannot be read', async () => {
    const file = await rewritten(
      await makeFile(),
      changed<StoredInstance>('instances', (value) => (value.spec.name === 'runs' ? { ...value, disks: 5 } : value)),
    );
    const { lab, storage } = await bring(file);
    expect(lab.list().map(({ name }) => name)).toEqual(['has-volume']);
    expect(lab.snapshots()).toEqual([]);
    expect(await storage.records.list('reservations')).toHaveLength(1);
  });

  it('whose memory unpacks to more than its machine has is refused, and nothing is left', async () => {
    const bomb = await gzip(
      (async function* () {
        for (let part = 0; part < 130; part += 1) yield new Uint8Array(1024 * 1024);
      })(),
    );
    const digest = await digestOf(bomb);
    const small = changed<SnapshotRecord>('snapshots', (value) => ({
      ...value,
      config: { ...value.config, machine: { ...value.config.machine, memoryMiB: 1 } },
    }));
    const file = await rewritten(
      await makeFile(),
      (document) => ({
        ...small(document),
        memory: Object.fromEntries(Object.keys(document.memory).map((plain) => [plain, digest])),
      }),
      [bomb],
    );
    const here = await openTestLab();
    await expect(bring(file, { storage: here.storage })).rejects.toMatchObject({
      code: 'ResourceExhausted',
      message: expect.stringContaining(digest),
    });
    expect(await here.storage.records.list('instances')).toEqual([]);
    expect(await here.storage.disks.list()).toEqual([]);
  });

  it('whose folder unpacks to more than its quota is refused, and no folder is left', async () => {
    const { images } = await openImages();
    const { lab } = await openTestLab(undefined, undefined, { shares: openShares() });
    await writeToFolder(lab, 'work', '/large', 'x'.repeat(100_000));
    const file = await rewritten(await write({ lab, images }), ({ folders }) => ({
      folders: folders.map((each) => ({ ...each, quotaBytes: 50_000 })),
    }));
    const options = { shares: openShares() };
    await expect(bring(file, { options })).rejects.toMatchObject({ code: 'ResourceExhausted' });
    expect(await options.shares.folders.list('lab')).toEqual([]);
  });
});
