import { type Fields, readJson, readList, readRecord, readString } from './oci-parse';

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
    const tags = fieldOf(fields, 'RepoTags');
    const layers = fieldOf(fields, 'Layers');
    return {
      config: readString(fieldOf(fields, 'Config'), `${path}.Config`),
      repoTags: tags === undefined || tags === null ? [] : readList(tags, `${path}.RepoTags`, readString),
      layers: layers === undefined || layers === null ? [] : readList(layers, `${path}.Layers`, readString),
    };
  });
}

/** docker takes names of fields in any case, and jib writes them with small letters. */
function fieldOf(fields: Fields, name: string): unknown {
  if (Object.hasOwn(fields, name)) return fields[name];
  return Object.entries(fields).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
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
