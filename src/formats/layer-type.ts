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
