import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mediaTypes } from '../../src/formats/oci';
import { LayoutFixture } from '../../test/fixtures/oci-layout';
import { startServer } from './server.mjs';

const kernel = Buffer.from('a kernel, for the registry');

let layout: LayoutFixture;
let server: Awaited<ReturnType<typeof startServer>>;
let artifact: Awaited<ReturnType<LayoutFixture['addArtifact']>>;

beforeAll(async () => {
  layout = await LayoutFixture.create();
  artifact = await layout.addArtifact('strata/kernel:6.1', kernel);
  await layout.addArtifact('strata/kernel:6.2', Buffer.from('a newer kernel'));
  server = await startServer({ site: layout.dir, registry: layout.dir });
});

afterAll(async () => {
  await server.close();
  await layout[Symbol.asyncDispose]();
});

const get = (path: string, init?: RequestInit) => fetch(new URL(path, server.url), init);

async function errorCodes(response: Response): Promise<readonly string[]> {
  const body: { errors: { code: string }[] } = await response.json();
  return body.errors.map(({ code }) => code);
}

describe('the distribution API', () => {
  it('answers the version check', async () => {
    const response = await get('/v2/');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({});
  });

  it.each(['tag', 'digest'])('gives a manifest by %s with its media type and digest', async (by) => {
    const reference = by === 'tag' ? '6.1' : artifact.manifest.digest;
    const response = await get(`/v2/strata/kernel/manifests/${reference}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe(mediaTypes.manifest);
    expect(response.headers.get('Docker-Content-Digest')).toBe(artifact.manifest.digest);
    expect(await response.json()).toMatchObject({ layers: [artifact.layer] });
  });

  it('answers HEAD for a manifest with its size and no body', async () => {
    const response = await get('/v2/strata/kernel/manifests/6.1', { method: 'HEAD' });
    expect(response.headers.get('Content-Length')).toBe(String(artifact.manifest.size));
    expect(await response.text()).toBe('');
  });

  it('lets a tag move but never a digest', async () => {
    const byTag = await get('/v2/strata/kernel/manifests/6.1');
    const byDigest = await get(`/v2/strata/kernel/manifests/${artifact.manifest.digest}`);
    expect(byTag.headers.get('Cache-Control')).toBe('no-cache');
    expect(byDigest.headers.get('Cache-Control')).toContain('immutable');
  });

  it('gives a blob, whole and in part', async () => {
    const path = `/v2/strata/kernel/blobs/${artifact.layer.digest}`;
    expect(await (await get(path)).text()).toBe(kernel.toString());
    const part = await get(path, { headers: { Range: 'bytes=2-7' } });
    expect(part.status).toBe(206);
    expect(await part.text()).toBe('kernel');
  });

  it('gives the platforms of an image index by digest', async () => {
    const child = await layout.addManifest(await layout.addJson(mediaTypes.emptyConfig, {}), []);
    const index = await layout.addJson(mediaTypes.index, {
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [child],
    });
    await layout.tag('strata/multi:1', index);
    const response = await get('/v2/strata/multi/manifests/1');
    expect(response.headers.get('Content-Type')).toBe(mediaTypes.index);
    expect((await get(`/v2/strata/multi/manifests/${child.digest}`)).status).toBe(200);
    expect((await get(`/v2/strata/kernel/manifests/${child.digest}`)).status).toBe(404);
  });

  it('lists tags, page by page', async () => {
    expect(await (await get('/v2/strata/kernel/tags/list')).json()).toEqual({
      name: 'strata/kernel',
      tags: ['6.1', '6.2'],
    });
    const first = await get('/v2/strata/kernel/tags/list?n=1');
    expect(await first.json()).toMatchObject({ tags: ['6.1'] });
    const next = /^<(.+)>; rel="next"$/.exec(first.headers.get('Link') ?? '')?.[1] ?? '';
    const second = await get(next);
    expect(await second.json()).toMatchObject({ tags: ['6.2'] });
    expect(second.headers.get('Link')).toBeNull();
  });

  const absent = `sha256:${'0'.repeat(64)}`;
  it.each([
    ['/v2/strata/absent/manifests/1', 404, 'NAME_UNKNOWN'],
    ['/v2/strata/kernel/manifests/9', 404, 'MANIFEST_UNKNOWN'],
    [`/v2/strata/kernel/manifests/${absent}`, 404, 'MANIFEST_UNKNOWN'],
    [`/v2/strata/kernel/blobs/${absent}`, 404, 'BLOB_UNKNOWN'],
    ['/v2/strata/kernel/blobs/sha256:short', 400, 'DIGEST_INVALID'],
    ['/v2/strata/kernel/blobs/..%2f..%2findex.json', 400, 'DIGEST_INVALID'],
    ['/v2/STRATA/kernel/manifests/6.1', 404, 'NAME_UNKNOWN'],
    ['/v2/constructor/manifests/6.1', 404, 'NAME_UNKNOWN'],
  ])('answers %s with %i and %s', async (path, status, code) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(await errorCodes(response)).toEqual([code]);
  });

  it('refuses to be written to', async () => {
    const response = await get('/v2/strata/kernel/blobs/uploads/', { method: 'POST' });
    expect(response.status).toBe(405);
    expect(await errorCodes(response)).toEqual(['UNSUPPORTED']);
  });

  it('shows the same layout as plain files, blobs for ever and the index for now', async () => {
    const index = await get('/registry/index.json');
    expect(index.headers.get('Cache-Control')).toBe('no-cache');
    const blob = await get(`/registry/blobs/sha256/${artifact.layer.digest.slice(7)}`);
    expect(blob.headers.get('Cache-Control')).toContain('immutable');
    expect(await blob.text()).toBe(kernel.toString());
  });
});
