import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock';
import { digestHex } from '../../formats/digest';
import { annotations, type Descriptor, mediaTypes } from '../../formats/oci';
import { MemoryMetadataStore } from '../metadata-store';
import { ContentFixture } from './content-fixture';
import { type ImageFixture, makeImage } from './image-fixture';
import { ImageRegistries } from './image-registries';

/** Plain files, as any static host has them: no media types, and what is not there is answered with the page. */
describe('the layout that comes with the page', () => {
  const files = new Map<string, Uint8Array>();
  const seen: string[] = [];
  let content: ContentFixture;
  let image: ImageFixture;
  let baseUrl: string;
  const server = createServer((request, response) => {
    const { url = '' } = request;
    seen.push(url);
    const bytes = files.get(url);
    if (!bytes) response.writeHead(404, { 'content-type': 'text/html' }).end('<!doctype html>');
    else response.end(bytes);
  });

  beforeAll(async () => {
    image = await makeImage({ layers: { base: 5000, app: 200 } });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/registry/`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    files.clear();
    seen.length = 0;
    content = new ContentFixture();
    for (const { descriptor, bytes } of [image.manifest, image.config, ...image.layers])
      files.set(blobPath(descriptor), bytes);
    writeIndex('team/web:1');
  });

  const blobPath = ({ digest }: Descriptor) => `/registry/blobs/sha256/${digestHex(digest)}`;
  const writeIndex = (...names: readonly string[]): void => {
    const manifests = names.map((name) => ({
      ...image.manifest.descriptor,
      annotations: { [annotations.refName]: name },
    }));
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
    files.set('/registry/index.json', new TextEncoder().encode(JSON.stringify(index)));
  };
  const registries = (fetchAnywhere: typeof fetch = fetch) =>
    new ImageRegistries({
      content,
      metadata: new MemoryMetadataStore(),
      fetch: fetchAnywhere as (url: string, init?: RequestInit) => Promise<Response>,
      clock: systemClock,
      layoutUrl: baseUrl,
    });

  it.each(['team/web:1', 'docker.io/team/web:1', 'index.docker.io/team/web:1'])(
    'is where %s comes from',
    async (name) => {
      const pulled = await registries().pull(name);
      expect(pulled).toMatchObject({
        reference: 'docker.io/team/web:1',
        digest: image.manifest.descriptor.digest,
        transferred: [image.config, ...image.layers].reduce((sum, { bytes }) => sum + bytes.length, 0),
      });
      for (const { descriptor } of [image.manifest, image.config, ...image.layers]) {
        expect(seen.filter((path) => path === blobPath(descriptor))).toHaveLength(1);
      }
    },
  );

  it('knows the names that docker makes short', async () => {
    writeIndex('library/busybox:latest');
    expect(await registries().pull('busybox')).toMatchObject({ reference: 'docker.io/library/busybox:latest' });
  });

  it('is asked by digest too', async () => {
    const { digest } = image.manifest.descriptor;
    expect(await registries().pull(`team/web@${digest}`)).toMatchObject({ digest });
  });

  it('is not asked for what it does not have, nor for names of other registries', async () => {
    const asked: string[] = [];
    const elsewhere = (async (url: string, init?: RequestInit) => {
      if (url.startsWith(baseUrl)) return fetch(url, init);
      asked.push(url);
      return new Response('', { status: 404 });
    }) as typeof fetch;
    await expect(registries(elsewhere).pull('team/web:2')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(registries(elsewhere).pull('registry.example.org/team/web:1')).rejects.toMatchObject({
      code: 'NotFound',
    });
    expect(asked).toEqual([
      'https://registry-1.docker.io/v2/team/web/manifests/2',
      'https://registry.example.org/v2/team/web/manifests/1',
    ]);
  });

  it.each([
    ['is missing', () => undefined, 'NotFound'],
    ['is a web page', () => new TextEncoder().encode('<!doctype html>'), 'DataLoss'],
    ['is damaged', (bytes: Uint8Array) => bytes.map((byte, at) => (at === 5 ? byte ^ 1 : byte)), 'DataLoss'],
    ['is cut off', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1), 'DataLoss'],
  ])('of which a file %s is told by its digest', async (_, change, code) => {
    for (const { descriptor, bytes } of [image.manifest, image.config, ...image.layers]) {
      content = new ContentFixture();
      const changed = change(bytes);
      if (changed) files.set(blobPath(descriptor), changed);
      else files.delete(blobPath(descriptor));
      const error: unknown = await registries()
        .pull('team/web:1')
        .then(
          () => expect.unreachable(),
          (thrown: unknown) => thrown,
        );
      expect(error).toMatchObject({ code });
      if (code === 'DataLoss') expect((error as Error).message).toContain(descriptor.digest);
      expect(await content.references()).toEqual([]);
      files.set(blobPath(descriptor), bytes);
    }
  });

  it('may be away: that is said, and docker.io is not asked instead', async () => {
    files.delete('/registry/index.json');
    await expect(registries().pull('team/web:1')).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('index.json'),
    });
  });
});
