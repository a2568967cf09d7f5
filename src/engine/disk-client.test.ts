import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskStore } from '../api/disk';
import { SandboxError } from '../base/errors';
import { BlockPortClient } from '../rpc/block-port';
import { type Connection, connect, expose } from '../rpc/control';
import { createMemoryContentStore, type OpenedStore } from '../storage/open-content-store';
import { StoreService } from '../storage/store-service';
import { createDiskClient } from './disk-client';

describe('disks through the store’s port', () => {
  let connection: Connection<StoreService>;
  let disks: DiskStore;
  let opened: OpenedStore;
  beforeEach(async () => {
    const { port1, port2 } = new MessageChannel();
    opened = createMemoryContentStore();
    expose(new StoreService({ open: async () => opened }), port1);
    connection = connect<StoreService>(port2);
    await connection.remote.open('http://localhost/');
    disks = createDiskClient(connection.remote);
  });
  afterEach(async () => {
    await connection.remote.close();
    connection.close(new SandboxError('Unavailable', 'The test is over'));
  });

  it('do all that disks do', async () => {
    const { id } = await disks.create({ sizeMiB: 1 });
    const client = new BlockPortClient(await disks.open(id));
    await client.write(0, Uint8Array.of(1));
    const first = await disks.freeze(id);
    await client.write(0, Uint8Array.of(2));
    await disks.close(id);
    await expect(client.read(0, 1)).rejects.toMatchObject({ code: 'Unavailable' });
    await disks.revert(first);
    const copy = await disks.fork(first);
    await disks.delete(id);
    await disks.deleteGeneration(first);
    expect((await disks.list()).map((disk) => disk.id)).toEqual([copy.id]);
    const reader = new BlockPortClient(await disks.open(copy.id));
    expect(await reader.read(0, 1)).toEqual(Uint8Array.of(1));
    await reader.close();
    expect(await disks.info(copy.id)).toMatchObject({ base: first });
    await expect(disks.info(id)).rejects.toMatchObject({ code: 'NotFound', details: { disk: id } });
  });

  it('are written before the store closes', async () => {
    const { id } = await disks.create({ sizeMiB: 1 });
    const client = new BlockPortClient(await disks.open(id));
    await client.write(0, Uint8Array.of(1));
    await connection.remote.close();
    await expect(client.read(0, 1)).rejects.toMatchObject({ code: 'Unavailable' });
    expect(await opened.disks.info(id)).toMatchObject({ changed: true });
  });
});
