import { afterEach, describe, expect, it } from 'vitest';
import type { Digest } from '../api/content-store';
import type { LayerIndex } from '../api/layer';
import { SandboxError } from '../base/errors';
import { FakeClock } from '../base/fake-clock';
import { serveLayerPort } from './layer-port';
import { ShelfClient, type ShelfServer, serveShelfPort } from './shelf-port';

const layer: Digest = `sha256:${'a'.repeat(64)}`;
const other: Digest = `sha256:${'b'.repeat(64)}`;

function openLayer(diffId: Digest): MessagePort {
  const { port1, port2 } = new MessageChannel();
  serveLayerPort(port1, {
    index: async (): Promise<LayerIndex> => ({ diffId, size: 10, nodes: [] }),
    read: async (start, end) => new Uint8Array(end - start).fill(start),
    close: () => {},
  });
  return port2;
}

describe('a shelf of layers', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  function setUp() {
    const { port1, port2 } = new MessageChannel();
    const opened: Digest[] = [];
    let closed = 0;
    const server: ShelfServer = serveShelfPort(port1, {
      stack(name) {
        if (name === 'both') return [other, layer];
        throw new SandboxError('NotFound', `No layer was offered by this name: ${name}`);
      },
      async open(diffId) {
        opened.push(diffId);
        if (opened.length === 1 && diffId === other) throw new SandboxError('Unavailable', 'The store is away');
        return openLayer(diffId);
      },
      close: () => {
        closed += 1;
      },
    });
    const client = new ShelfClient({ port: port2 }, new FakeClock(0));
    ends.push(() => server.dispose());
    return { client, server, opened, closed: () => closed };
  }

  it('says which layers a name stands for, or that there is none', async () => {
    const { client } = setUp();
    expect(await client.stack('both')).toEqual([other, layer]);
    await expect(client.stack('none')).rejects.toMatchObject({ code: 'NotFound' });
    client.dispose();
  });

  it('opens each layer once, and again what could not be opened', async () => {
    const { client, opened } = setUp();
    await expect(client.layer(other)).rejects.toMatchObject({ code: 'Unavailable' });
    const [one, same] = await Promise.all([client.layer(other), client.layer(other)]);
    expect(one).toBe(same);
    expect(opened).toEqual([other, other]);
    expect((await one.index()).diffId).toBe(other);
    client.dispose();
  });

  it('goes on through another port after the store was started again', async () => {
    const { client, server } = setUp();
    const open = await client.layer(layer);
    const { port1, port2 } = new MessageChannel();
    serveLayerPort(port1, {
      index: async () => ({ diffId: layer, size: 10, nodes: [] }),
      read: async (start, end) => new Uint8Array(end - start).fill(42),
      close: () => {},
    });
    server.renew(layer, port2);
    // What is asked next in the same order of messages comes from the new store.
    await client.stack('both');
    expect(await open.read(0, 2)).toEqual(new Uint8Array([42, 42]));
    client.dispose();
  });

  it('tells of a layer that is lost, and asks for it anew when somebody needs it again', async () => {
    const { client, server, opened } = setUp();
    const lost = await client.layer(layer);
    server.lose(layer, new SandboxError('NotFound', 'No such layer'));
    await client.stack('both');
    await expect(lost.index()).rejects.toMatchObject({ code: 'NotFound' });
    expect((await (await client.layer(layer)).index()).diffId).toBe(layer);
    expect(opened).toEqual([layer, layer]);
    client.dispose();
  });

  it('is handed over to another thread with the layers that are open', async () => {
    const { client, server, opened } = setUp();
    await client.layer(layer);
    const state = client.handOver();
    await expect(client.stack('both')).rejects.toMatchObject({ code: 'Unavailable' });
    const next = new ShelfClient(state, new FakeClock(0));
    expect(await next.stack('both')).toEqual([other, layer]);
    expect((await (await next.layer(layer)).index()).diffId).toBe(layer);
    expect(opened).toEqual([layer]);
    next.dispose();
    server.dispose();
  });

  it('lets the engine know when the machine needs nothing more', async () => {
    const { client, closed } = setUp();
    await client.stack('both');
    client.dispose();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed()).toBe(1);
  });
});
