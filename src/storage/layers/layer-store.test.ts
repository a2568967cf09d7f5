import 'fake-indexeddb/auto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import { digestOf } from '../../formats/digest';
import { entry, pathsOf, tarOf } from '../../formats/layer/layer-tar-fixture';
import { patternBytes } from '../content-store.conformance';
import type { StoreSchema } from '../database';
import { createMemoryContentStore, type OpenedStore, openIdbContentStore } from '../open-content-store';
import { randomId } from '../random-id';
import { storeAsZstd, zerosAsZstd } from '../zstd-frame';
import { collect, describeBlob, inChunks, layerTypes } from './layer-fixture';
import { LayerStore } from './layer-store';

const random = Buffer.from(patternBytes(3000)).toString('hex');
const tar = await tarOf([entry.directory('etc'), entry.file('etc/motd', random), entry.file('etc/.wh.issue')]);
const blob = gzipSync(tar);
const descriptor = await describeBlob(blob);
const diffId = await digestOf(tar);
const escaping = await tarOf([entry.file('../x', 'x')]);

describe.each([
  ['memory', async () => createMemoryContentStore({ chunkSize: 1000 })],
  ['IndexedDB', () => openIdbContentStore({ databaseName: randomId(), chunkSize: 1000 })],
])('layer store over %s', (_, open) => {
  let opened: OpenedStore;
  let layers: LayerStore;
  beforeEach(async () => {
    opened = await open();
    layers = new LayerStore(opened.store, opened.records);
  });
  afterEach(() => opened.store.close());

  const expectNothing = async (): Promise<void> => {
    expect(await opened.store.list()).toEqual([]);
    expect(await layers.list()).toEqual([]);
  };

  it('keeps a layer as it came, and reads its files', async () => {
    const stored = await layers.put(descriptor, inChunks(blob));
    expect(stored).toMatchObject({
      digest: descriptor.digest,
      size: blob.length,
      compression: 'gzip',
      diffId,
      tarSize: tar.length,
    });
    expect(await opened.store.read(descriptor.digest)).toEqual(new Uint8Array(blob));
    const afresh = new LayerStore(opened.store, opened.records);
    const index = await afresh.layer(diffId);
    expect(index).toMatchObject({ diffId, size: tar.length });
    const motd = pathsOf(index).get('etc/motd')!;
    expect(Buffer.from(await collect(afresh.readFile(diffId, motd))).toString()).toBe(random);
    expect(Buffer.from(await collect(afresh.readFile(diffId, motd, { start: 900, end: 2100 }))).toString()).toBe(
      random.slice(900, 2100),
    );
    expect(await afresh.find(descriptor.digest)).toEqual(stored);
    expect(await afresh.withDiffId(diffId)).toEqual([stored]);
    await layers.delete(descriptor.digest);
    await layers.delete(descriptor.digest);
    await expectNothing();
    await expect(layers.layer(diffId)).rejects.toMatchObject({ code: 'NotFound', details: { diffId } });
  });

  it.each([
    ['not compressed', layerTypes.none, tar],
    ['by zstd, in several frames and with a skippable one', layerTypes.zstd, zstdFrames()],
    [
      'by gzip, in several members',
      layerTypes.gzip,
      concatBytes([gzipSync(tar.subarray(0, 2000)), gzipSync(tar.subarray(2000))]),
    ],
    ['as docker says it', 'application/vnd.docker.image.rootfs.diff.tar.gzip', blob],
  ])('takes a layer %s', async (_what, mediaType, bytes) => {
    const stored = await layers.put(await describeBlob(bytes, mediaType), inChunks(bytes, 333));
    expect(stored.diffId).toBe(diffId);
    expect([...pathsOf(await layers.layer(diffId)).keys()]).toEqual(['etc', 'etc/issue', 'etc/motd']);
  });

  it('keeps one tar and one index for two blobs of one layer, as long as one of them is there', async () => {
    const other = gzipSync(tar, { level: 0 });
    for (const [bytes, type] of [
      [blob, layerTypes.gzip],
      [other, layerTypes.gzip],
      [tar, layerTypes.none],
    ] as const) {
      await layers.put(await describeBlob(bytes, type), inChunks(bytes));
    }
    const digests = async () => new Set((await opened.store.list()).map(({ digest }) => digest));
    expect((await digests()).size).toBe(4);
    expect(await layers.withDiffId(diffId)).toHaveLength(3);
    await layers.delete(diffId);
    await layers.delete(await digestOf(other));
    expect((await digests()).size).toBe(3);
    expect(pathsOf(await layers.layer(diffId)).size).toBe(3);
    await layers.delete(descriptor.digest);
    await expectNothing();
  });

  it('leaves a blob to whoever stored it for something else', async () => {
    const ingest = await opened.store.ingest({});
    await ingest.write(tar);
    await ingest.commit();
    await layers.put(descriptor, inChunks(blob));
    await layers.delete(descriptor.digest);
    expect((await opened.store.list()).map(({ digest }) => digest)).toEqual([diffId]);
  });

  it('is not damaged by being put again, nor by being put twice at once', async () => {
    await layers.put(descriptor, inChunks(blob));
    await Promise.all([layers.put(descriptor, inChunks(blob)), layers.put(descriptor, inChunks(blob))]);
    expect(await opened.store.list()).toHaveLength(3);
    expect(await digestOf(await opened.store.read(diffId))).toBe(diffId);
  });

  it('makes changes of others in the step in which the layer appears, or not at all', async () => {
    await layers.put(descriptor, inChunks(blob), {}, async (layer) => [
      { collection: 'imageLeases', key: 'l', value: layer.diffId },
    ]);
    expect(await opened.records.list('imageLeases')).toEqual([{ key: 'l', value: diffId }]);
    await layers.delete(descriptor.digest);
    const refusal = new SandboxError('FailedPrecondition', 'The lease has expired');
    const refused = layers.put(descriptor, inChunks(blob), {}, async (_layer, view) => {
      expect(await view.get('imageLeases', 'l')).toBe(diffId);
      throw refusal;
    });
    await expect(refused).rejects.toBe(refusal);
    await expectNothing();
  });

  it('rejects a blob with any bit flipped as DataLoss that names it, and keeps nothing', async () => {
    const kinds = [
      [blob, layerTypes.gzip],
      [tar, layerTypes.none],
      [storeAsZstd(tar), layerTypes.zstd],
    ] as const;
    const bit = fc.tuple(fc.constantFrom(...kinds), fc.nat(), fc.integer({ min: 0, max: 7 }));
    await fc.assert(
      fc.asyncProperty(bit, async ([[bytes, type], at, number]) => {
        const sound = await describeBlob(bytes, type);
        const flipped = new Uint8Array(bytes);
        flipped[at % bytes.length] = (flipped[at % bytes.length] ?? 0) ^ (1 << number);
        await expect(layers.put(sound, inChunks(flipped))).rejects.toMatchObject({
          code: 'DataLoss',
          message: expect.stringContaining(sound.digest),
          details: { digest: sound.digest },
        });
      }),
      { numRuns: 70 },
    );
    await expectNothing();
  });

  it.each([
    ['cut off', blob.subarray(0, -3), descriptor],
    ['empty', blob.subarray(0, 0), descriptor],
    ['longer', concatBytes([blob, Uint8Array.of(0)]), descriptor],
    ['another', gzipSync('something else'), descriptor],
    ['longer than announced', blob, { ...descriptor, size: blob.length - 1 }],
    ['shorter than announced', blob, { ...descriptor, size: blob.length + 1 }],
  ])('rejects a blob that is %s', async (_what, bytes, announced) => {
    await expect(layers.put(announced, inChunks(bytes))).rejects.toMatchObject({
      code: 'DataLoss',
      details: { digest: descriptor.digest },
    });
    await expectNothing();
  });

  it.each([
    ['no layer by its media type', blob, 'application/vnd.oci.image.config.v1+json', /Not a layer/],
    ['gzip that says it is not compressed', blob, layerTypes.none, /compressed by gzip/],
    ['a tar that says it is gzip', tar, layerTypes.gzip, /not compressed/],
    ['gzip that says it is zstd', blob, layerTypes.zstd, /compressed by gzip/],
    ['gzip of no tar', gzipSync(patternBytes(5000)), layerTypes.gzip, /Not a sound tar/],
    ['gzip that ends too early', gzipSync(tar).subarray(0, -20), layerTypes.gzip, /gzip file is damaged/],
    ['a tar that ends too early', tar.subarray(0, 1700), layerTypes.none, /ends too early/],
    ['zstd that ends too early', storeAsZstd(tar).subarray(0, -20), layerTypes.zstd, /damaged|ends/],
    ['a tar that leaves its root', escaping, layerTypes.none, /leads outside/],
  ])('refuses %s, whose digest is right, as InvalidArgument', async (_what, bytes, type, message) => {
    const sound = await describeBlob(bytes, type);
    const error = { code: 'InvalidArgument', message: expect.stringMatching(message) };
    await expect(layers.put(sound, inChunks(bytes))).rejects.toMatchObject(error);
    await expectNothing();
  });

  it('passes on why the bytes stopped coming, and stops when nobody wants them any more', async () => {
    const broken = new SandboxError('Unavailable', 'the connection broke');
    let returned = 0;
    const bytes = async function* () {
      try {
        yield blob.subarray(0, 500);
        throw broken;
      } finally {
        returned += 1;
      }
    };
    await expect(layers.put(descriptor, bytes())).rejects.toBe(broken);
    const abort = new AbortController();
    const endless = async function* () {
      try {
        for (const chunk of [blob.subarray(0, 500), blob.subarray(500)]) {
          yield chunk;
          abort.abort();
        }
      } finally {
        returned += 1;
      }
    };
    await expect(layers.put(descriptor, endless(), { signal: abort.signal })).rejects.toMatchObject({
      code: 'Canceled',
    });
    expect(returned).toBe(2);
    await expectNothing();
  });

  it('tells how far it has come', async () => {
    const seen: (number | undefined)[] = [];
    await layers.put(descriptor, inChunks(blob), { onProgress: ({ done, total }) => seen.push(done, total) });
    expect(seen.slice(0, 2)).toEqual([1000, blob.length]);
    expect(seen.slice(-2)).toEqual([blob.length, blob.length]);
  });
});

