import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ImageSummary } from '../api/image-summary';
import type { Progress } from '../api/operation';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import { streamOf } from '../base/streams';
import { type Connection, connect, expose } from '../rpc/control';
import { encode, makeImage, makeLayer, pieces, pullImage } from '../storage/images/image-fixture';
import { createMemoryContentStore, type OpenedStore } from '../storage/open-content-store';
import { StoreService } from '../storage/store-service';
import type { StoreEvent } from '../storage/store-supervision';
import { Images } from './images';

describe('images of the store in another thread', () => {
  let opened: OpenedStore;
  let service: StoreService;
  let channel: MessageChannel;
  let connection: Connection<StoreService>;
  let images: Images;
  const events = new Emitter<StoreEvent>();
  const asked: string[] = [];

  beforeEach(async () => {
    opened = createMemoryContentStore({ chunkSize: 4096 });
    service = new StoreService({ open: async () => opened });
    await service.open('http://localhost/');
    channel = new MessageChannel();
    expose(service, channel.port1);
    connection = connect<StoreService>(channel.port2);
    asked.length = 0;
    const persist = async (): Promise<boolean> => asked.push('persist') > 0;
    images = new Images({ remote: connection.remote, store: events.event, persist });
  });
  afterEach(async () => {
    images.dispose();
    await service.close();
    connection.close(new SandboxError('Aborted', 'The test is over'));
    channel.port1.close();
  });

  const next = (): Promise<readonly ImageSummary[]> =>
    new Promise((resolve) => {
      const watching = images.changes((list) => {
        watching.dispose();
        resolve(list);
      });
    });

  it('tell of themselves when they are followed, and after each change', async () => {
    const first = next();
    await images.open();
    expect(await first).toEqual([]);
    const second = next();
    await pullImage(opened.images, await makeImage([await makeLayer({ a: 'b' })]), 'web');
    expect(await second).toMatchObject([{ references: ['web:latest'] }]);
    expect(images.list()).toHaveLength(1);
    const third = next();
    await images.tag('web', 'web:2');
    expect(await third).toMatchObject([{ references: ['web:2', 'web:latest'] }]);
    expect(await images.usage()).toMatchObject({ images: { count: 1 } });
    expect(await images.inspect('web')).toMatchObject({ RepoTags: ['web:latest', 'web:2'] });
    expect(await images.history('web')).toHaveLength(1);
    await images.hold({ id: 'vm', name: 'vm', image: images.list()[0]!.id });
    await expect(images.remove(images.list()[0]!.id)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await images.releaseHold('vm');
    await images.retainHolds([]);
    await images.remove('web:2');
    expect(await images.prune({ all: true })).toMatchObject({
      removed: expect.arrayContaining([{ untagged: 'web:latest' }]),
    });
  });

  it('tell what was done to them, by the names that docker tells', async () => {
    await images.open();
    const told: string[] = [];
    images.events(({ action, id, attributes }) => {
      const { name = '', ...more } = attributes;
      told.push([action, id === name ? 'itself' : name, ...Object.values(more)].join(' '));
    });
    await pullImage(opened.images, await makeImage([await makeLayer({ a: 'b' })]), 'web');
    const [{ id } = { id: '' }] = await images.current();
    await images.tag('web', 'team/web:2');
    const tar = await new Response(await images.save(['web', id], 'docker-archive')).blob();
    await images.remove('team/web:2');
    await images.remove('web');
    await images.load(tar);
    const layer = await makeLayer({ c: 'd' });
    await images.commit('web', new Blob([layer.bytes]), { reference: 'web:3' });
    await images.import(new Blob([layer.bytes]), { reference: 'root:1' });
    await images.prune({ all: true });
    expect(told.slice(0, 8)).toEqual([
      'tag team/web:2',
      'save itself',
      'save itself',
      'untag team/web:2',
      'untag web:latest',
      'delete itself',
      'load itself',
      'tag web:3',
    ]);
    expect(told[8]).toBe('import itself');
    expect([...told.slice(9, -1)].sort()).toEqual([
      ...['delete itself', 'delete itself', 'delete itself'],
      ...['untag root:1', 'untag team/web:2', 'untag web:3', 'untag web:latest'],
    ]);
    expect(told.at(-1)).toMatch(/^prune itself \d+$/);
  });

  it('are followed again after the store has started again', async () => {
    await images.open();
    const told = next();
    events.fire({ kind: 'opened', status: { persistent: true }, restarts: 1 });
    expect(await told).toEqual([]);
  });

  it('go out and come in as files and as streams, with progress, and the browser is asked once to keep them', async () => {
    const layer = await makeLayer({ 'bin/sh': 'shell'.repeat(20_000) }, 'none');
    const kept: boolean[] = [];
    images.persisted((value) => kept.push(value));
    const imported = await images.import(new Blob([layer.bytes]), { reference: 'mine:1' });
    const streamed = await images.import(streamOf(pieces(layer.bytes, 5000)), { reference: 'mine:2' });
    expect(imported.references).toEqual(['mine:1']);
    await images.commit('mine:1', streamOf(pieces(layer.bytes, 5000)), { reference: 'mine:3' });
    expect((await images.select('mine:3')).layers).toHaveLength(2);
    const tree = await new Response(await images.export('mine:3')).arrayBuffer();
    expect(tree.byteLength).toBeGreaterThan(100_000);
    expect(await images.flatten('mine:3', 'mine:4')).toMatchObject({ references: ['mine:4'] });
    expect((await images.select('mine:4')).layers).toHaveLength(1);
    const archive = await new Response(await images.save(['mine:1', 'mine:2'], 'docker-archive')).blob();
    const phases = new Set<string>();
    const onProgress = ({ phase }: Progress): void => void phases.add(phase);
    await images.prune({ all: true });
    const loaded = await images.load(archive, { onProgress });
    expect(loaded.map(({ id }) => id)).toEqual([imported.id, streamed.id]);
    await images.remove('mine:1');
    expect(await images.load(archive.stream() as ReadableStream<Uint8Array>)).toEqual(loaded);
    expect([...phases]).toContain('Reading');
    expect(asked).toEqual(['persist']);
    expect(kept).toEqual([true]);
  });

  it('are taken from a folder', async () => {
    const image = await makeImage([await makeLayer({ a: 'b' })]);
    const files = [
      { path: 'oci-layout', content: new Blob(['{"imageLayoutVersion":"1.0.0"}']) },
      { path: 'index.json', content: new Blob([JSON.stringify({ schemaVersion: 2, manifests: [image.root] })]) },
      ...image.blobs.map(({ descriptor, bytes }) => ({
        path: `blobs/sha256/${descriptor.digest.slice(7)}`,
        content: new Blob([bytes]),
      })),
    ];
    expect(await images.loadFolder(files)).toEqual([{ id: image.root.digest, references: [] }]);
  });

  it('that are refused or stopped end the stream they come by, with the reason', async () => {
    let ended = 0;
    const endless = (): ReadableStream<Uint8Array> =>
      streamOf(
        (async function* () {
          try {
            for (;;) yield new Uint8Array(60_000);
          } finally {
            ended += 1;
          }
        })(),
      );
    await expect(images.load(endless())).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(images.commit('nothing', endless())).rejects.toMatchObject({ code: 'NotFound' });
    const abort = new AbortController();
    const stopped = images.import(endless(), {}, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'Canceled' });
    expect(ended).toBe(3);
    expect(await opened.store.list()).toEqual([]);
    const broken = streamOf(
      (async function* () {
        yield encode('x');
        throw new SandboxError('Unavailable', 'The other side has gone');
      })(),
    );
    await expect(images.import(broken)).rejects.toMatchObject({
      code: 'Unavailable',
      message: 'The other side has gone',
    });
    expect(asked).toEqual([]);
  });

  it('end what is being saved when the store ends', async () => {
    await pullImage(opened.images, await makeImage([await makeLayer({ a: 'b'.repeat(3_000_000) }, 'none')]), 'web');
    const reader = (await images.save(['web'], 'oci-archive')).getReader();
    await reader.read();
    events.fire({ kind: 'lost', error: new SandboxError('Unavailable', 'The store ended') });
    const rest = async (): Promise<void> => {
      for (let piece = await reader.read(); !piece.done; ) piece = await reader.read();
    };
    await expect(rest()).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(images.save(['nothing'], 'oci-archive')).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('have no other calls than those of their service', async () => {
    for (const method of ['constructor', 'toString', 'nothing', '__proto__']) {
      await expect(connection.remote.call('images', method)).rejects.toMatchObject({ code: 'Unimplemented' });
    }
    await expect(connection.remote.call('constructor' as 'images', 'toString')).rejects.toMatchObject({
      code: 'Unimplemented',
    });
  });
});
