import { afterEach, describe, expect, it } from 'vitest';
import { bootDisk } from '../../../test/support/boot-disks';
import { SandboxError } from '../../base/errors';
import type { StoredContainer, StoredVolume } from '../containers/container-records';
import { logLabel, type StoredLog } from '../containers/log-store';
import { openTestLab, readFromDisk, type TestLabOptions, writeToDisk } from '../lab-fixture';
import type { ArtifactLoader } from '../store-client';
import { UnikernelLibrary } from '../unikernel-library';
import {
  bring,
  closeStores,
  openImages,
  openShares,
  readFromFolder,
  write,
  writeToFolder,
} from './lab-archive-fixture';

const vm = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;

/** A registry with nothing in it. */
const nothing: ArtifactLoader = {
  resolve: (reference) => Promise.reject(new SandboxError('NotFound', `No such artifact: ${reference}`)),
  load: () => Promise.reject(new SandboxError('NotFound', 'No such artifact')),
};
const unikernels: TestLabOptions = { library: ({ blobs }) => new UnikernelLibrary(nothing, blobs) };

const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;
const textOf = (bytes: ArrayBuffer | undefined): string => new TextDecoder().decode(bytes);

afterEach(closeStores);

describe('an archive has', () => {
  it('shared folders with their files and quotas, and the machines that have them', async () => {
    const { images } = await openImages();
    const { lab } = await openTestLab(undefined, undefined, { shares: openShares() });
    await lab.create({ ...vm, name: 'reader', shares: [{ tag: 'work', folder: 'work' }] });
    await writeToFolder(lab, 'work', '/note', 'of work');
    const folders = await lab.folders();
    // Two that are the same, bytes and all.
    for (const name of ['empty', 'void']) await folders.create(name, { quotaBytes: 5_000_000 });
    await folders.create('twin');
    await writeToFolder(lab, 'twin', '/note', 'of work');
    const { lab: again, losses } = await bring(await write({ lab, images }), { options: { shares: openShares() } });
    expect(losses).toEqual([]);
    expect(await (await again.folders()).list()).toMatchObject([
      { name: 'empty', quotaBytes: 5_000_000, files: 0 },
      { name: 'twin', files: 1 },
      { name: 'void', quotaBytes: 5_000_000, files: 0 },
      { name: 'work', files: 1 },
    ]);
    expect(await readFromFolder(again, 'work', '/note')).toBe('of work');
    expect(await readFromFolder(again, 'twin', '/note')).toBe('of work');
    expect(again.list()).toMatchObject([{ name: 'reader', spec: { shares: [{ tag: 'work', folder: 'work' }] } }]);
  });

  it('modules and files that a user brought, and unikernels and apps of them', async () => {
    const { images } = await openImages();
    const { lab } = await openTestLab(undefined, undefined, unikernels);
    const { image } = await lab.bringUnikernel('server.wasm', bytesOf('a module'));
    await lab.create({ kind: 'unikernel', image, args: [], config: {}, memoryMiB: 4, addressing: 'static' });
    const program = (await lab.bringAppFile('program', bytesOf('a program'))).digest;
    const input = await lab.bringAppFile('data/input.txt', bytesOf('an input'));
    await lab.create({
      kind: 'app',
      image: `local/tool@${program}`,
      args: [],
      env: [],
      files: [input],
      memoryMiB: 4,
      nics: [],
    });
    const { storage, lab: again, losses } = await bring(await write({ lab, images }), { options: unikernels });
    expect(losses).toEqual([]);
    expect(again.list().map(({ spec }) => [spec.kind, spec.name])).toEqual([
      ['unikernel', 'server-1'],
      ['app', 'tool-1'],
    ]);
    // They outlive the sweep of what nobody uses, which every beginning of a lab has.
    const library = new UnikernelLibrary(nothing, storage.blobs);
    expect(textOf((await library.load(image, 'module')).bytes)).toBe('a module');
    const files = await storage.blobs.read([program, input.digest]);
    expect(files.map(textOf)).toEqual(['a program', 'an input']);
  });

  it('files that machines started from, on which several stand', async () => {
    const { images } = await openImages();
    const { lab, storage } = await openTestLab();
    const content = new Blob([bootDisk(2)]);
    const draft = { ...vm, devices: 'emulated', firmware: { boot: ['disk'] } } as const;
    for (const name of ['one', 'two']) {
      const disks = [{ drive: 'disk', sizeMiB: 1 }] as const;
      await lab.launchMachine({ ...draft, name, disks }, [{ name: 'some.img', content }]).finished;
    }
    const [one, two] = lab.list();
    const diskOf = async (records: typeof storage.records, id = '') =>
      (await records.list('instances')).flatMap(({ key, value }) =>
        key === id ? (value as { readonly disks: readonly string[] }).disks : [],
      )[0] ?? '';
    await writeToDisk(storage, await diskOf(storage.records, one?.id), 'changed by one');
    await lab.kill(one?.id ?? '').finished;
    const before = await readFromDisk(storage, await diskOf(storage.records, two?.id));
    const { lab: again, storage: there, losses } = await bring(await write({ lab, images }));
    expect(losses).toEqual([]);
    expect(await readFromDisk(there, await diskOf(there.records, one?.id))).toBe('changed by one');
    expect(await readFromDisk(there, await diskOf(there.records, two?.id))).toBe(before);
    const [source] = again.list().flatMap(({ spec }) => (spec.disks ?? []).flatMap((disk) => disk.source ?? []));
    if (!source) throw new Error('No disk tells the file that it began as');
    expect(again.hasDiskFile(source)).toBe(true);
    // Another machine of the same file, which is not brought again.
    const disks = [{ drive: 'disk', sizeMiB: 2, source }] as const;
    await again.launchMachine({ ...draft, name: 'three', disks }, [undefined]).finished;
    expect(again.list().map(({ name }) => name)).toContain('three');
  });

  it('containers with their logs, volumes and networks, each of these once', async () => {
    const { images } = await openImages();
    const { lab, storage } = await openTestLab();
    const { digest } = await storage.blobs.put(bytesOf('a piece of a log'), logLabel);
    const id = 'c'.repeat(64);
    const container: StoredContainer = {
      id,
      name: 'web',
      createdAt: 1,
      image: { digest: `sha256:${'a'.repeat(64)}`, name: 'busybox', layers: [] },
      config: {},
      host: { RestartPolicy: { Name: 'no' } },
      mounts: [{ kind: 'volume', volume: 'data', target: '/data', readOnly: false, seed: true, anonymous: false }],
      endpoints: [{ network: 'bridge', aliases: [], settings: {} }],
      state: { status: 'exited', exitCode: 3, error: '', oomKilled: false, pid: 0, stopped: false, restarts: 0 },
    } as unknown as StoredContainer;
    const log: StoredLog = { container: id, pieces: [{ digest, bytes: 1, entries: 1, lastTime: 1 }], tail: '' };
    const bridge = (key: string) => ({
      collection: 'containerNetworks' as const,
      key,
      value: {
        id: key,
        name: 'bridge',
        lab: 'default',
        createdAt: 1,
        labels: {},
        options: {},
        internal: false,
        attachable: false,
      },
    });
    const volume = { name: 'data', createdAt: 1, labels: {}, options: {}, anonymous: false };
    const records = [
      { collection: 'containers', key: id, value: container },
      { collection: 'containers', key: 'left-d', value: { left: true, id: 'd', host: 'host-1' } },
      { collection: 'containerLogs', key: id, value: log },
      { collection: 'containerVolumes', key: 'data', value: volume },
      bridge('theirs'),
    ] as const;
    await storage.records.apply(records);
    const file = await write({ lab, images });
    const here = await openTestLab();
    // The engine was there before, with what every engine has.
    await here.storage.records.apply([bridge('mine')]);
    const { storage: there, losses } = await bring(file, { storage: here.storage });
    expect(losses).toEqual([]);
    for (const { collection, key, value } of records) {
      expect(await there.records.list(collection)).toContainEqual({ key, value });
    }
    expect(await there.records.list('containerNetworks')).toHaveLength(1);
    expect((await there.blobs.read([digest])).map(textOf)).toEqual(['a piece of a log']);
  });

  it('volumes of unikernels with their disks, also when nobody has the disk any more', async () => {
    const { images } = await openImages();
    const { lab, storage } = await openTestLab();
    const { id, disk } = await (await lab.volumes()).create({ name: 'books', sizeMiB: 1 });
    await writeToDisk(storage, disk, 'of books');
    const volume = (name: string, of: string) => ({
      collection: 'containerVolumes' as const,
      key: name,
      value: { name, createdAt: 1, labels: {}, options: {}, anonymous: false, disk: of },
    });
    // An id that is somebody's in the other browser.
    await storage.records.apply([volume('books', id), volume('lost', 'mine')]);
    const { lab: again, storage: there, losses } = await bring(await write({ lab, images }));
    expect(losses).toEqual([]);
    const [found] = await (await again.volumes()).list();
    expect(await readFromDisk(there, found?.disk ?? '')).toBe('of books');
    const values = (await there.records.list('containerVolumes')).map(({ value }) => value as StoredVolume);
    expect(values.map(({ name, disk: has }) => [name, has])).toEqual([
      ['books', found?.id],
      ['lost', undefined],
    ]);
  });

  it('of a log what is there still when that is packed', async () => {
    const { images } = await openImages();
    const { lab, storage } = await openTestLab();
    const container = 'c'.repeat(64);
    const pieces = await Promise.all(
      ['given up', 'kept'].map(async (text) => {
        const { digest } = await storage.blobs.put(bytesOf(text), logLabel);
        return { digest, bytes: 1, entries: 1, lastTime: 1 };
      }),
    );
    await storage.records.apply([
      { collection: 'containerLogs', key: container, value: { container, pieces, tail: '' } },
    ]);
    await storage.blobs.delete(pieces[0]?.digest ?? 'sha256:');
    const { contents } = await bring(await write({ lab, images }));
    expect(contents.scanned.sound.has(pieces[0]?.digest ?? 'sha256:')).toBe(false);
    expect(contents.scanned.sound.has(pieces[1]?.digest ?? 'sha256:')).toBe(true);
  });
});
