import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PushEvent } from '../../api/distribution';
import { systemClock } from '../../base/clock';
import type { ErrorCode } from '../../base/errors';
import type { Descriptor } from '../../formats/oci';
import type { ArtifactBlob } from '../../formats/signature-artifact';
import { MemoryMetadataStore } from '../metadata-store';
import { stallTimeoutMs } from '../watchdog';
import { ContentFixture } from './content-fixture';
import { type ImageFixture, makeImage, makeIndex } from './image-fixture';
import { ImageRegistries, type ImageRegistriesOptions } from './image-registries';
import { RegistryFixture } from './registry-fixture';

describe('a push', () => {
  let registry: RegistryFixture;
  let content: ContentFixture;
  let small: ImageFixture;
  let large: ImageFixture;
  let name: string;

  beforeAll(async () => {
    registry = await RegistryFixture.start();
    small = await makeImage({ layers: { base: 30_000, app: 200 } });
    // More than two chunks.
    large = await makeImage({ layers: { large: 9_000_000 } });
    name = `${registry.name}/team/web:1`;
  });
  afterAll(() => registry[Symbol.asyncDispose]());
  beforeEach(async () => {
    registry.reset();
    content = new ContentFixture();
  });

  const keep = async (...blobs: readonly ArtifactBlob[]): Promise<void> => {
    const lease = await content.lease();
    for (const { descriptor, bytes } of blobs) {
      await content.put(
        descriptor,
        (async function* () {
          yield bytes;
        })(),
        lease,
      );
    }
    await lease.release();
  };
  const keepImage = async ({ manifest, config, layers }: ImageFixture, reference?: string): Promise<void> => {
    await keep(manifest, config, ...layers);
    if (reference !== undefined) await content.tag(reference, manifest.descriptor);
  };
  const registries = (options: Partial<ImageRegistriesOptions> = {}) =>
    new ImageRegistries({
      content,
      metadata: new MemoryMetadataStore(),
      fetch,
      clock: {
        ...systemClock,
        after: (ms: number, call: () => void) => systemClock.after(ms >= stallTimeoutMs ? ms : 0, call),
      },
      layoutUrl: `http://${registry.name}/registry/`,
      ...options,
    });
  const sent = (method: string): readonly string[] =>
    registry.seen.filter((request) => request.method === method).map(({ path }) => path);
  const stored = ({ digest }: Descriptor, bytes: Uint8Array): boolean =>
    Buffer.compare(registry.blobs.get(digest) ?? new Uint8Array(), bytes) === 0;

  it('brings an image to its registry, bit for bit, its tag last', async () => {
    await keepImage(small, name);
    const events: PushEvent[] = [];
    const digest = await registries().push(name, { onEvent: (event) => events.push(event) });
    expect(digest).toBe(small.manifest.descriptor.digest);
    for (const { descriptor, bytes } of [small.config, ...small.layers]) expect(stored(descriptor, bytes)).toBe(true);
    const manifest = registry.manifests.get('team/web:1');
    expect(manifest?.type).toBe(small.manifest.descriptor.mediaType);
    expect(Buffer.compare(manifest!.bytes, small.manifest.bytes)).toBe(0);
    expect(registry.seen.at(-1)).toMatchObject({ method: 'PUT', path: '/v2/team/web/manifests/1' });
    expect(events.flatMap((event) => (event.kind === 'message' ? [event.text] : []))).toEqual([
      `The push refers to repository [${registry.name}/team/web]`,
      `1: digest: ${digest} size: ${small.manifest.descriptor.size}`,
    ]);
    const last = new Map(events.flatMap((event) => (event.kind === 'layer' ? [[event.digest, event.status]] : [])));
    expect([...last]).toEqual(small.layers.map(({ descriptor }) => [descriptor.digest, 'Pushed']));
  });

  it('of what is there sends no blob', async () => {
    await keepImage(small, name);
    await registries().push(name);
    registry.seen.length = 0;
    const events: PushEvent[] = [];
    await registries().push(name, { onEvent: (event) => events.push(event) });
    expect(sent('POST')).toEqual([]);
    expect(sent('PUT')).toEqual(['/v2/team/web/manifests/1']);
    const statuses = events.flatMap((event) => (event.kind === 'layer' ? [event.status] : []));
    expect(statuses.filter((status) => status !== 'Preparing')).toEqual([
      'Layer already exists',
      'Layer already exists',
    ]);
  });

  it('to another repository mounts what the registry is known to have', async () => {
    await keepImage(small, name);
    await content.tag(`${registry.name}/team/other:1`, small.manifest.descriptor);
    const both = registries();
    await both.push(name);
    registry.seen.length = 0;
    // The registry of the test shows every blob in every repository; a real one does not.
    registry.fault = ({ method }, response) => {
      if (method !== 'HEAD') return false;
      response.writeHead(404).end();
      return true;
    };
    const events: PushEvent[] = [];
    await both.push(`${registry.name}/team/other:1`, { onEvent: (event) => events.push(event) });
    expect(sent('POST')).toHaveLength(3);
    expect(sent('POST').every((path) => path.includes('from=team%2Fweb'))).toBe(true);
    expect(sent('PUT')).toEqual(['/v2/team/other/manifests/1']);
    expect(events.filter((event) => event.kind === 'layer' && event.status === 'Mounted')).toHaveLength(2);
  });

  it('sends what the registry will not mount', async () => {
    await keepImage(small, name);
    await content.tag(`${registry.name}/team/other:1`, small.manifest.descriptor);
    const both = registries();
    await both.push(name);
    registry.blobs.clear();
    registry.fault = ({ url }, response) => {
      if (!url?.includes('mount=')) return false;
      response.writeHead(403).end();
      return true;
    };
    await both.push(`${registry.name}/team/other:1`);
    for (const { descriptor, bytes } of [small.config, ...small.layers]) expect(stored(descriptor, bytes)).toBe(true);
  });

  it('sends large layers in chunks', async () => {
    await keepImage(large, name);
    await registries().push(name);
    const [layer] = large.layers;
    expect(stored(layer!.descriptor, layer!.bytes)).toBe(true);
    expect(sent('PATCH')).toHaveLength(Math.ceil(layer!.descriptor.size / (4 * 1024 * 1024)));
  });

  it('goes on where a broken chunk ended, or begins anew where that cannot be seen', async () => {
    const [layer] = large.layers;
    for (const broken of ['unanswered', 'session lost', 'half taken'] as const) {
      registry.reset();
      content = new ContentFixture();
      await keepImage(large, name);
      let chunks = 0;
      registry.fault = async (request, response) => {
        if (request.method === 'GET' && broken === 'session lost') {
          response.writeHead(404).end();
          return true;
        }
        if (request.method !== 'PATCH') return false;
        chunks += 1;
        if (chunks !== 2) return false;
        if (broken === 'half taken') await registry.takePart(request, 1_000_000);
        response.destroy();
        return true;
      };
      await registries().push(name);
      expect(stored(layer!.descriptor, layer!.bytes)).toBe(true);
      expect(chunks).toBe({ unanswered: 4, 'session lost': 5, 'half taken': 3 }[broken]);
    }
  });

  it('notices that only the answer was lost', async () => {
    await keepImage(small, name);
    let lost = false;
    registry.fault = async (request, response) => {
      if (lost || request.method !== 'PUT' || !request.url?.includes('/blobs/')) return false;
      lost = true;
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      registry.blobs.set(new URL(request.url, 'http://x').searchParams.get('digest')!, Buffer.concat(parts));
      response.destroy();
      return true;
    };
    await registries().push(name);
    expect(sent('PUT').filter((path) => path.includes('/blobs/'))).toHaveLength(3);
  });

  it('of an index pushes every image that it names, or says which are not here', async () => {
    const platforms = ['386', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
    const other = await makeImage({ layers: { arm: 100 }, platform: platforms[1]! });
    const index = await makeIndex([small, other].map((image, at) => ({ image, platform: platforms[at]! })));
    await keepImage(small);
    await keep(index);
    await content.tag(name, index.descriptor);
    await expect(registries().push(name)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('its images for linux/arm64 are not here'),
    });
    expect(registry.seen).toEqual([]);
    await keepImage(other);
    expect(await registries().push(name)).toBe(index.descriptor.digest);
    const manifests = sent('PUT').filter((path) => path.includes('/manifests/'));
    expect(manifests.at(-1)).toBe('/v2/team/web/manifests/1');
    expect(manifests).toHaveLength(3);
    expect(registry.manifests.has(`team/web@${other.manifest.descriptor.digest}`)).toBe(true);
  });

  it('of a name that is not here says so', async () => {
    await expect(registries().push(name)).rejects.toMatchObject({ code: 'NotFound' });
  });

  const fails = async (code: ErrorCode, words: string, fault: RegistryFixture['fault']): Promise<void> => {
    await keepImage(small, name);
    registry.fault = fault;
    await expect(registries().push(name)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    expect(registry.manifests.size).toBe(0);
  };

  it('that is denied says so', () =>
    fails('FailedPrecondition', `Push access denied for ${registry.name}/team/web`, (request, response) => {
      if (request.method !== 'POST') return false;
      const errors = [{ code: 'DENIED', message: 'requested access to the resource is denied' }];
      response.writeHead(403).end(JSON.stringify({ errors }));
      return true;
    }));

  it('to a registry that does not show where uploads go says what is missing', () =>
    fails('FailedPrecondition', 'Access-Control-Expose-Headers: Location', (request, response) => {
      if (request.method !== 'POST') return false;
      response.writeHead(202).end();
      return true;
    }));

  it('to a registry that takes other bytes than were sent says so', () =>
    fails('FailedPrecondition', 'provided digest did not match', (request, response) => {
      if (request.method !== 'PUT') return false;
      const errors = [{ code: 'DIGEST_INVALID', message: 'provided digest did not match uploaded content' }];
      response.writeHead(400).end(JSON.stringify({ errors }));
      return true;
    }));

  it('that is canceled sends nothing more', async () => {
    await keepImage(large, name);
    const abort = new AbortController();
    registry.fault = ({ method }) => {
      if (method === 'PATCH') abort.abort();
      return false;
    };
    await expect(registries().push(name, { signal: abort.signal })).rejects.toMatchObject({ code: 'Canceled' });
    expect(registry.manifests.size).toBe(0);
  });

  it('tells nobody else who we are: an upload that goes to another server has no credentials with it', async () => {
    const storage = await RegistryFixture.start();
    const bodies: Buffer[] = [];
    storage.fault = async (request, response) => {
      for await (const part of request) bodies.push(part as Buffer);
      response.writeHead(201).end();
      return true;
    };
    const needsLogin = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    registry.fault = (request, response) => {
      if (request.headers.authorization !== needsLogin) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        return true;
      }
      if (request.method !== 'POST') return false;
      response.writeHead(202, { location: `http://${storage.name}/upload?signature=a%2Bb` }).end();
      return true;
    };
    await keepImage(small, name);
    const credentials = async (asked: string) =>
      asked === registry.name ? { username: 'ann', password: 'secret' } : undefined;
    await registries({ credentials }).push(name);
    expect(Buffer.concat(bodies).length).toBe(
      [small.config, ...small.layers].reduce((sum, { bytes }) => sum + bytes.length, 0),
    );
    expect(storage.seen.map(({ authorization }) => authorization)).toEqual(['', '', '']);
    expect(storage.seen[0]?.path).toMatch(/^\/upload\?signature=a%2Bb&digest=sha256/);
    await storage[Symbol.asyncDispose]();
  });
});
