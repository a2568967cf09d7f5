export type LayerCompression = 'none' | 'gzip' | 'zstd';

/**
 * Of image-spec v1.1, media-types.md (the nondistributable ones of old images among them), and of docker's image
 * manifest v2, schema 2.
 */
const families: readonly { readonly base: string; readonly suffixes: Readonly<Record<string, LayerCompression>> }[] = [
  ...['layer', 'layer.nondistributable'].map((name) => ({
    base: `application/vnd.oci.image.${name}.v1.tar`,
    suffixes: { '': 'none', '+gzip': 'gzip', '+zstd': 'zstd' } as const,
  })),
  ...['rootfs', 'rootfs.foreign'].map((name) => ({
    base: `application/vnd.docker.image.${name}.diff.tar`,
    suffixes: { '': 'none', '.gzip': 'gzip', '.zstd': 'zstd' } as const,
  })),
];

/** How a layer of this media type is compressed; undefined when it is no layer of an image. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  const family = families.find(({ base }) => mediaType.startsWith(base));
  return family && Object.entries(family.suffixes).find(([suffix]) => mediaType === family.base + suffix)?.[1];
}
