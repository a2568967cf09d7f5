import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShareStore } from '../api/share';
import { systemClock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { type Connection, connect, expose } from '../rpc/control';
import { mountNineP } from '../runtime/files/nine-p-access-fixture';
import { NineServer } from '../runtime/files/nine-p-server';
import { createMachineShare } from '../runtime/vm/machine-share';
import { makeImage, makeLayer, pullImage } from '../storage/images/image-fixture';
import { createMemoryContentStore, type OpenedStore } from '../storage/open-content-store';
import { StoreService } from '../storage/store-service';
import { createShareClient } from './store-client';

describe('layers of the store in another thread', () => {
  let opened: OpenedStore;
  let service: StoreService;
  let channel: MessageChannel;
  let connection: Connection<StoreService>;
  let shares: ShareStore;

  beforeEach(async () => {
    opened = createMemoryContentStore({ chunkSize: 4096 });
    service = new StoreService({ open: async () => opened });
    await service.open('http://localhost/');
    channel = new MessageChannel();
    expose(service, channel.port1);
    connection = connect<StoreService>(channel.port2);
    shares = createShareClient(connection.remote);
  });
  afterEach(async () => {
    await service.close();
    connection.close(new SandboxError('Aborted', 'The test is over'));
    channel.port1.close();
  });

  it('are read over 9P as they were pulled', async () => {
    const large = 'all work and no play '.repeat(30_000);
    const layers = [
      await makeLayer({ 'etc/motd': 'hello\n', 'etc/gone': 'x', large }),
      await makeLayer({ 'etc/.wh.gone': '', 'etc/issue': 'Strata\n' }, 'none'),
    ];
    await pullImage(opened.images, await makeImage(layers), 'web');
    const ports = await Promise.all(layers.map(({ diffId }) => shares.openLayer(diffId)));
    const moved = { tag: 'image', kind: 'layers', ports: ports.map((port) => ({ port })) } as const;
    const share = createMachineShare(moved, systemClock);
    const access = await mountNineP(new NineServer({ tree: await share.tree, maxMessageBytes: 65_536 }));
    const text = async (path: string) => new TextDecoder().decode(await access.read(path));
    expect(await text('/0/etc/motd')).toBe('hello\n');
    expect(await text('/0/large')).toBe(large);
    expect(await access.list('/1/etc')).toEqual(['.', '..', 'gone', 'issue']);
    expect(await access.stat('/1/etc/gone')).toMatchObject({ mode: 0o020000, major: 0, minor: 0 });
    share.dispose();
  });

  it('cannot be had when they are not stored', async () => {
    const missing = shares.openLayer(`sha256:${'e'.repeat(64)}`);
    await expect(missing).rejects.toMatchObject({ code: 'NotFound' });
  });
});
