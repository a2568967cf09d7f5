import { readJson, readList, readRecord, readString } from './oci-parse';

/**
 * The `manifest.json` of what `docker save` writes (moby, image/spec, "Combined Image JSON + Filesystem Changeset
 * Format"), the same from docker 1.10 on. From 25 on an OCI image layout is around it.
 */
export interface DockerArchiveImage {
  /** Path of the config in the archive. */
  readonly config: string;
  /** In short form. */
  readonly repoTags: readonly string[];
  /** Paths of the layers' tars, lowest first. */
  readonly layers: readonly string[];
}

/** Errors: `InvalidArgument`. */
export function parseDockerManifest(bytes: Uint8Array): readonly DockerArchiveImage[] {
  return readList(readJson(bytes, 'manifest.json'), 'manifest.json', (value, path) => {
    const fields = readRecord(value, path);
    const tags = fields['RepoTags'];
    const layers = fields['Layers'];
    return {
      config: readString(fields['Config'], `${path}.Config`),
      repoTags: tags === undefined || tags === null ? [] : readList(tags, `${path}.RepoTags`, readString),
      layers: layers === undefined || layers === null ? [] : readList(layers, `${path}.Layers`, readString),
    };
  });
}

/** The other half of {@link parseDockerManifest}. */
export function serializeDockerManifest(images: readonly DockerArchiveImage[]): Uint8Array<ArrayBuffer> {
  const entries = images.map(({ config, repoTags, layers }) => ({
    Config: config,
    RepoTags: repoTags.length > 0 ? repoTags : null,
    Layers: layers,
  }));
  return new TextEncoder().encode(JSON.stringify(entries));
}
