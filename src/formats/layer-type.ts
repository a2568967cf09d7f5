import { mediaTypes } from './oci';

export type LayerCompression = 'none' | 'gzip' | 'zstd';

const compressions: ReadonlyMap<string, LayerCompression> = new Map([
  [mediaTypes.layer, 'none'],
  [mediaTypes.layerGzip, 'gzip'],
  [mediaTypes.layerZstd, 'zstd'],
  [mediaTypes.dockerLayer, 'none'],
  [mediaTypes.dockerLayerGzip, 'gzip'],
  [mediaTypes.dockerLayerZstd, 'zstd'],
]);

/** How the tar of a layer is compressed; undefined for a media type that is not a layer of a file system. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  return compressions.get(mediaType);
}

/** Layers that lie elsewhere and must not be passed on (image-spec v1.1, layer.md; docker calls them foreign). */
export function isForeignLayer(mediaType: string): boolean {
  return (
    mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.v1.tar') ||
    mediaType.startsWith('application/vnd.docker.image.rootfs.foreign.diff.tar')
  );
}

/** First bytes that {@link sniffCompression} wants to see. */
export const magicLength = 4;

/** How bytes that begin so are compressed (RFC 1952, RFC 8878). */
export function sniffCompression(head: Uint8Array): LayerCompression {
  const begins = (...magic: readonly number[]): boolean => magic.every((byte, at) => head[at] === byte);
  if (begins(0x1f, 0x8b)) return 'gzip';
  return begins(0x28, 0xb5, 0x2f, 0xfd) ? 'zstd' : 'none';
}

/** The media type that OCI has for a layer which is compressed so. */
export function layerMediaType(compression: LayerCompression): string {
  return { none: mediaTypes.layer, gzip: mediaTypes.layerGzip, zstd: mediaTypes.layerZstd }[compression];
}
