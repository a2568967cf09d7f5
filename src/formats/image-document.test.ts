import { describe, expect, it } from 'vitest';
import type { Digest } from '../api/content-store';
import { type ImagePart, isImageConfig, layerLimit, parseImageDocument, walkImage } from './image-document';
import { isForeignLayer, layerCompression } from './layer-type';
import { type Descriptor, mediaTypes } from './oci';

const digestOf = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const at = (mediaType: string, digit: string): Descriptor => ({ mediaType, digest: digestOf(digit), size: 1 });
const config = at(mediaTypes.config, '1');
const layer = at(mediaTypes.layerGzip, '2');
const manifestOf = (layers: readonly Descriptor[] = [layer], mediaType: string = mediaTypes.manifest) =>
  encode({ schemaVersion: 2, mediaType, config, layers });
const indexOf = (manifests: readonly Descriptor[], mediaType: string = mediaTypes.index) =>
  encode({ schemaVersion: 2, mediaType, manifests });

async function walked(root: Descriptor, documents: ReadonlyMap<string, Uint8Array>): Promise<readonly ImagePart[]> {
  const parts: ImagePart[] = [];
  for await (const part of walkImage(root, async ({ digest }) => documents.get(digest))) parts.push(part);
  return parts;
}

describe('a manifest or an index', () => {
  it.each([
    [mediaTypes.manifest, 'manifest'],
    [mediaTypes.dockerManifest, 'manifest'],
    [mediaTypes.index, 'index'],
    [mediaTypes.dockerIndex, 'index'],
  ])('of the type %s is read', (mediaType, kind) => {
    const bytes = kind === 'index' ? indexOf([], mediaType) : manifestOf([layer], mediaType);
    expect(parseImageDocument(at(mediaType, '3'), bytes)).toMatchObject({ kind, [kind]: { mediaType } });
  });

  it('keeps the platforms of an index', () => {
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
    const manifests = [{ ...at(mediaTypes.manifest, '4'), platform: { ...platform, 'os.version': '1' } }];
    expect(parseImageDocument(at(mediaTypes.index, '3'), indexOf(manifests as Descriptor[]))).toMatchObject({
      index: { manifests: [{ platform }] },
    });
  });

  it.each<[string, Descriptor, Uint8Array, string]>([
    [
      'another type than was announced',
      at(mediaTypes.manifest, '3'),
      manifestOf([], mediaTypes.dockerManifest),
      'InvalidArgument',
    ],
    ['an index where an image was announced', at(mediaTypes.manifest, '3'), indexOf([]), 'InvalidArgument'],
    [
      'both an image and an index',
      at(mediaTypes.manifest, '3'),
      encode({ schemaVersion: 2, config, layers: [], manifests: [] }),
      'InvalidArgument',
    ],
    [
      'both an index and an image',
      at(mediaTypes.index, '3'),
      encode({ schemaVersion: 2, manifests: [], layers: [] }),
      'InvalidArgument',
    ],
    ['something else', at('text/html', '3'), encode({}), 'InvalidArgument'],
    [
      "docker's first schema",
      at('application/vnd.docker.distribution.manifest.v1+prettyjws', '3'),
      encode({}),
      'Unimplemented',
    ],
    [
      'a foreign layer',
      at(mediaTypes.dockerManifest, '3'),
      manifestOf([at('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', '5')], mediaTypes.dockerManifest),
      'Unimplemented',
    ],
    [
      '10,000 layers',
      at(mediaTypes.manifest, '3'),
      manifestOf(Array.from({ length: 10_000 }, () => layer)),
      'InvalidArgument',
    ],
    [
      'one layer too many',
      at(mediaTypes.manifest, '3'),
      manifestOf(Array.from({ length: layerLimit + 1 }, () => layer)),
      'InvalidArgument',
    ],
  ])('that is %s is refused', (_, descriptor, bytes, code) => {
    expect(() => parseImageDocument(descriptor, bytes)).toThrow(expect.objectContaining({ code }));
  });
});

describe('the parts of an image', () => {
  const [root, inner, first, second] = [
    at(mediaTypes.index, 'a'),
    at(mediaTypes.dockerIndex, 'b'),
    at(mediaTypes.manifest, 'c'),
    at(mediaTypes.manifest, 'd'),
  ];

  it('are told once each, from the top, and what is not there as that', async () => {
    const documents = new Map([
      [root.digest, indexOf([first, inner, { ...layer, mediaType: 'text/plain' }])],
      [inner.digest, indexOf([first, second], mediaTypes.dockerIndex)],
      [first.digest, manifestOf([layer, layer])],
    ]);
    const parts = await walked(root, documents);
    expect(parts.map(({ descriptor, role }) => `${role} ${descriptor.digest[7]}`)).toEqual([
      'index a',
      'manifest c',
      'config 1',
      'layer 2',
      'index b',
      'manifest d',
    ]);
    expect(parts.filter(({ document }) => document)).toHaveLength(3);
  });

  it('of an index that contains itself are refused', async () => {
    const itself = new Map([[root.digest, indexOf([root])]]);
    const other = new Map([
      [root.digest, indexOf([inner])],
      [inner.digest, indexOf([root], mediaTypes.dockerIndex)],
    ]);
    for (const documents of [itself, other]) {
      await expect(walked(root, documents)).rejects.toMatchObject({
        code: 'InvalidArgument',
        message: expect.stringContaining(`${root.digest} contains itself`),
      });
    }
  });

  it('of indexes too deep in each other are refused', async () => {
    const chain = Array.from('abcdef012', (digit) => at(mediaTypes.index, digit));
    const documents = new Map(chain.map(({ digest }, n) => [digest, indexOf(chain.slice(n + 1, n + 2))]));
    await expect(walked(root, documents)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});

describe('the media type of a layer', () => {
  it.each([
    [mediaTypes.layer, 'none'],
    [mediaTypes.layerGzip, 'gzip'],
    [mediaTypes.layerZstd, 'zstd'],
    [mediaTypes.dockerLayer, 'none'],
    [mediaTypes.dockerLayerGzip, 'gzip'],
    [mediaTypes.dockerLayerZstd, 'zstd'],
    [mediaTypes.config, undefined],
    ['constructor', undefined],
  ])('%s says how it is compressed: %s', (mediaType, compression) => {
    expect(layerCompression(mediaType)).toBe(compression);
    expect(isForeignLayer(mediaType)).toBe(false);
  });

  it('tells the config of an image from others', () => {
    expect([mediaTypes.config, mediaTypes.dockerConfig, mediaTypes.emptyConfig].map(isImageConfig)).toEqual([
      true,
      true,
      false,
    ]);
  });
});