/** The tar as zstd: a skippable frame, then two others. */
function zstdFrames(): Uint8Array<ArrayBuffer> {
  const skippable = Uint8Array.of(0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
  // The media type is checked by the first bytes, so the skippable one is not the first.
  return concatBytes([storeAsZstd(tar.subarray(0, 700)), skippable, storeAsZstd(tar.subarray(700)), skippable]);
}

describe('a decompression bomb', () => {
  const zeros = gzipSync(new Uint8Array(8 * 1024 * 1024));
  it.each([
    ['10 GB of zeros as gzip', layerTypes.gzip, concatBytes(Array.from({ length: 1250 }, () => zeros))],
    ['10 GB of zeros as zstd', layerTypes.zstd, zerosAsZstd(80_000)],
  ])('of %s is refused, and no more of it taken than tells', async (_what, type, bomb) => {
    const { store, records } = createMemoryContentStore();
    let taken = 0;
    const counted = async function* () {
      for await (const chunk of inChunks(bomb, 16_384)) {
        taken += chunk.length;
        yield chunk;
      }
    };
    const error = { code: 'InvalidArgument', message: expect.stringContaining('bomb'), details: { limit: 200 } };
    const sound = await describeBlob(bomb, type);
    await expect(new LayerStore(store, records).put(sound, counted())).rejects.toMatchObject(error);
    expect(taken).toBeLessThan(400_000);
    expect(await store.list()).toEqual([]);
  });
});

describe('the index of a layer', () => {
  it('is made anew from the tar when it is damaged', async () => {
    const databaseName = randomId();
    const { store, records } = await openIdbContentStore({ databaseName, chunkSize: 1000 });
    const { index } = await new LayerStore(store, records).put(descriptor, inChunks(blob));
    const before = await new LayerStore(store, records).layer(diffId);
    const back = await openDB<StoreSchema>(databaseName);
    const { content } = (await back.get('blobs', index))!;
    await back.put('chunks', new Blob(['damaged']), [content, 0]);
    await expect(store.read(index)).rejects.toMatchObject({ code: 'DataLoss' });
    expect(await new LayerStore(store, records).layer(diffId)).toEqual(before);
    back.close();
    await store.close();
  });

  it('is forgotten when others were asked for since and there is no room for all', async () => {
    const { store, records } = createMemoryContentStore();
    const layers = new LayerStore(store, records, { cachedNodes: 8 });
    const digests = [];
    for (let layer = 0; layer < 3; layer += 1) {
      const bytes = await tarOf([entry.file(`a${layer}`, ''), entry.file('b', ''), entry.file('c', '')]);
      digests.push((await layers.put(await describeBlob(bytes, layerTypes.none), inChunks(bytes))).diffId);
    }
    const [first, second, third] = digests as [`sha256:${string}`, `sha256:${string}`, `sha256:${string}`];
    const index = await layers.layer(first);
    expect(await layers.layer(second)).toBe(await layers.layer(second));
    expect(await layers.layer(first)).toBe(index);
    await layers.layer(third);
    expect(await layers.layer(first)).toBe(index);
    const again = await layers.layer(second);
    expect(await layers.layer(second)).toBe(again);
    expect(await layers.layer(third)).toEqual(await layers.layer(third));
  });
});
