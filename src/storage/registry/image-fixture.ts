import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import type { Platform } from '../../api/image';
import { digestOf } from '../../formats/digest';
import { type Descriptor, mediaTypes } from '../../formats/oci';
import type { ArtifactBlob } from '../../formats/signature-artifact';
import { patternBytes } from '../content-store.conformance';
import { guestPlatform } from '../images/choose-platform';

/** An image as a registry holds it. */
export interface ImageFixture {
  readonly manifest: ArtifactBlob;
  readonly config: ArtifactBlob;
  readonly layers: readonly ArtifactBlob[];
}

export async function blobOf(mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<ArtifactBlob> {
  return { descriptor: { mediaType, digest: await digestOf(bytes), size: bytes.length }, bytes };
}

export function documentOf(mediaType: string, value: unknown): Promise<ArtifactBlob> {
  return blobOf(mediaType, new TextEncoder().encode(JSON.stringify(value)));
}

/** A layer with one file of noise, so that it does not get smaller by compression. */
export async function makeLayer(name: string, size: number): Promise<{ blob: ArtifactBlob; diffId: string }> {
  const noise = patternBytes(size).map((byte, at) => byte ^ name.charCodeAt(at % name.length));
  const tar = await packTar([{ header: { name, size, type: 'file', mtime: new Date(0) }, body: noise }]);
  const blob = await blobOf(mediaTypes.layerGzip, new Uint8Array(gzipSync(tar, { level: 1 })));
  return { blob, diffId: await digestOf(tar) };
}

export interface ImageFixtureSpec {
  /** Bytes of a file in each layer, by its name. */
  readonly layers: Readonly<Record<string, number>>;
  readonly platform?: Platform;
}

export async function makeImage({ layers: files, platform = guestPlatform }: ImageFixtureSpec): Promise<ImageFixture> {
  const layers = await Promise.all(Object.entries(files).map(([name, size]) => makeLayer(name, size)));
  const diffIds = layers.map(({ diffId }) => diffId);
  const config = await documentOf(mediaTypes.config, {
    ...platform,
    config: { Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const blobs = layers.map(({ blob }) => blob);
  return {
    manifest: await manifestOf(
      config.descriptor,
      blobs.map(({ descriptor }) => descriptor),
    ),
    config,
    layers: blobs,
  };
}

export function manifestOf(config: Descriptor, layers: readonly Descriptor[]): Promise<ArtifactBlob> {
  return documentOf(mediaTypes.manifest, { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers });
}

/** An index of images for several platforms. */
export function makeIndex(
  images: readonly { readonly image: ImageFixture; readonly platform: Platform }[],
): Promise<ArtifactBlob> {
  const manifests = images.map(({ image, platform }) => ({ ...image.manifest.descriptor, platform }));
  return documentOf(mediaTypes.index, { schemaVersion: 2, mediaType: mediaTypes.index, manifests });
}
