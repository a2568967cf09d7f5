import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import { BlockPortClient } from '../../rpc/block-port';
import { describeDiskStore } from './disk-store.conformance';
import { extentSize } from './extent';
import { LayeredDiskStore } from './layered-disk-store';
import { MemoryDiskBackend } from './memory-disk-backend';

describeDiskStore('memory', async () => ({ backend: new MemoryDiskBackend(), dispose: async () => {} }), { runs: 40 });

const filled = (value: number, length = extentSize) => new Uint8Array(length).fill(value);

async function openDisk() {
  const backend = new MemoryDiskBackend();
  const clock = new FakeClock();
  const store = new LayeredDiskStore(backend, clock);
  const { id } = await store.create({ sizeMiB: 32 });
  const client = new BlockPortClient(await store.open(id));
  return { backend, clock, store, id, client };
}

describe('a disk without room', () => {
  it('tells at the flush, loses nothing it has acknowledged, and flushes when there is room', async () => {
    const { backend, client, store, id } = await openDisk();
    backend.limit = extentSize;
    await client.write(0, filled(1, 2 * extentSize));
    await expect(client.flush()).rejects.toMatchObject({
      code: 'ResourceExhausted',
      details: { needed: 2 * extentSize, available: extentSize },
    });
    expect((await client.read(2 * extentSize - 1, 1))[0]).toBe(1);
    await client.write(0, filled(2, 1));
    expect((await store.info(id)).storedBytes).toBe(0);
    await expect(store.freeze(id)).rejects.toMatchObject({ code: 'ResourceExhausted' });
    expect((await store.info(id)).generations).toEqual([]);
    backend.limit = 10 * extentSize;
    await client.flush();
    expect((await store.info(id)).storedBytes).toBe(2 * extentSize);
    await client.close();
    const again = new BlockPortClient(await store.open(id));
    expect(await again.read(0, 2)).toEqual(Uint8Array.of(2, 1));
    await again.close();
  });

  it('tells at the write that its cache has no room for, and goes on with what it has', async () => {
    const { backend, client } = await openDisk();
    backend.limit = 0;
    let written = 0;
    const fill = async (): Promise<void> => {
      for (; written < 32; written += 1) await client.write(written * 1024 * 1024, filled(written + 1, 1024 * 1024));
    };
    await expect(fill()).rejects.toMatchObject({ code: 'ResourceExhausted' });
    expect(written).toBe(4);
    await client.write(0, filled(9, 100));
    expect((await client.read(0, 101))[100]).toBe(1);
    backend.limit = Number.MAX_SAFE_INTEGER;
    await fill();
    await client.flush();
    expect((await client.read(31 * 1024 * 1024, 1))[0]).toBe(32);
    await client.close();
  });

  it('is freed by a close that cannot flush, and says so', async () => {
    const { backend, client, store, id } = await openDisk();
    await client.write(0, filled(1, 1));
    await client.flush();
    await client.write(extentSize, filled(2, 1));
    backend.limit = 0;
    await expect(client.close()).rejects.toMatchObject({ code: 'ResourceExhausted' });
    const again = new BlockPortClient(await store.open(id));
    expect([(await again.read(0, 1))[0], (await again.read(extentSize, 1))[0]]).toEqual([1, 0]);
    await again.close();
  });
});

describe('a disk that nobody flushes', () => {
  it('is written out after a second, and when its opener dies', async () => {
    const { client, clock, store, id } = await openDisk();
    await client.write(0, filled(1, 1));
    await clock.advance(999);
    expect((await store.info(id)).changed).toBe(false);
    await clock.advance(1);
    expect((await store.info(id)).changed).toBe(true);
    await client.write(extentSize, filled(1, 1));
    await client.close();
    expect((await store.info(id)).storedBytes).toBe(2 * extentSize);
    expect(clock.pending).toBe(0);
  });
});
