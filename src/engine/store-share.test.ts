import { afterEach, describe, expect, it } from 'vitest';
import type { Digest } from '../api/content-store';
import type { LayerIndex } from '../api/layer';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import { FakeClock } from '../base/fake-clock';
import { serveLayerPort } from '../rpc/layer-port';
import { ShelfClient } from '../rpc/shelf-port';
import { FolderStore } from '../storage/folders/folder-store';
import { MemoryFolderBackend } from '../storage/folders/memory-folder-backend';
import { LayerStacks } from './layer-stacks';
import { ShareAttachments } from './share-attachments';

const layer: Digest = `sha256:${'a'.repeat(64)}`;
const other: Digest = `sha256:${'b'.repeat(64)}`;

const turns = async () => {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('a store of layers that a machine has open', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  async function setUp() {
    const clock = new FakeClock(0);
    const storeLost = new Emitter<void>();
    const failures: SandboxError[] = [];
    const stores = { opened: [] as number[], life: 1, failure: undefined as SandboxError | undefined };
    const attachments = new ShareAttachments({
      shares: {
        async openLayer(diffId) {
          if (stores.failure) throw stores.failure;
          const { life } = stores;
          stores.opened.push(life);
          const { port1, port2 } = new MessageChannel();
          serveLayerPort(port1, {
            index: async (): Promise<LayerIndex> => ({ diffId, size: 10, nodes: [] }),
            read: async (start, end) => new Uint8Array(end - start).fill(life),
            close: () => {},
          });
          return port2;
        },
        folders: new FolderStore(new MemoryFolderBackend(), clock),
      },
      session: 'lab',
      randomId: () => crypto.randomUUID(),
      storeLost: storeLost.event,
      clock,
      failed: (error) => failures.push(error),
    });
    const [share] = await attachments.attach([{ tag: 'layers', layerStore: true }]);
    if (!share) throw new Error('No share');
    const [port] = share.ports;
    const client = new ShelfClient(port ? { port } : {}, clock);
    ends.push(() => {
      client.dispose();
      attachments.dispose();
    });
    return { attachments, client, share, clock, storeLost, failures, stores };
  }

  it('opens what is asked for, by names that were offered', async () => {
    const { attachments, client, share, stores } = await setUp();
    expect(share).toMatchObject({ tag: 'layers', kind: 'layer-store' });
    const names = await attachments.stacks.offer([layer, other]);
    expect(await client.stack(names[0] ?? '')).toEqual([layer]);
    expect(await client.stack(names[1] ?? '')).toEqual([layer, other]);
    await expect(client.stack('unheard-of')).rejects.toMatchObject({ code: 'NotFound' });
    expect(stores.opened).toEqual([]);
    expect(await (await client.layer(other)).read(0, 1)).toEqual(new Uint8Array([1]));
  });

  it('goes on with what is open when the store is back, and with nothing else', async () => {
    const { client, storeLost, stores, clock } = await setUp();
    const open = await client.layer(layer);
    stores.life = 2;
    stores.failure = new SandboxError('Unavailable', 'The store is away');
    storeLost.fire();
    await turns();
    stores.failure = undefined;
    clock.advance(250);
    await turns();
    expect(await open.read(0, 1)).toEqual(new Uint8Array([2]));
    expect(stores.opened).toEqual([1, 2]);
  });

  it('loses a layer that is not there any more, and says so', async () => {
    const { client, storeLost, stores, failures } = await setUp();
    const open = await client.layer(layer);
    stores.failure = new SandboxError('NotFound', 'No such layer');
    storeLost.fire();
    await turns();
    await expect(open.read(0, 1)).rejects.toMatchObject({ code: 'NotFound' });
    expect(failures[0]?.message).toContain(`The layer ${layer} is lost to a running machine`);
  });

  it('opens nothing anew for a machine that has ended', async () => {
    const { client, share, storeLost, stores } = await setUp();
    await client.layer(layer);
    share.detach();
    storeLost.fire();
    await turns();
    expect(stores.opened).toEqual([1]);
  });
});

describe('names of layers in their stacks', () => {
  it('are the same for the same layers, and others above another layer', async () => {
    const stacks = new LayerStacks();
    const [first, second] = await stacks.offer([layer, other]);
    expect(await stacks.offer([layer, other])).toEqual([first, second]);
    const [alone] = await stacks.offer([other]);
    expect(new Set([first, second, alone]).size).toBe(3);
    expect(await new LayerStacks().offer([layer])).toEqual([first]);
  });

  it('are short enough for overlayfs to take those of as many layers as an image can have', async () => {
    const many = Array.from({ length: 127 }, (_, at): Digest => `sha256:${String(at).padStart(64, '0')}`);
    const names = await new LayerStacks().offer(many);
    expect(names.map((name) => `/layers/${name}`).join(':').length).toBeLessThan(4096 - 300);
  });
});
