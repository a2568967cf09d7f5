import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PullEvent } from '../../api/distribution';
import { type Clock, systemClock } from '../../base/clock';
import { createDeferred } from '../../base/deferred';
import type { ErrorCode } from '../../base/errors';
import { FakeClock } from '../../base/fake-clock';
import { type Descriptor, mediaTypes } from '../../formats/oci';
import { leaseLifeMs } from '../images/image-leases';
import { MemoryMetadataStore } from '../metadata-store';
import { stallTimeoutMs } from '../watchdog';
import { ContentFixture } from './content-fixture';
import { documentOf, type ImageFixture, makeImage, makeIndex, makeLayer, manifestOf } from './image-fixture';
import { ImageRegistries, type ImageRegistriesOptions } from './image-registries';
import { RegistryFixture } from './registry-fixture';

describe('a pull', () => {
  let registry: RegistryFixture;
  let content: ContentFixture;
  let image: ImageFixture;
  let name: string;

  beforeAll(async () => {
    registry = await RegistryFixture.start();
    image = await makeImage({ layers: { base: 300_000, app: 20_000, config: 100 } });
    name = `${registry.name}/team/web:1`;
  });
  afterAll(() => registry[Symbol.asyncDispose]());
  beforeEach(() => {
    registry.reset();
    registry.addImage('team/web', image, '1');
    content = new ContentFixture();
  });

  const registries = (options: Partial<ImageRegistriesOptions> = {}) =>
    new ImageRegistries({
      content,
      metadata: new MemoryMetadataStore(),
      fetch,
      clock: systemClock,
      layoutUrl: `http://${registry.name}/registry/`,
      ...options,
    });
  /** A clock that does not let anybody wait. */
  const hurried = () => ({
    ...systemClock,
    after: (ms: number, call: () => void) => systemClock.after(ms >= stallTimeoutMs ? ms : 0, call),
  });
  const blobsOf = ({ config, layers }: ImageFixture) => [config, ...layers].map(({ descriptor }) => descriptor);
  const refusal = async (work: Promise<unknown>): Promise<{ code: ErrorCode; message: string }> => {
    const error: unknown = await work.then(
      () => expect.unreachable(),
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'SandboxError' });
    return error as { code: ErrorCode; message: string };
  };
  const nothingShown = async () => {
    expect(await content.references()).toEqual([]);
    // Whole blobs at most, every one verified when it was stored.
    for (const { digest } of await content.store.list()) await content.store.read(digest);
  };

  it('brings everything that a name stands for, once, and tells of it in the words of docker', async () => {
    const events: PullEvent[] = [];
    const pulled = await registries().pull(name, { onEvent: (event) => events.push(event) });
    const { digest } = image.manifest.descriptor;
    expect(pulled).toMatchObject({ reference: name, digest, manifest: digest, signature: { kind: 'unchecked' } });
    for (const { descriptor, bytes } of [image.manifest, image.config, ...image.layers]) {
      expect(Buffer.compare(await content.read(descriptor.digest), bytes)).toBe(0);
    }
    expect(await content.resolve(name)).toMatchObject(image.manifest.descriptor);
    expect(await content.leases()).toBe(0);
    expect(events.flatMap((event) => (event.kind === 'message' ? [event.text] : []))).toEqual([
      `1: Pulling from team/web`,
      `Digest: ${digest}`,
      `Status: Downloaded newer image for ${name}`,
    ]);
    const layer = image.layers[0]!.descriptor;
    const lines = events.flatMap((event) => (event.kind === 'layer' && event.digest === layer.digest ? [event] : []));
    const statuses = lines.map(({ status }) => status).filter((status, at, all) => status !== all[at - 1]);
    expect(statuses).toEqual(['Pulling fs layer', 'Downloading', 'Download complete', 'Extracting', 'Pull complete']);
    expect(lines[1]).toMatchObject({ id: layer.digest.slice(7, 19), total: layer.size });
    for (const { descriptor } of image.layers) expect(registry.requestsOf(descriptor.digest)).toHaveLength(1);
  });

  it('of an image that is there moves nothing', async () => {
    await registries().pull(name);
    registry.seen.length = 0;
    const events: PullEvent[] = [];
    const pulled = await registries().pull(name, { onEvent: (event) => events.push(event) });
    expect(pulled.transferred).toBe(0);
    expect(registry.seen.map(({ path }) => path)).toEqual(['/v2/team/web/manifests/1']);
    expect(events).toContainEqual({ kind: 'message', text: `Status: Image is up to date for ${name}` });
    expect(events.filter(({ kind }) => kind === 'layer').every((event) => 'status' in event)).toBe(true);
  });

  it('of an image with one changed layer moves that layer alone', async () => {
    await registries().pull(name);
    const next = await makeImage({ layers: { base: 300_000, app: 20_001, config: 100 } });
    registry.addImage('team/web', next, '2');
    registry.seen.length = 0;
    const pulled = await registries().pull(`${registry.name}/team/web:2`);
    const changed = next.layers[1]!.descriptor;
    expect(pulled.transferred).toBe(changed.size + next.config.descriptor.size);
    expect(
      registry.seen
        .filter(({ path }) => path.includes('/blobs/'))
        .map(({ path }) => path)
        .sort(),
    ).toEqual([changed, next.config.descriptor].map(({ digest }) => `/v2/team/web/blobs/${digest}`).sort());
  });

  it('by digest takes that manifest, whatever the tag is now', async () => {
    const { digest } = image.manifest.descriptor;
    registry.addImage('team/web', await makeImage({ layers: { other: 10 } }), '1');
    expect(await registries().pull(`${registry.name}/team/web@${digest}`)).toMatchObject({ digest });
  });

  it('of an index takes the image for this machine', async () => {
    const arm = await makeImage({ layers: { arm: 10 }, platform: { os: 'linux', architecture: 'arm64' } });
    const index = await makeIndex([
      { image: arm, platform: { os: 'linux', architecture: 'arm64' } },
      { image, platform: { os: 'linux', architecture: '386' } },
    ]);
    for (const each of [arm, image]) registry.addImage('team/web', each);
    registry.addManifest('team/web', index, 'multi');
    const pulled = await registries().pull(`${registry.name}/team/web:multi`);
    expect(pulled).toMatchObject({ digest: index.descriptor.digest, manifest: image.manifest.descriptor.digest });
    expect(await content.has(arm.manifest.descriptor)).toBe(false);
    const other = await registries().pull(`${registry.name}/team/web:multi`, {
      platform: { os: 'linux', architecture: 'arm64' },
    });
    expect(other.manifest).toBe(arm.manifest.descriptor.digest);
  });

  it.each(['index', 'manifest'])(
    'of an image for other machines, told by its %s, names those there are',
    async (kind) => {
      const platform = { os: 'linux', architecture: 'amd64' };
      const large = await makeImage({ layers: { large: 1000 }, platform });
      registry.addImage('team/web', large, 'other');
      if (kind === 'index') registry.addManifest('team/web', await makeIndex([{ image: large, platform }]), 'other');
      const { code, message } = await refusal(registries().pull(`${registry.name}/team/web:other`));
      expect(code).toBe('FailedPrecondition');
      expect(message).toContain('linux/amd64');
      expect(registry.requestsOf(large.layers[0]!.descriptor.digest)).toHaveLength(0);
    },
  );

  it('moves a layer that is used twice once', async () => {
    const { blob, diffId } = await makeLayer('twice', 100);
    const config = await documentOf(mediaTypes.config, {
      os: 'linux',
      architecture: '386',
      rootfs: { type: 'layers', diff_ids: [diffId, diffId] },
    });
    const manifest = await manifestOf(config.descriptor, [blob.descriptor, blob.descriptor]);
    for (const each of [config, blob]) registry.addBlob(each);
    registry.addManifest('team/web', manifest, 'twice');
    await registries().pull(`${registry.name}/team/web:twice`);
    expect(registry.requestsOf(blob.descriptor.digest)).toHaveLength(1);
  });

  it('has three layers on the way at most', async () => {
    const many = await makeImage({
      layers: Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`layer${at}`, 50])),
    });
    registry.addImage('team/web', many, 'many');
    let open = 0;
    let most = 0;
    const full = createDeferred<void>();
    registry.fault = async (request, response) => {
      if (!many.layers.some(({ descriptor }) => request.url?.endsWith(descriptor.digest))) return false;
      open += 1;
      most = Math.max(most, open);
      if (open === 3) full.resolve();
      response.on('close', () => {
        open -= 1;
      });
      // Nobody is answered before as many ask as ever will.
      await full.promise;
      return false;
    };
    await registries().pull(`${registry.name}/team/web:many`);
    expect(most).toBe(3);
  });

  describe('that is interrupted', () => {
    /** Breaks the connection after so many bytes of a blob, once. */
    const breakOnce = ({ digest }: Descriptor, after: number, ignoresRange = false) => {
      let broken = false;
      registry.fault = (request, response) => {
        const bytes = registry.blobs.get(digest)!;
        if (!request.url?.endsWith(digest)) return false;
        if (broken && ignoresRange) {
          response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
          return true;
        }
        if (broken) return false;
        broken = true;
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, after), () => response.destroy());
        return true;
      };
    };

    it('goes on where it was, wherever that is', async () => {
      const { descriptor, bytes } = image.layers[1]!;
      const run = async (after: number, ignoresRange: boolean) => {
        content = new ContentFixture();
        registry.seen.length = 0;
        breakOnce(descriptor, after, ignoresRange);
        const { transferred } = await registries({ clock: hurried() }).pull(name);
        expect(Buffer.compare(await content.read(descriptor.digest), bytes)).toBe(0);
        const ranges = registry.requestsOf(descriptor.digest).map(({ range }) => range);
        // What a connection gives before it breaks may be lost on the way.
        const [, resumed = ''] = ranges;
        const from = Number(/^bytes=(\d+)-$/.exec(resumed)?.[1] ?? 0);
        expect(ranges).toHaveLength(2);
        expect(from).toBeLessThanOrEqual(after);
        const all = blobsOf(image).reduce((sum, { size }) => sum + size, 0);
        expect(transferred).toBe(ignoresRange ? all + from : all);
      };
      for (const after of [0, 1, descriptor.size - 1]) await run(after, false);
      const place = fc.integer({ min: 0, max: descriptor.size - 1 });
      await fc.assert(fc.asyncProperty(place, fc.boolean(), run), { numRuns: 25 });
    });

    it('between any two requests and begun again moves only what is missing', async () => {
      // Manifest, config, three layers: after each of them the page is closed.
      for (let requests = 1; requests <= 5; requests += 1) {
        content = new ContentFixture();
        registry.seen.length = 0;
        // It has no time to clear up.
        content.collect = async () => [];
        const abort = new AbortController();
        let answered = 0;
        registry.fault = (_, response) => {
          answered += 1;
          if (answered <= requests) return false;
          abort.abort();
          response.destroy();
          return true;
        };
        const first = registries().pull(name, { signal: abort.signal });
        await (requests < 5 ? expect(first).rejects.toMatchObject({ code: 'Canceled' }) : first);
        const kept = new Set((await content.store.list()).map(({ digest }) => digest));
        registry.fault = () => false;
        registry.seen.length = 0;
        await registries().pull(name);
        for (const { digest } of blobsOf(image))
          expect(registry.requestsOf(digest)).toHaveLength(kept.has(digest) ? 0 : 1);
        expect(await content.resolve(name)).toBeDefined();
      }
    });

    it('tells when the connection goes on breaking', async () => {
      registry.fault = (request, response) => {
        if (!request.url?.includes('/blobs/')) return false;
        response.destroy();
        return true;
      };
      const { code, message } = await refusal(registries({ clock: hurried() }).pull(name));
      expect(code).toBe('Unavailable');
      expect(message).toContain(registry.name);
      await nothingShown();
      expect(registry.seen.filter(({ path }) => path.includes('/blobs/'))).toHaveLength(5);
    });

    it('does not wait for a server that has stopped sending', async () => {
      const { descriptor, bytes } = image.layers[0]!;
      const clock = new FakeClock();
      const stalled = createDeferred<void>();
      let first = true;
      registry.fault = (request, response) => {
        if (!request.url?.endsWith(descriptor.digest) || !first) return false;
        first = false;
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, 1000));
        return true;
      };
      const events: PullEvent[] = [];
      const work = registries({ clock }).pull(name, {
        onEvent: (event) => {
          events.push(event);
          if (event.kind === 'layer' && event.digest === descriptor.digest && event.current === 1000) stalled.resolve();
        },
      });
      await stalled.promise;
      await clock.advance(stallTimeoutMs);
      await clock.advance(500);
      await work;
      expect(events.some((event) => event.kind === 'layer' && event.status === 'Retrying')).toBe(true);
      expect(registry.requestsOf(descriptor.digest)[1]?.range).toBe('bytes=1000-');
      expect(clock.pending).toBe(0);
    });
  });

  it('that fails keeps what came for the next, and no longer than a lease lasts', async () => {
    const clock = new FakeClock();
    content = new ContentFixture(undefined, clock);
    const { digest } = image.layers[0]!.descriptor;
    registry.fault = (request, response) => {
      if (!request.url?.endsWith(digest)) return false;
      response.destroy();
      return true;
    };
    await expect(registries({ clock: hurried() }).pull(name)).rejects.toMatchObject({ code: 'Unavailable' });
    await nothingShown();
    const kept = (await content.store.list()).length;
    expect(kept).toBeGreaterThan(0);
    await content.collect();
    expect(await content.store.list()).toHaveLength(kept);
    await clock.jump(leaseLifeMs);
    await content.collect();
    expect(await content.store.list()).toEqual([]);
    expect(await content.leases()).toBe(0);
  });

  it('that is canceled ends every request, and leaves nothing behind', async () => {
    const { descriptor } = image.layers[0]!;
    const started = createDeferred<void>();
    const gone = createDeferred<void>();
    registry.fault = (request, response) => {
      if (!request.url?.endsWith(descriptor.digest)) return false;
      response.on('close', () => gone.resolve());
      response.writeHead(200, { 'content-length': descriptor.size });
      response.write(image.layers[0]!.bytes.subarray(0, 500), () => started.resolve());
      return true;
    };
    const abort = new AbortController();
    const complete = createDeferred<void>();
    const work = registries().pull(name, {
      signal: abort.signal,
      onEvent: (event) => {
        if (event.kind === 'layer' && event.status === 'Pull complete') complete.resolve();
      },
    });
    // Whole layers are there, and a part of one.
    await Promise.all([started.promise, complete.promise]);
    abort.abort();
    await expect(work).rejects.toMatchObject({ code: 'Canceled' });
    await gone.promise;
    await nothingShown();
    expect(await content.leases()).toBe(0);
    expect(await content.store.list()).toEqual([]);
    const before = new AbortController();
    before.abort();
    await expect(registries().pull(name, { signal: before.signal })).rejects.toMatchObject({ code: 'Canceled' });
  });

  describe('from a registry that', () => {
    const pullFails = async (code: ErrorCode, ...words: string[]) => {
      const error = await refusal(registries({ clock: hurried() }).pull(name));
      expect(error).toMatchObject({ code });
      for (const word of words) expect(error.message).toContain(word);
      await nothingShown();
    };
    const answer = (part: string, status: number, headers: Record<string, string>, body: string | Uint8Array) => {
      registry.fault = (request, response) => {
        if (!request.url?.includes(part)) return false;
        response.writeHead(status, headers).end(body);
        return true;
      };
    };

    it('does not know the name says so as docker does', async () => {
      registry.reset();
      await pullFails('NotFound', `Manifest for ${name} not found: manifest unknown: manifest unknown`);
    });

    it('denies access says so as docker does', async () => {
      const errors = [{ code: 'DENIED', message: 'requested access to the resource is denied' }];
      answer('/manifests/', 403, {}, JSON.stringify({ errors }));
      await pullFails(
        'FailedPrecondition',
        `Pull access denied for ${registry.name}/team/web, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
      );
    });

    it('asks for a login that nobody has says so', async () => {
      answer('/manifests/', 401, { 'www-authenticate': 'Basic realm="x"' }, '');
      await pullFails('FailedPrecondition', 'unauthorized: authentication required');
    });

    it.each<[string, string, number[]]>([
      ['in seconds', '1', [1000, 1000]],
      ['as a date', 'Thu, 26 Nov 2026 12:00:04 GMT', [4000, 4000]],
      ['in the past', 'Thu, 26 Nov 2026 11:00:00 GMT', [0, 0]],
      ['in no words of ours', 'soon', [500, 1000]],
      ['not at all', '', [500, 1000]],
    ])('limits the rate, and says how long %s, is asked again', async (_, after, pauses) => {
      let refusals = 0;
      registry.fault = (request, response) => {
        if (refusals === 2 || !request.url?.includes('/manifests/')) return false;
        refusals += 1;
        response.writeHead(429, after === '' ? {} : { 'retry-after': after }).end();
        return true;
      };
      const waits: number[] = [];
      const clock: Clock = {
        ...hurried(),
        now: () => Date.parse('Thu, 26 Nov 2026 12:00:00 GMT'),
        after(ms, call) {
          waits.push(ms);
          return hurried().after(ms, call);
        },
      };
      await registries({ clock }).pull(name);
      expect(waits.filter((ms) => ms < stallTimeoutMs)).toEqual(pauses);
    });

    it('limits the rate for hours is not waited for', async () => {
      const errors = [{ code: 'TOOMANYREQUESTS', message: 'You have reached your pull rate limit' }];
      answer('/manifests/', 429, { 'retry-after': '3600' }, JSON.stringify({ errors }));
      await pullFails('Unavailable', 'Toomanyrequests: You have reached your pull rate limit', '3600 seconds');
      expect(registry.seen).toHaveLength(1);
    });

    it('is out of order for a moment is asked again', async () => {
      const failing = new Set<string>();
      registry.fault = (request, response) => {
        if (failing.has(request.url ?? '')) return false;
        failing.add(request.url ?? '');
        response.writeHead(503).end('<html>down</html>');
        return true;
      };
      await registries({ clock: hurried() }).pull(name);
      expect(await content.resolve(name)).toBeDefined();
    });

    it('stays out of order is given up', async () => {
      answer('/manifests/', 500, {}, '');
      await pullFails('Unavailable', 'answered 500');
      expect(registry.seen).toHaveLength(5);
    });

    it.each([
      ['a web page', '<!doctype html><title>Sign in</title>', 'a web page came'],
      ['nothing', '', 'no JSON object'],
      ['a list', '[]', 'no JSON object'],
      ['another document', '{"mediaType":"application/json"}', 'media type is application/json'],
      [
        'a manifest that is an index as well',
        '{"schemaVersion":2,"layers":[],"config":{},"manifests":[]}',
        'must be absent',
      ],
      ['a manifest without layers', '{"schemaVersion":2,"config":{}}', 'manifest.config.mediaType'],
    ])('answers with %s instead of a manifest', async (_, body, words) => {
      answer('/manifests/', 200, { 'content-type': 'text/html' }, body);
      await pullFails('InvalidArgument', words);
    });

    it("has a manifest in docker's first format says what helps", async () => {
      answer('/manifests/', 200, {}, '{"schemaVersion":1,"name":"web"}');
      await pullFails('Unimplemented', 'push it again');
    });

    it('does not stop sending a manifest is not listened to', async () => {
      let sent = 0;
      registry.fault = (_, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(' '.repeat(65536))) sent += 1;
          sent += 1;
        };
        response.on('drain', more);
        more();
        return true;
      };
      await pullFails('InvalidArgument', 'more than 4194304 bytes');
      expect(sent).toBeLessThan(2000);
    });

    it('says another digest of a manifest than it has', async () => {
      answer('/manifests/', 200, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }, image.manifest.bytes);
      await pullFails('DataLoss', `expected sha256:${'0'.repeat(64)}`, image.manifest.descriptor.digest);
    });

    it('gives other bytes for a digest is caught, and asked once more past the cache', async () => {
      const { descriptor, bytes } = image.layers[1]!;
      registry.blobs.set(
        descriptor.digest,
        bytes.map((byte, at) => (at === 700 ? byte ^ 1 : byte)),
      );
      await pullFails('DataLoss', descriptor.digest);
      expect(registry.requestsOf(descriptor.digest)).toHaveLength(2);
    });

    it('gives another config than its manifest says', async () => {
      registry.blobs.set(
        image.config.descriptor.digest,
        image.config.bytes.map((byte) => byte ^ 1),
      );
      await pullFails('DataLoss', image.config.descriptor.digest);
    });

    it.each([
      ['less', -1],
      ['more', 1],
    ])('announces one byte %s than a layer has', async (_, more) => {
      const layers = image.layers.map(({ descriptor }) => descriptor);
      const lying = layers.map((layer, at) => (at === 0 ? { ...layer, size: layer.size + more } : layer));
      registry.addManifest('team/web', await manifestOf(image.config.descriptor, lying), '1');
      await pullFails('DataLoss', layers[0]!.digest);
    });

    it('ends a layer early, and cannot resume', async () => {
      const { descriptor, bytes } = image.layers[0]!;
      answer(descriptor.digest, 200, {}, bytes.subarray(0, 1000));
      await pullFails('DataLoss', `${descriptor.digest} ends after 1000 of ${descriptor.size} bytes`);
    });

    it('resumes at another place than asked is not believed', async () => {
      const { descriptor, bytes } = image.layers[1]!;
      registry.fault = (request, response) => {
        if (!request.url?.endsWith(descriptor.digest)) return false;
        if (request.headers.range === undefined) {
          response.writeHead(200, { 'content-length': bytes.length });
          response.write(bytes.subarray(0, 1000), () => response.destroy());
          return true;
        }
        response.writeHead(206, { 'content-range': `bytes 5000-${bytes.length - 1}/${bytes.length}` });
        response.end(bytes.subarray(5000));
        return true;
      };
      await pullFails('Unavailable', 'resumes at another place');
    });

    it('has a config that disagrees with its manifest', async () => {
      const layers = image.layers.slice(1).map(({ descriptor }) => descriptor);
      registry.addManifest('team/web', await manifestOf(image.config.descriptor, layers), '1');
      await pullFails('InvalidArgument', 'has 3 layers, its manifest 2');
    });

    it('announces a config that no config can be', async () => {
      const config = { ...image.config.descriptor, size: 5_000_000_000 };
      registry.addManifest('team/web', await manifestOf(config, []), '1');
      await pullFails('InvalidArgument', '5000000000 bytes');
    });

    it('has indexes in indexes without end', async () => {
      let inner = image.manifest.descriptor;
      for (let depth = 0; depth < 6; depth += 1) {
        const index = await documentOf(mediaTypes.index, {
          schemaVersion: 2,
          mediaType: mediaTypes.index,
          manifests: [inner],
          annotations: { depth: String(depth) },
        });
        registry.addManifest('team/web', index, '1');
        inner = index.descriptor;
      }
      await pullFails('InvalidArgument', 'indexes inside each other');
    });

    it('redirects in a ring', async () => {
      registry.fault = (_, response) => {
        response.writeHead(307, { location: '/v2/ring' }).end();
        return true;
      };
      await pullFails('Unavailable', registry.name);
    });

    it('is not there at all', async () => {
      const port = Number(registry.name.split(':')[1]);
      const nobody = `127.0.0.1:${port === 1 ? 2 : 1}/web:1`;
      const error = await refusal(registries({ clock: hurried() }).pull(nobody));
      expect(error).toMatchObject({
        code: 'Unavailable',
        message: expect.stringContaining('Cannot reach 127.0.0.1:1'),
      });
    });

    it('does not allow web pages is told as that, at once', async () => {
      const requests: string[] = [];
      const keptBack = async (url: string): Promise<Response> => {
        requests.push(url);
        throw new TypeError('Failed to fetch');
      };
      const page = registries({
        fetch: keptBack,
        pageOrigin: 'https://strata.example.org',
        layoutUrl: 'https://strata.example.org/registry/',
      });
      const { code, message } = await refusal(page.pull('ghcr.io/team/web:1'));
      expect(code).toBe('Unavailable');
      expect(message).toContain('ghcr.io cannot be used from a web page');
      expect(message).toContain('a mirror or a registry that sends Access-Control-Allow-Origin');
      expect(requests).toEqual(['https://ghcr.io/v2/team/web/manifests/1']);
    });

    it('sends from https to http is not followed', async () => {
      const downgraded = async (): Promise<Response> =>
        Object.defineProperty(new Response('{}'), 'url', { value: 'http://elsewhere.example.org/blob' });
      const { code, message } = await refusal(registries({ fetch: downgraded }).pull('ghcr.io/team/web:1'));
      expect(code).toBe('FailedPrecondition');
      expect(message).toContain('not encrypted');
    });
  });

  it.each(['', 'web/UPPER', 'a'.repeat(300), 'localhost:99999/web', 'web@sha256:0'])(
    'of "%s" is refused',
    async (wrong) => {
      expect(await refusal(registries().pull(wrong))).toMatchObject({ code: 'InvalidArgument' });
    },
  );
});
