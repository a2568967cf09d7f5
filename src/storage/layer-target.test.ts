import { describe, expect, it } from 'vitest';
import type { Digest } from '../api/content-store';
import { FakeClock } from '../base/fake-clock';
import { LayerPortClient, serveLayerPort } from '../rpc/layer-port';
import { createLayerTarget } from './layer-target';
import { MemoryBackend } from './memory-backend';
import { VerifiedContentStore } from './verified-content-store';

const size = 3_000_000;
const bytes = new Uint8Array(size).map((_, index) => (index * 31) ^ (index >> 10));

async function openLayer() {
  const clock = new FakeClock(0);
  const store = new VerifiedContentStore(new MemoryBackend(), clock);
  const ingest = await store.ingest({});
  await ingest.write(bytes);
  const { digest } = await ingest.commit();
  const index = { diffId: digest as Digest, size, nodes: [] };
  const { port1, port2 } = new MessageChannel();
  serveLayerPort(port1, createLayerTarget(store, index));
  return { store, digest, index, client: new LayerPortClient({ port: port2 }, { clock }) };
}

describe('a stored layer through its port', () => {
  it('gives its index and any range of its bytes', async () => {
    const { client, index } = await openLayer();
    expect(await client.index()).toEqual(index);
    for (const [start, end] of [
      [0, size],
      [0, 262_144],
      [1_048_575, 1_048_577],
      [5, 5],
      [size - 1, size],
    ] as const) {
      expect(Buffer.compare(await client.read(start, end), bytes.subarray(start, end))).toBe(0);
    }
    client.dispose();
  });

  it('refuses what is no range of it, and goes on', async () => {
    const { client } = await openLayer();
    await expect(client.read(0, size + 1)).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(client.read(5, 4)).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(client.read(0, 5_000_000)).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(await client.read(0, 1)).toHaveLength(1);
    client.dispose();
  });

  it('says when the layer has gone', async () => {
    const { client, store, digest } = await openLayer();
    await store.delete(digest);
    await expect(client.read(0, 1)).rejects.toMatchObject({ code: 'NotFound' });
    client.dispose();
  });
});
