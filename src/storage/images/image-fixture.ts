import { packTar } from 'modern-tar';
import type { Digest } from '../../api/content-store';
import type { ImageContent, Lease, Platform } from '../../api/image';
import { concatBytes } from '../../base/bytes';
import { chunksOf, streamOf } from '../../base/streams';
import { digestOf } from '../../formats/digest';
import { emptyRunConfig, type RunConfig, serializeImageConfig } from '../../formats/image-config';
import { type Descriptor, type Manifest, mediaTypes } from '../../formats/oci';

export interface TestBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface TestLayer extends TestBlob {
  readonly diffId: Digest;
}

/** An image or an index with all its blobs, those below before those above. For tests. */
export interface TestImage {
  readonly root: Descriptor;
  readonly blobs: readonly TestBlob[];
}

export const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

export async function makeBlob(mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<TestBlob> {
  return { descriptor: { mediaType, digest: await digestOf(bytes), size: bytes.length }, bytes };
}

/** A layer of these files. */
export async function makeLayer(
  files: Readonly<Record<string, string>>,
  compression: 'none' | 'gzip' = 'gzip',
): Promise<TestLayer> {
  const tar = await packTar(
    Object.entries(files).map(([name, body]) => ({
      header: { name, size: encode(body).length, mtime: new Date(0), mode: 0o644 },
      body,
    })),
  );
  const bytes = compression === 'gzip' ? await gzip(tar) : new Uint8Array(tar);
  const blob = await makeBlob(compression === 'gzip' ? mediaTypes.layerGzip : mediaTypes.layer, bytes);
  return { ...blob, diffId: await digestOf(tar) };
}

export interface TestImageOptions {
  readonly platform?: Platform;
  readonly run?: Partial<RunConfig>;
  /** With docker's media types instead of OCI's. */
  readonly docker?: boolean;
}

export async function makeImage(
  layers: readonly TestLayer[],
  { platform = { os: 'linux', architecture: '386' }, run = {}, docker = false }: TestImageOptions = {},
): Promise<TestImage> {
  const config = await makeBlob(
    docker ? mediaTypes.dockerConfig : mediaTypes.config,
    serializeImageConfig({
      platform,
      created: '2024-01-02T03:04:05Z',
      run: { ...emptyRunConfig, ...run },
      diffIds: layers.map(({ diffId }) => diffId),
      history: layers.map((_, at) => ({ created: '2024-01-02T03:04:05Z', createdBy: `step ${at}` })),
    }),
  );
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: docker ? mediaTypes.dockerManifest : mediaTypes.manifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) =>
      docker ? { ...descriptor, mediaType: mediaTypes.dockerLayerGzip } : descriptor,
    ),
  };
  const top = await makeBlob(manifest.mediaType, encode(JSON.stringify(manifest)));
  return { root: top.descriptor, blobs: [config, ...layers, top] };
}

/** An index of these images, each for the platform beside it. */
export async function makeIndex(
  images: readonly { readonly image: TestImage; readonly platform: Platform }[],
): Promise<TestImage> {
  const manifests = images.map(({ image, platform }) => ({ ...image.root, platform }));
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  const top = await makeBlob(mediaTypes.index, encode(JSON.stringify(index)));
  return { root: top.descriptor, blobs: [...images.flatMap(({ image }) => image.blobs), top] };
}

/** Puts all blobs, in pieces, under the lease. */
export async function putImage(store: ImageContent, { blobs }: TestImage, lease: Lease): Promise<void> {
  for (const { descriptor, bytes } of blobs) await store.put(descriptor, pieces(bytes), lease);
}

/** Puts an image and gives it a name, as a pull does. */
export async function pullImage(store: ImageContent, image: TestImage, reference: string): Promise<void> {
  const lease = await store.lease();
  await putImage(store, image, lease);
  await store.tag(reference, image.root);
  await lease.release();
}

export async function* pieces(bytes: Uint8Array, length = 700): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length);
}

/** The same as a file is read, into one buffer: what was given is gone once the next is asked for. */
export async function* reusedPieces(bytes: Uint8Array, length = 700): AsyncGenerator<Uint8Array, void, undefined> {
  for (let from = 0; from < bytes.length; from += length) {
    const piece = new Uint8Array(bytes.subarray(from, from + length));
    yield piece;
    structuredClone(piece.buffer, { transfer: [piece.buffer] });
  }
}

export async function collectBytes(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concatBytes(parts);
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const packer = new CompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>;
  return collectBytes(chunksOf(streamOf(pieces(bytes)).pipeThrough(packer)));
}
