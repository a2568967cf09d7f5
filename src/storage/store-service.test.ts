import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Progress } from '../api/operation';
import { createDeferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { digestHex, digestOf } from '../formats/digest';
import { annotations, type Descriptor, mediaTypes } from '../formats/oci';
import { type Connection, callback, connect, expose, transfer } from '../rpc/control';
import { patternBytes } from './content-store.conformance';
import { createMemoryContentStore } from './open-content-store';
import { StoreService } from './store-service';

const baseUrl = 'layout://registry/';
const reference = 'strata/firmware:1';
const rom = patternBytes(100_000);

describe('store service, through a port', () => {
  let service: StoreService;
  let connection: Connection<StoreService>;
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let channel: MessageChannel;

  const add = async (
    bytes: Uint8Array<ArrayBuffer>,
    mediaType: string,
    found: Record<string, string> = {},
  ): Promise<Descriptor> => {
    const digest = await digestOf(bytes);
    files.set(`${baseUrl}blobs/sha256/${digestHex(digest)}`, bytes);
    return { mediaType, digest, size: bytes.length, annotations: found };
  };
  const encode = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));

  /** A layout that is read from where it lies, as the recipes do; a request that is stopped never answers. */
  const readFile = (url: string, init?: RequestInit): Promise<Response> => {
    const bytes = files.get(url);
    if (bytes) return Promise.resolve(new Response(bytes));
    return new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
  };

  beforeEach(async () => {
    const config = await add(encode({}), mediaTypes.emptyConfig);
    const layer = await add(rom, mediaTypes.firmwareLayer, { [annotations.title]: 'bios.bin' });
    const absent = {
      ...layer,
      digest: await digestOf(encode('absent')),
      annotations: { [annotations.title]: 'absent' },
    };
    const manifest = encode({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer, absent] });
    const descriptor = await add(manifest, mediaTypes.manifest, { [annotations.refName]: reference });
    files.set(
      `${baseUrl}index.json`,
      encode({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [descriptor] }),
    );
    service = new StoreService({ open: async () => createMemoryContentStore(), fetch: readFile });
    channel = new MessageChannel();
    expose(service, channel.port1);
    connection = connect<StoreService>(channel.port2);
  });
  afterEach(async () => {
    await service.close();
    connection.close(new SandboxError('Aborted', 'The test is over'));
    channel.port1.close();
  });

  it('is to be opened before it is used', async () => {
    await expect(connection.remote.usage()).rejects.toMatchObject({ code: 'FailedPrecondition' });
  });

  it('loads a layer by number or title, with progress, and tells what is stored', async () => {
    const { remote } = connection;
    expect(await remote.open(baseUrl)).toEqual({ persistent: false });
    expect(await remote.isStored({ reference, part: 0 })).toBe(false);
    const fetched = createDeferred<Progress>();
    const onProgress = callback((step: Progress) => {
      if (step.phase === 'Fetching bios.bin') fetched.resolve(step);
    });
    expect(new Uint8Array(await remote.loadArtifact({ reference, part: 0 }, onProgress))).toEqual(rom);
    // Progress comes through a port of its own, so it may come after the result.
    expect(await fetched.promise).toEqual({ phase: 'Fetching bios.bin', done: rom.length, total: rom.length });
    expect(await remote.isStored({ reference, part: { title: 'bios.bin' } })).toBe(true);
    expect((await remote.loadArtifact({ reference, part: { title: 'bios.bin' } })).byteLength).toBe(rom.length);
    expect((await remote.loadArtifact({ reference, part: 'config' })).byteLength).toBe(2);
    const usage = await remote.usage();
    expect(usage.blobs).toBe(3);
    expect(usage.bytes).toBeGreaterThan(rom.length);
  });

  it('keeps blobs that are handed over, and hands them out', async () => {
    const { remote } = connection;
    await remote.open(baseUrl);
    const [small, large] = [patternBytes(3), patternBytes(20_000_000, 2)];
    const digests = await Promise.all([digestOf(small), digestOf(large)]);
    expect(await remote.putBlob(transfer(small.slice().buffer, []))).toEqual({ digest: digests[0], size: 3 });
    const moved = large.slice().buffer;
    expect(await remote.putBlob(transfer(moved, [moved]))).toEqual({ digest: digests[1], size: large.length });
    const [second, first, again] = await remote.readBlobs([digests[1], digests[0], digests[0]]);
    expect(await digestOf(new Uint8Array(second ?? []))).toBe(digests[1]);
    expect(first).toEqual(small.buffer);
    expect(again).toEqual(small.buffer);
    await remote.deleteBlob(digests[0]);
    await remote.deleteBlob(digests[0]);
    const work = remote.readBlobs(digests);
    await expect(work).rejects.toMatchObject({ code: 'NotFound', details: { digest: digests[0] } });
  });

  it('sweeps blobs of a label that nobody names, and no others', async () => {
    const { remote } = connection;
    await remote.open(baseUrl);
    const put = async (seed: number, label?: string) => {
      const { buffer } = patternBytes(100, seed);
      return (await remote.putBlob(transfer(buffer, [buffer]), label === undefined ? {} : { label })).digest;
    };
    const [kept, unused, other, unlabelled] = [await put(1, 'a'), await put(2, 'a'), await put(3, 'b'), await put(4)];
    expect(await put(4, 'a')).toBe(unlabelled);
    const all = [kept, unused, other, unlabelled];
    expect(await remote.missingBlobs(all)).toEqual([]);
    expect(await remote.sweepBlobs('a', [kept])).toBe(1);
    expect(await remote.missingBlobs(all)).toEqual([unused]);
  });

  it('keeps nothing of a blob whose storing is stopped or has no room', async () => {
    await service.close();
    const opened = createMemoryContentStore({ limit: 1000 });
    service = new StoreService({ open: async () => opened, fetch: readFile });
    await service.open(baseUrl);
    const refused = service.putBlob(patternBytes(1001).buffer);
    await expect(refused).rejects.toMatchObject({
      code: 'ResourceExhausted',
      details: { needed: 1001, available: 1000 },
    });
    const stopped = service.putBlob(patternBytes(900).buffer, { task: 'put-1' });
    service.cancel('put-1');
    await expect(stopped).rejects.toMatchObject({ code: 'Canceled' });
    expect(await service.putBlob(patternBytes(1000).buffer)).toMatchObject({ size: 1000 });
  });

  it('keeps records', async () => {
    const { remote } = connection;
    await remote.open(baseUrl);
    await remote.applyRecords([{ collection: 'instances', key: 'web', value: { name: 'web' } }]);
    expect(await remote.listRecords('instances')).toEqual([{ key: 'web', value: { name: 'web' } }]);
    const wrong = remote.applyRecords([{ collection: 'blobs' as 'disks', key: 'web', value: 1 }]);
    await expect(wrong).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('keeps the code of an error', async () => {
    await connection.remote.open(baseUrl);
    const work = connection.remote.loadArtifact({ reference, part: { title: 'none' } });
    await expect(work).rejects.toMatchObject({ code: 'NotFound', message: `No such layer in ${reference}: none` });
  });

  it('stops a call by its name', async () => {
    const { remote } = connection;
    await remote.open(baseUrl);
    const request = { reference, part: { title: 'absent' }, task: 'start-7' };
    const work = expect(remote.loadArtifact(request)).rejects.toMatchObject({ code: 'Canceled' });
    await expect(remote.loadArtifact(request)).rejects.toMatchObject({ code: 'AlreadyExists' });
    await remote.cancel('start-7');
    await work;
    await remote.cancel('start-7');
  });
});
