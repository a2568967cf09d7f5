import { unpackTar } from 'modern-tar';
import { afterEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../api/content-store';
import { digestHex } from '../../formats/digest';
import { labTypes } from '../../formats/lab-document';
import { annotations } from '../../formats/oci';
import { makeImage, makeLayer, pullImage } from '../../storage/images/image-fixture';
import { createTestStorage, openTestLab, readFromDisk, writeToDisk } from '../lab-fixture';
import { opener } from '../snapshot-archive-fixture';
import { blobsOf, bring, closeStores, cover, damage, diskOf, openImages, write } from './lab-archive-fixture';

const vm = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;

afterEach(closeStores);

/** A lab that runs one machine with a disk, has another that is off, a volume with two states, and an image. */
async function makeLab() {
  const { images, content } = await openImages();
  const { lab, storage, driver } = await openTestLab();
  await lab.createNetwork({ name: 'back', subnet: '10.9.0.0/24', mtu: 1500, egress: { hosts: ['example.com'] } });
  const web = await lab.create({ ...vm, name: 'web', nics: [{ network: 'back' }], disks: [{ sizeMiB: 1 }] });
  await lab.start(web.id).finished;
  const off = await lab.create({ ...vm, name: 'off', disks: [{ sizeMiB: 1 }] });
  await writeToDisk(storage, await diskOf(storage, 'web'), 'of web');
  await writeToDisk(storage, await diskOf(storage, 'off'), 'of off');
  await lab.snapshot(web.id, { name: 'kept' }).finished;
  await writeToDisk(storage, await diskOf(storage, 'web'), 'of web, later');
  driver.at(0).memory = 'what web does';
  const volumes = await lab.volumes();
  const { id: data, disk } = await volumes.create({ name: 'data', sizeMiB: 1 });
  await writeToDisk(storage, disk, 'before');
  await volumes.snapshot(data, 'early');
  await writeToDisk(storage, disk, 'after');
  await pullImage(content, await makeImage([await makeLayer({ note: 'hello' })]), 'tool:1');
  return { lab, storage, images, web, off, driver };
}

describe('a lab that was saved whole', () => {
  it('goes on in another browser: machines, memory, disks, volumes with their states, networks and images', async () => {
    const made = await makeLab();
    const { lab, storage, images, driver, losses } = await bring(await write(made));
    expect(losses).toEqual([]);
    const shown = (each: typeof made.lab) => each.list().map(({ id, name, nics }) => ({ id, name, nics }));
    expect(shown(lab)).toEqual(shown(made.lab));
    expect(lab.list().map(({ state }) => state.phase)).toEqual(['running', 'created']);
    expect(new TextDecoder().decode(driver.at(0).restored?.layers.at(-1)?.bytes)).toContain('what web does');
    expect(await readFromDisk(storage, await diskOf(storage, 'off'))).toBe('of off');
    await lab.kill(made.web.id).finished;
    expect(await readFromDisk(storage, await diskOf(storage, 'web'))).toBe('of web, later');
    const [kept] = lab.snapshots();
    await lab.restoreSnapshot(made.web.id, kept?.id ?? '').finished;
    await lab.kill(made.web.id).finished;
    expect(await readFromDisk(storage, await diskOf(storage, 'web'))).toBe('of web');
    const volumes = await lab.volumes();
    const [data] = await volumes.list();
    expect(data).toMatchObject({ name: 'data', snapshots: [{ name: 'early' }] });
    expect(await readFromDisk(storage, data?.disk ?? '')).toBe('after');
    await volumes.revert(data?.id ?? '', data?.snapshots[0]?.generation ?? 0);
    expect(await readFromDisk(storage, data?.disk ?? '')).toBe('before');
    expect(await images.readTexts('tool:1', ['/note'])).toEqual({ '/note': 'hello' });
  });

  it('leaves the lab that it was saved from as it was, and keeps no copies in it', async () => {
    const made = await makeLab();
    const generations = async () => (await made.storage.disks.list()).map(({ generations: kept }) => kept.length);
    await made.lab.saveForReload();
    const before = await generations();
    await write(made);
    expect(await generations()).toEqual(before);
    expect(await readFromDisk(made.storage, await diskOf(made.storage, 'off'))).toBe('of off');
  });

  it('is as it was when its saving began, though what runs is saved anew while it is packed', async () => {
    const made = await makeLab();
    const { disks } = made.storage;
    const generations = async () => (await disks.list()).map(({ generations: kept }) => kept.length);
    await made.lab.saveForReload();
    const before = await generations();
    const layer = made.lab
      .snapshots()
      .find(({ automatic }) => automatic)
      ?.layers.at(-1) as Digest;
    const fork = disks.fork.bind(disks);
    // The first that is asked for is packed when the page has been hidden and is there again.
    disks.fork = async (generation) => {
      disks.fork = fork;
      made.driver.at(0).memory = 'what web does later';
      await writeToDisk(made.storage, await diskOf(made.storage, 'web'), 'of web, still later');
      await made.lab.saveForReload();
      return fork(generation);
    };
    const { lab, storage, driver, losses } = await bring(await write(made));
    expect(losses).toEqual([]);
    const restored = new TextDecoder().decode(driver.at(0).restored?.layers.at(-1)?.bytes);
    expect(restored).toContain('what web does');
    expect(restored).not.toContain('later');
    await lab.kill(made.web.id).finished;
    expect(await readFromDisk(storage, await diskOf(storage, 'web'))).toBe('of web, later');
    // What was put off has been freed by now.
    await expect.poll(generations).toEqual(before);
    await expect.poll(() => made.storage.blobs.missing([layer])).toEqual([layer]);
  });

  it('lets nobody ask outside because a file says so', async () => {
    const { lab } = await bring(await write(await makeLab()));
    expect(lab.networks().find(({ name }) => name === 'back')).toEqual({
      name: 'back',
      subnet: '10.9.0.0/24',
      mtu: 1500,
    });
  });

  it('has the scenario as a text, and disks as tars of files with holes', async () => {
    const file = await write(await makeLab());
    const entries = await unpackTar(file);
    const text = entries.find(({ header }) => header.name === 'scenario.yaml');
    expect(new TextDecoder().decode(text?.data)).toBe(cover.scenario);
    const { layers, index } = await blobsOf(file);
    expect(layers.filter(({ mediaType }) => mediaType === labTypes.disk).length).toBeGreaterThanOrEqual(4);
    expect(index.manifests.map(({ annotations: found }) => found?.[annotations.imageName])).toContain(
      'docker.io/library/tool:1',
    );
  });

  it('opens without what is damaged, and names it', async () => {
    const made = await makeLab();
    const file = await write(made);
    const { layers } = await blobsOf(file);
    const memory = layers.filter(({ mediaType }) => mediaType === labTypes.memory).at(-1);
    const { lab, storage, driver, losses } = await bring(damage(file, memory?.digest as Digest));
    expect(losses).toEqual([{ kind: 'memory', name: 'web' }]);
    // It is there with its disk, and starts anew.
    const phases = () => lab.list().map(({ name, state }) => [name, state.phase]);
    await expect.poll(phases).toEqual([
      ['web', 'running'],
      ['off', 'created'],
    ]);
    expect(driver.at(0).restored).toBeUndefined();
    expect(await readFromDisk(storage, await diskOf(storage, 'web'))).toBe('of web, later');
  });

  it('that was cut off has what came before the cut', async () => {
    const made = await makeLab();
    const file = await write(made);
    const { index, layers } = await blobsOf(file);
    const image = index.manifests.find(({ artifactType }) => artifactType === undefined);
    const at = new TextDecoder('latin1').decode(file).indexOf(`blobs/sha256/${digestHex(image?.digest as Digest)}`);
    const { lab, losses } = await bring(file.slice(0, at + 600));
    expect(losses).toEqual([{ kind: 'image', name: 'docker.io/library/tool:1' }]);
    expect(lab.list().map(({ name }) => name)).toEqual(['web', 'off']);
    expect(layers.length).toBeGreaterThan(0);
  });

  it('whose own record is damaged is refused, and one that is no lab as well', async () => {
    const file = await write(await makeLab());
    const { index } = await blobsOf(file);
    const lab = index.manifests.find(({ artifactType }) => artifactType === labTypes.lab);
    await expect(bring(damage(file, lab?.digest as Digest))).rejects.toMatchObject({ code: 'DataLoss' });
    await expect(bring(new TextEncoder().encode('strata: 1'))).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('is refused beside what is there', async () => {
    const file = opener(await write(await makeLab()));
    const { images } = await openImages();
    const { lab } = await openTestLab();
    await lab.create({ ...vm, name: 'mine' });
    const archives = await lab.archives(images);
    await expect(archives.open(file, await archives.read(file))).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: 'The lab cannot be opened beside what is here: begin a new lab first',
    });
  });

  it('that is not opened to its end leaves nothing', async () => {
    const file = await write(await makeLab());
    const storage = await createTestStorage();
    const { images } = await openImages();
    const { lab } = await openTestLab(storage);
    const archives = await lab.archives(images);
    const contents = await archives.read(opener(file));
    const stopping = new AbortController();
    let asked = 0;
    const onProgress = (): void => {
      asked += 1;
      if (asked === 3) stopping.abort();
    };
    const { signal } = stopping;
    await expect(archives.open(opener(file), contents, { signal, onProgress })).rejects.toMatchObject({
      code: 'Canceled',
    });
    expect(await storage.records.list('instances')).toEqual([]);
    expect(await storage.disks.list()).toEqual([]);
  });
});
