import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock';
import { createDeferred } from '../base/deferred';
import { FakeClock } from '../base/fake-clock';
import { digestHex, digestOf } from '../formats/digest';
import { annotations, type Descriptor, mediaTypes } from '../formats/oci';
import { ArtifactSource, artifactPhases } from './artifact-source';
import { patternBytes } from './content-store.conformance';
import { MemoryBackend } from './memory-backend';
import { MemoryMetadataStore } from './metadata-store';
import { VerifiedContentStore } from './verified-content-store';
import { stallTimeoutMs } from './watchdog';
import { storeAsZstd, zerosAsZstd } from './zstd-frame';

interface Served {
  readonly body: Uint8Array;
  /** Ends the connection after this many bytes, with the full length announced. */
  readonly breakAfter?: number;
  /** Sends this many bytes and then no more, until the client goes. */
  readonly stallAfter?: number;
}

const reference = 'strata/test:1';
/** Half noise, half zeros, as a machine's memory is. */
const unpacked = new Uint8Array(3_000_000);
unpacked.set(patternBytes(1_500_000), 700_000);
const packed = storeAsZstd(unpacked);

describe('artifact source', () => {
  let server: Server;
  let baseUrl: string;
  const replies = new Map<string, Served[]>();
  const requests: { path: string; cacheControl: string }[] = [];
  let stalled = createDeferred<void>();
  let gone = createDeferred<void>();

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url ?? '';
      requests.push({ path, cacheControl: request.headers['cache-control'] ?? '' });
      const queue = replies.get(path);
      // The last reply stays.
      const served = queue && queue.length > 1 ? queue.shift() : queue?.[0];
      if (!served) {
        response.writeHead(404).end();
        return;
      }
      const { body, breakAfter, stallAfter } = served;
      if (breakAfter !== undefined) {
        response.writeHead(200, { 'content-length': body.length });
        response.write(body.subarray(0, breakAfter), () => response.destroy());
      } else if (stallAfter !== undefined) {
        response.writeHead(200, { 'content-length': body.length });
        response.write(body.subarray(0, stallAfter), () => stalled.resolve());
        response.on('close', () => gone.resolve());
      } else {
        response.writeHead(200).end(body);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/registry/`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const serve = async (name: string, ...served: Served[]): Promise<void> =>
    void replies.set(`/registry/${name}`, served);
  const blobPath = (descriptor: Descriptor): string => `blobs/sha256/${digestHex(descriptor.digest)}`;
  const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const requestsOf = (descriptor: Descriptor): number =>
    requests.filter(({ path }) => path.endsWith(blobPath(descriptor))).length;

  let layer: Descriptor;
  let manifestDescriptor: Descriptor;
  let backend: MemoryBackend;
  let store: VerifiedContentStore;
  let source: ArtifactSource;
  let metadata: MemoryMetadataStore;
  const openSource = (): ArtifactSource => new ArtifactSource({ baseUrl, store, metadata, fetch, clock: systemClock });

  beforeEach(async () => {
    const config: Descriptor = { mediaType: mediaTypes.emptyConfig, digest: await digestOf(encode({})), size: 2 };
    layer = {
      mediaType: mediaTypes.kernelLayer,
      digest: await digestOf(packed),
      size: packed.length,
      annotations: {
        [annotations.title]: 'the kernel',
        [annotations.uncompressedDigest]: await digestOf(unpacked),
        [annotations.uncompressedSize]: String(unpacked.length),
      },
    };
    const manifest = encode({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] });
    manifestDescriptor = {
      mediaType: mediaTypes.manifest,
      digest: await digestOf(manifest),
      size: manifest.length,
      annotations: { [annotations.refName]: reference },
    };
    await serve('index.json', {
      body: encode({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [manifestDescriptor] }),
    });
    await serve(blobPath(manifestDescriptor), { body: manifest });
    await serve(blobPath(config), { body: encode({}) });
    await serve(blobPath(layer), { body: packed });
    backend = new MemoryBackend({ chunkSize: 100_000 });
    store = new VerifiedContentStore(backend, systemClock);
    metadata = new MemoryMetadataStore();
    source = openSource();
  });
  afterEach(() => {
    replies.clear();
    requests.length = 0;
    stalled = createDeferred();
    gone = createDeferred();
  });

  it('fetches a layer once, unpacks it, and keeps what came out', async () => {
    const artifact = await source.resolve(reference);
    expect(artifact.manifest.layers).toEqual([layer]);
    const progress: { done?: number; total?: number; phase: string }[] = [];
    const bytes = await source.load(layer, { onProgress: (step) => progress.push(step) });
    expect(await digestOf(bytes)).toBe(await digestOf(unpacked));
    expect(progress).toContainEqual({
      phase: artifactPhases.fetching('the kernel'),
      done: packed.length,
      total: packed.length,
    });
    await source.load(layer);
    expect(requestsOf(layer)).toBe(1);
    expect(await store.has(layer.digest)).toBe(false);
  });

  it('works without the server once everything was fetched', async () => {
    await source.resolve(reference);
    await source.load(layer);
    replies.clear();
    const offline = openSource();
    const { manifest } = await offline.resolve(reference);
    expect((await offline.load(manifest.layers[0] ?? layer)).length).toBe(unpacked.length);
  });

  it('asks for the index again at the next visit, and keeps the good one when garbage comes', async () => {
    await source.resolve(reference);
    await source.resolve(reference);
    expect(requests.filter(({ path }) => path.endsWith('index.json'))).toHaveLength(1);
    expect(requests[0]?.cacheControl).toBe('max-age=0');
    await serve('index.json', { body: new TextEncoder().encode('<html>Please log in</html>') });
    const again = openSource();
    expect((await again.resolve(reference)).descriptor.digest).toBe(manifestDescriptor.digest);
    expect(requests.filter(({ path }) => path.endsWith('index.json'))).toHaveLength(2);
  });

  it('says that there is no index to be had when there never was one', async () => {
    replies.clear();
    await expect(source.resolve(reference)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('404'),
    });
  });

  it('names an unknown reference and what there is', async () => {
    const work = source.resolve('strata/none:1');
    await expect(work).rejects.toMatchObject({
      code: 'NotFound',
      message: `No such artifact: strata/none:1 (the registry has ${reference})`,
    });
  });

  const damaged = packed.slice();
  damaged[1234] = (damaged[1234] ?? 0) ^ 4;
  const faults: [string, Served, string][] = [
    ['with a flipped bit', { body: damaged }, 'DataLoss'],
    ['that is too short', { body: packed.subarray(0, 1000) }, 'DataLoss'],
    ['that is too long', { body: new Uint8Array([...packed, 0]) }, 'DataLoss'],
    ['that is empty', { body: new Uint8Array() }, 'DataLoss'],
    ['that breaks off', { body: packed, breakAfter: 100_000 }, 'Unavailable'],
  ];

  it.each(faults)('heals a download %s by another, past the cache', async (_, fault) => {
    await serve(blobPath(layer), fault, { body: packed });
    const phases: string[] = [];
    expect((await source.load(layer, { onProgress: ({ phase }) => phases.push(phase) })).length).toBe(unpacked.length);
    const seen = requests.filter(({ path }) => path.endsWith(blobPath(layer)));
    expect(seen.map(({ cacheControl }) => cacheControl)).toEqual(['', 'no-cache']);
    expect(
      phases.some((phase) => phase === artifactPhases.damagedDownload || phase === artifactPhases.failedDownload),
    ).toBe(true);
  });

  it.each(faults)('gives up on a server whose every download is one %s, and keeps nothing', async (_, fault, code) => {
    await serve(blobPath(layer), fault);
    const details = { digest: layer.digest, url: `${baseUrl}${blobPath(layer)}` };
    await expect(source.load(layer)).rejects.toMatchObject({ code, details });
    expect(requestsOf(layer)).toBe(2);
    expect(backend.chunkCount).toBe(0);
  });

  it('refuses a layer that unpacks to more than it announces, before it fills the memory', async () => {
    const bomb = zerosAsZstd(20_000);
    const descriptor: Descriptor = {
      ...layer,
      digest: await digestOf(bomb),
      size: bomb.length,
      annotations: { ...layer.annotations, [annotations.uncompressedSize]: '1000' },
    };
    await serve(blobPath(descriptor), { body: bomb });
    await expect(source.load(descriptor)).rejects.toMatchObject({
      code: 'DataLoss',
      message: expect.stringContaining('1000 bytes announced'),
    });
    expect(backend.chunkCount).toBe(0);
  });

  it('shares one download between callers who ask at once', async () => {
    const loads = await Promise.all([source.load(layer), source.load(layer), source.load(layer)]);
    expect(loads.map((bytes) => bytes.length)).toEqual([unpacked.length, unpacked.length, unpacked.length]);
    expect(requestsOf(layer)).toBe(1);
  });

  it('leaves nothing behind when it is aborted, and closes the connection', async () => {
    await serve(blobPath(layer), { body: packed, stallAfter: 300_000 });
    const abort = new AbortController();
    const work = source.load(layer, { signal: abort.signal });
    await stalled.promise;
    abort.abort();
    await expect(work).rejects.toMatchObject({ code: 'Canceled' });
    await gone.promise;
    expect(backend.chunkCount).toBe(0);
    expect(requestsOf(layer)).toBe(1);
  });

  it('does not wait for ever for a server that sends no more', async () => {
    const clock = new FakeClock();
    await serve(blobPath(layer), { body: packed, stallAfter: 300_000 }, { body: packed });
    const patient = new ArtifactSource({ baseUrl, store, metadata, fetch, clock });
    const received = createDeferred<void>();
    const work = patient.load(layer, { onProgress: ({ done }) => done === 300_000 && received.resolve() });
    await received.promise;
    await clock.advance(stallTimeoutMs);
    expect((await work).length).toBe(unpacked.length);
    expect(clock.pending).toBe(0);
  });

  it('goes on with a shared download when one of two callers gives up', async () => {
    const abort = new AbortController();
    const first = source.load(layer, { signal: abort.signal });
    const second = source.load(layer);
    abort.abort();
    await expect(first).rejects.toMatchObject({ code: 'Canceled' });
    expect((await second).length).toBe(unpacked.length);
    expect(requestsOf(layer)).toBe(1);
  });

  it('fetches a stored blob again when it was damaged in the store', async () => {
    await source.load(layer);
    const digest = await digestOf(unpacked);
    const record = await backend.find(digest);
    if (!record) throw new Error('Not stored');
    const checksums = record.checksums.map((byte) => byte ^ 1);
    await backend.begin('other', undefined);
    await backend.commit([{ record: { ...record, content: 'other', checksums }, last: undefined }]);
    const phases: string[] = [];
    expect((await source.load(layer, { onProgress: ({ phase }) => phases.push(phase) })).length).toBe(unpacked.length);
    expect(phases).toContain(artifactPhases.damagedStored);
    expect(requestsOf(layer)).toBe(2);
  });
});
