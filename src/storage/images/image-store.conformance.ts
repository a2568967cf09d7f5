import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../api/content-store';
import { FakeClock } from '../../base/fake-clock';
import { mediaTypes } from '../../formats/oci';
import { documentLimit } from '../../formats/oci-parse';
import type { OpenedStore } from '../open-content-store';
import {
  collectBytes,
  encode,
  makeBlob,
  makeImage,
  makeIndex,
  makeLayer,
  pieces,
  pullImage,
  putImage,
  type TestImage,
  type TestLayer,
} from './image-fixture';
import { leaseLifeMs } from './image-leases';
import { ImageLibrary } from './image-library';
import type { ImageStore } from './image-store';

export interface ImageStoreFixture {
  readonly opened: OpenedStore;
  /** The same store as another thread opens it. */
  reopen(): Promise<OpenedStore>;
  dispose(): Promise<void>;
}

const amd64 = { os: 'linux', architecture: 'amd64' };
const i386 = { os: 'linux', architecture: '386' };
const unknownDigest: Digest = `sha256:${'0'.repeat(64)}`;

/** What a store of images does. Run over each store of content. */
export function describeImageStore(name: string, open: (clock: FakeClock) => Promise<ImageStoreFixture>): void {
  describe(`image store over ${name}`, () => {
    let fixture: ImageStoreFixture;
    let clock: FakeClock;
    let images: ImageStore;
    let library: ImageLibrary;
    let base: TestLayer;
    let top: TestLayer;
    let image: TestImage;
    beforeEach(async () => {
      clock = new FakeClock();
      fixture = await open(clock);
      images = fixture.opened.images;
      library = new ImageLibrary(images, fixture.opened.store);
      base = await makeLayer({ 'bin/sh': 'shell', 'etc/passwd': 'root' });
      top = await makeLayer({ 'srv/index.html': 'hello' }, 'none');
      image = await makeImage([base, top]);
    });
    afterEach(() => fixture.dispose());

    const storedBlobs = async (): Promise<number> => (await fixture.opened.store.list()).length;

    it('gives back every blob bit for bit, whatever the order it came in', async () => {
      const lease = await images.lease();
      for (const { descriptor, bytes } of [...image.blobs].reverse()) {
        expect(await images.has(descriptor)).toBe(false);
        await images.put(descriptor, pieces(bytes), lease);
        expect(await images.has(descriptor)).toBe(true);
      }
      await images.tag('web', image.root);
      await lease.release();
      for (const { descriptor, bytes } of image.blobs) {
        expect(await images.read(descriptor.digest)).toEqual(bytes);
        expect(await collectBytes(images.open(descriptor.digest))).toEqual(bytes);
        expect(await images.info(descriptor.digest)).toMatchObject({ size: bytes.length });
      }
      const index = await images.layer(base.diffId);
      expect(index.nodes[0]?.children?.has('bin')).toBe(true);
      expect(await fixture.opened.store.has(base.diffId)).toBe(true);
    });

    it('takes a blob that is there without reading it again', async () => {
      await pullImage(images, image, 'web');
      const lease = await images.lease();
      const unread = (async function* (): AsyncGenerator<Uint8Array> {
        yield await Promise.reject(new Error('It was read'));
      })();
      await images.put(base.descriptor, unread, lease);
      await lease.release();
    });

    it('resolves a name, a digest, the digest of a config and the beginning of an id', async () => {
      await pullImage(images, image, 'docker.io/library/web:1');
      const { digest } = image.root;
      const hex = digest.slice('sha256:'.length);
      const config = image.blobs[0]?.descriptor.digest ?? '';
      for (const reference of [
        'web:1',
        'library/web:1',
        `web@${digest}`,
        `web:1@${digest}`,
        digest,
        hex,
        hex.slice(0, 12),
        config,
      ]) {
        expect(await images.resolve(reference), reference).toMatchObject({ digest, mediaType: mediaTypes.manifest });
      }
      await expect(images.resolve('web')).rejects.toMatchObject({
        code: 'NotFound',
        message: 'No such image: web:latest',
      });
      await expect(images.resolve(unknownDigest)).rejects.toMatchObject({ code: 'NotFound' });
      await expect(images.resolve('Web')).rejects.toMatchObject({ code: 'InvalidArgument' });
    });

    it('names nothing that is not whole', async () => {
      const lease = await images.lease();
      const [config, first, second, manifest] = image.blobs;
      for (const blob of [manifest, config, first])
        if (blob) await images.put(blob.descriptor, pieces(blob.bytes), lease);
      const missing = { code: 'FailedPrecondition', message: expect.stringContaining(second?.descriptor.digest ?? '') };
      await expect(images.tag('web', image.root)).rejects.toMatchObject(missing);
      expect(await library.list()).toEqual([]);
      await images.put(top.descriptor, pieces(top.bytes), lease);
      await images.tag('web', image.root);
      await lease.release();
      const nothing = { ...image.root, digest: unknownDigest };
      await expect(images.tag('web', nothing)).rejects.toMatchObject({ code: 'FailedPrecondition' });
      expect((await images.resolve('web')).digest).toBe(image.root.digest);
    });

    it('names an index once one of its platforms is whole, and says which others it has', async () => {
      const other = await makeImage([top], { platform: amd64 });
      const index = await makeIndex([
        { image: other, platform: amd64 },
        { image, platform: i386 },
      ]);
      const lease = await images.lease();
      const root = index.blobs.at(-1);
      if (root) await images.put(root.descriptor, pieces(root.bytes), lease);
      await expect(images.tag('web', index.root)).rejects.toMatchObject({ code: 'FailedPrecondition' });
      await putImage(images, image, lease);
      await images.tag('web', index.root);
      expect(await library.select('web')).toMatchObject({ id: index.root.digest, manifest: image.root.digest });
      await expect(library.select('web', amd64)).rejects.toMatchObject({
        code: 'FailedPrecondition',
        message: expect.stringContaining('linux/amd64'),
      });
      await expect(library.select('web', { os: 'windows', architecture: 'arm' })).rejects.toMatchObject({
        code: 'FailedPrecondition',
        message:
          'No image for windows/arm in web: it is for linux/386, linux/amd64; choose an image built for windows/arm',
      });
      await putImage(images, other, lease);
      await images.tag('web', index.root);
      await lease.release();
      expect(await library.select('web', amd64)).toMatchObject({ manifest: other.root.digest });
      expect(await library.select('web')).toMatchObject({ manifest: image.root.digest });
    });

    it.each([
      ['a Windows image', { os: 'windows', architecture: 'amd64' }, 'windows/amd64'],
      ['a 64-bit-only image', amd64, 'linux/amd64'],
    ])('keeps %s, and says what it is to who wants to start it', async (_, platform, named) => {
      await pullImage(images, await makeImage([top], { platform }), 'other');
      await expect(library.select('other')).rejects.toMatchObject({
        code: 'FailedPrecondition',
        message: `No image for linux/386 in other: it is for ${named}; choose an image built for linux/386`,
      });
      expect(await library.inspect('other')).toMatchObject({ Os: platform.os, Architecture: platform.architecture });
    });

    it('refuses bytes that are not what was announced, and keeps nothing of them', async () => {
      const lease = await images.lease();
      for (const { descriptor, bytes } of image.blobs) {
        const flipped = bytes.slice();
        flipped[bytes.length >> 1] = (flipped[bytes.length >> 1] ?? 0) ^ 1;
        const wrong = [flipped, bytes.subarray(0, -1), new Uint8Array([...bytes, 0])];
        for (const given of wrong) {
          const put = images.put(descriptor, pieces(given), lease);
          await expect(put).rejects.toMatchObject({ code: 'DataLoss', details: { digest: descriptor.digest } });
          expect(await images.has(descriptor)).toBe(false);
        }
      }
      expect(await storedBlobs()).toBe(0);
      await lease.release();
    });

    it('refuses documents that contradict what is said of them', async () => {
      const lease = await images.lease();
      const refused = async (mediaType: string, value: unknown, code = 'InvalidArgument'): Promise<void> => {
        const { descriptor, bytes } = await makeBlob(mediaType, encode(JSON.stringify(value)));
        await expect(images.put(descriptor, pieces(bytes), lease)).rejects.toMatchObject({ code });
        expect(await images.has(descriptor)).toBe(false);
      };
      const config = image.blobs[0]?.descriptor;
      await refused(mediaTypes.config, { os: 'linux' });
      await refused(mediaTypes.manifest, { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] });
      await refused(mediaTypes.manifest, {
        schemaVersion: 2,
        config,
        layers: Array.from({ length: 10_000 }, () => base.descriptor),
      });
      await refused(mediaTypes.index, { schemaVersion: 2, manifests: [{ ...base.descriptor, size: -1 }] });
      const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
      await refused(foreign, {}, 'Unimplemented');
      await refused(
        mediaTypes.manifest,
        { schemaVersion: 2, config, layers: [{ ...base.descriptor, mediaType: foreign }] },
        'Unimplemented',
      );
      const huge = { mediaType: mediaTypes.manifest, digest: unknownDigest, size: documentLimit + 1 };
      await expect(images.put(huge, pieces(new Uint8Array()), lease)).rejects.toMatchObject({
        code: 'InvalidArgument',
      });
      await lease.release();
      expect(await storedBlobs()).toBe(0);
    });

    it('refuses an image whose config names other layers than it has', async () => {
      const lying = await makeImage([{ ...base, diffId: top.diffId }]);
      await expect(pullImage(images, lying, 'web')).rejects.toMatchObject({ code: 'InvalidArgument' });
      const short = await makeImage([base]);
      const { descriptor, bytes } = await makeBlob(
        mediaTypes.manifest,
        encode(JSON.stringify({ schemaVersion: 2, config: short.blobs[0]?.descriptor, layers: [] })),
      );
      const odd = { root: descriptor, blobs: [...short.blobs.slice(0, 1), { descriptor, bytes }] };
      await expect(pullImage(images, odd, 'web')).rejects.toMatchObject({ code: 'InvalidArgument' });
      expect(await library.list()).toEqual([]);
    });

    it('moves a name to the image that got it last; the other stays without', async () => {
      const newer = await makeImage([base], { run: { cmd: ['sh'] } });
      await pullImage(images, image, 'web:1');
      await library.tag('web:1', 'web:stable');
      await clock.advance(1000);
      await pullImage(images, newer, 'web:1');
      expect((await library.list()).map(({ id, references }) => ({ id, references }))).toEqual([
        { id: newer.root.digest, references: ['web:1'] },
        { id: image.root.digest, references: ['web:stable'] },
      ]);
      await library.tag(newer.root.digest, 'web:stable');
      expect((await library.list()).map(({ references }) => references)).toEqual([['web:1', 'web:stable'], []]);
      expect(await library.prune()).toMatchObject({
        removed: expect.arrayContaining([{ deleted: image.root.digest }]),
      });
      expect(await library.list()).toHaveLength(1);
      expect(await images.has(base.descriptor)).toBe(true);
      expect(await images.has(top.descriptor)).toBe(false);
    });

    it('tells what images share and what goes with each, and adds up', async () => {
      const second = await makeImage([base], { run: { cmd: ['sh'] } });
      await pullImage(images, image, 'web');
      await pullImage(images, second, 'base');
      const all = await library.list();
      const index = await images.layer(base.diffId);
      expect(index.size).toBeGreaterThan(0);
      const blobs = await fixture.opened.store.list();
      const stored = blobs.reduce((sum, { size }) => sum + size, 0);
      const [{ size: shared } = { size: { shared: 0 } }] = all;
      expect(all.every(({ size }) => size.shared === shared.shared && size.total === size.shared + size.unique)).toBe(
        true,
      );
      expect(all.reduce((sum, { size }) => sum + size.unique, shared.shared)).toBe(stored);
      const usage = await library.usage();
      expect(usage.images).toEqual({ count: 2, active: 0, bytes: stored, reclaimable: stored });
      expect(usage.layers).toMatchObject({ count: 2, shared: 1, received: base.bytes.length + top.bytes.length });
      expect(usage.unnamed).toEqual({ count: 0, bytes: 0 });
      await library.hold({ id: 'vm-1', name: 'web-1', image: 'base' as Digest });
      const [used] = (await library.list()).filter(({ users }) => users.length > 0);
      expect(used).toMatchObject({ references: ['base:latest'], users: [{ id: 'vm-1', name: 'web-1' }] });
      expect((await library.usage()).images).toMatchObject({
        active: 1,
        reclaimable: all.find(({ id }) => id === image.root.digest)?.size.unique,
      });
    });

    it('removes as docker does', async () => {
      await pullImage(images, image, 'web:1');
      await library.tag('web:1', 'web:2');
      const { digest } = image.root;
      await expect(library.remove(digest)).rejects.toMatchObject({
        code: 'FailedPrecondition',
        message: `conflict: unable to delete ${digest.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
      });
      expect(await library.remove('web:1')).toEqual({ removed: [{ untagged: 'web:1' }], reclaimed: 0 });
      await expect(library.remove('web:1')).rejects.toMatchObject({
        code: 'NotFound',
        message: 'No such image: web:1',
      });
      await library.hold({ id: 'vm-1', name: 'web-1', image: digest });
      await expect(library.remove('web:2')).rejects.toMatchObject({
        code: 'FailedPrecondition',
        message: `conflict: unable to remove repository reference "web:2" (must force) - web-1 is using its referenced image ${digest.slice(7, 19)}`,
      });
      await expect(library.remove(digest)).rejects.toMatchObject({
        message: `conflict: unable to delete ${digest.slice(7, 19)} (must be forced) - image is being used by web-1`,
      });
      expect(await library.remove('web:2', { force: true })).toEqual({
        removed: [{ untagged: 'web:2' }],
        reclaimed: 0,
      });
      await expect(library.remove(digest, { force: true })).rejects.toMatchObject({
        message: `conflict: unable to delete ${digest.slice(7, 19)} (cannot be forced) - image is being used by web-1`,
      });
      // It is whole for who uses it.
      for (const { descriptor } of image.blobs) expect(await images.has(descriptor)).toBe(true);
      await library.tag(digest, 'web:2');
      await library.tag(digest, 'web:3');
      expect(await library.remove(digest, { force: true })).toMatchObject({
        removed: [{ untagged: 'web:2' }, { untagged: 'web:3' }],
      });
      await library.tag(digest, 'web:2');
      expect((await library.prune({ all: true })).removed).toEqual([]);
      await library.retainHolds(['vm-1']);
      await expect(library.remove('web:2')).rejects.toMatchObject({ code: 'FailedPrecondition' });
      await library.releaseHold('vm-1');
      const { removed, reclaimed } = await library.remove('web:2');
      expect(removed.slice(0, 2)).toEqual([{ untagged: 'web:2' }, { deleted: digest }]);
      expect(removed).toContainEqual({ deleted: base.descriptor.digest });
      expect(reclaimed).toBeGreaterThan(0);
      expect(await storedBlobs()).toBe(0);
      expect(await fixture.opened.records.list('layers')).toEqual([]);
    });

    it('tells what docker inspect and docker history tell', async () => {
      await pullImage(
        images,
        await makeImage([base, top], { run: { cmd: ['httpd'], env: ['A=1'] }, docker: true }),
        'web:1',
      );
      const id = (await images.resolve('web:1')).digest;
      expect(await library.inspect('web:1')).toMatchObject({
        Id: id,
        RepoTags: ['web:1'],
        RepoDigests: [`web@${id}`],
        Architecture: '386',
        Os: 'linux',
        Created: '2024-01-02T03:04:05Z',
        Config: { Cmd: ['httpd'], Env: ['A=1'] },
        RootFS: { Type: 'layers', Layers: [base.diffId, top.diffId] },
        Descriptor: { mediaType: mediaTypes.dockerManifest },
      });
      expect(await library.history('web:1')).toEqual([
        {
          id,
          created: '2024-01-02T03:04:05Z',
          createdBy: 'step 1',
          comment: '',
          size: top.bytes.length,
          references: ['web:1'],
        },
        expect.objectContaining({ id: undefined, createdBy: 'step 0', references: [] }),
      ]);
    });

    it('keeps an artifact that is no image, and does not start it', async () => {
      const config = await makeBlob(mediaTypes.emptyConfig, encode('{}'));
      const wasm = await makeBlob('application/wasm', encode('module'));
      const manifest = await makeBlob(
        mediaTypes.manifest,
        encode(JSON.stringify({ schemaVersion: 2, config: config.descriptor, layers: [wasm.descriptor] })),
      );
      await pullImage(images, { root: manifest.descriptor, blobs: [config, wasm, manifest] }, 'module');
      expect(await library.list()).toMatchObject([{ references: ['module:latest'], variants: [] }]);
      await expect(library.select('module')).rejects.toMatchObject({ code: 'FailedPrecondition' });
      await expect(library.inspect('module')).rejects.toMatchObject({ code: 'FailedPrecondition' });
      await images.collect();
      expect(await images.read(wasm.descriptor.digest)).toEqual(wasm.bytes);
    });

    it('collects what no image and no lease needs, and nothing else', async () => {
      const foreign = await fixture.opened.store.ingest({ label: 'machine state' });
      await foreign.write(encode('a state'));
      await foreign.commit();
      await pullImage(images, image, 'web');
      const before = await storedBlobs();
      const other = await makeImage([await makeLayer({ a: 'b' })]);
      const lease = await images.lease();
      await putImage(images, other, lease);
      expect(await images.collect()).toEqual([]);
      await lease.release();
      await lease.release();
      expect((await images.collect()).length).toBe(5);
      expect(await storedBlobs()).toBe(before);
      await expect(images.put(base.descriptor, pieces(base.bytes), lease)).rejects.toMatchObject({
        code: 'FailedPrecondition',
      });
    });

    it('keeps for a lease what was there before', async () => {
      await pullImage(images, image, 'web');
      const lease = await images.lease();
      for (const { descriptor } of image.blobs) expect(await images.has(descriptor, lease)).toBe(true);
      await library.remove('web');
      await images.tag('again', image.root);
      await lease.release();
      await images.collect();
      expect(await images.read(base.descriptor.digest)).toEqual(base.bytes);
    });

    it('keeps what a thread that ended has received for an hour, and no longer', async () => {
      const lease = await images.lease();
      await putImage(images, image, lease);
      const second = (await fixture.reopen()).images;
      await clock.advance(leaseLifeMs - 1);
      expect(await second.collect()).toEqual([]);
      const going = await second.lease();
      expect(await second.has(base.descriptor, going)).toBe(true);
      await clock.advance(2);
      // All but the layer that goes on: its blob, its tar and its index.
      expect((await second.collect()).length).toBeGreaterThan(0);
      expect(await second.has(base.descriptor)).toBe(true);
      expect(await second.has(top.descriptor)).toBe(false);
      await going.release();
      await second.collect();
      expect(await storedBlobs()).toBe(0);
    });

    it('tells once of each change', async () => {
      let changes = 0;
      const watching = images.changes(() => {
        changes += 1;
      });
      await pullImage(images, image, 'web');
      expect(changes).toBe(1);
      await library.remove('web');
      expect(changes).toBe(3);
      watching.dispose();
    });
  });
}
