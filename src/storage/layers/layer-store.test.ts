import 'fake-indexeddb/auto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { digestOf } from '../../formats/digest';
import { entry, pathsOf, tarOf } from '../../formats/layer/layer-tar-fixture';
import type { Descriptor } from '../../formats/oci';
import { createMemoryContentStore, openIdbContentStore } from '../open-content-store';
import { randomId } from '../random-id';
import { LayerStore } from './layer-store';

const gzipLayer = 'application/vnd.oci.image.layer.v1.tar+gzip';

async function describeBlob(bytes: Uint8Array, mediaType = gzipLayer): Promise<Descriptor> {
  return { mediaType, digest: await digestOf(bytes), size: bytes.length };
}

async function* inChunks(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

const collect = async (pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return concatBytes(parts);
};

describe.each([
  ['memory', async () => createMemoryContentStore({ chunkSize: 1000 })],
  ['IndexedDB', () => openIdbContentStore({ databaseName: randomId(), chunkSize: 1000 })],
])('layer store over %s', (_, open) => {
  it('keeps a layer as it came, and reads its files', async () => {
    const { store, records } = await open();
    const layers = new LayerStore(store, records);
    const tar = await tarOf([entry.directory('etc'), entry.file('etc/motd', 'hello '.repeat(1000))]);
    const blob = gzipSync(tar);
    const descriptor = await describeBlob(blob);
    const stored = await layers.put(descriptor, inChunks(blob));
    expect(stored).toMatchObject({
      digest: descriptor.digest,
      size: blob.length,
      diffId: await digestOf(tar),
      tarSize: tar.length,
    });
    expect(await store.read(descriptor.digest)).toEqual(new Uint8Array(blob));
    const index = await new LayerStore(store, records).layer(stored.diffId);
    const motd = pathsOf(index).get('etc/motd')!;
    expect(Buffer.from(await collect(layers.readFile(stored.diffId, motd))).toString()).toBe('hello '.repeat(1000));
    await layers.delete(descriptor.digest);
    expect(await store.list()).toEqual([]);
    expect(await layers.list()).toEqual([]);
    await expect(layers.layer(stored.diffId)).rejects.toMatchObject({ code: 'NotFound' });
    await store.close();
  });
});
