import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @typedef {object} Descriptor OCI descriptor (image-spec, descriptor.md)
 * @property {string} mediaType
 * @property {string} digest
 * @property {number} size bytes
 * @property {Record<string, string>} [annotations]
 *
 * @typedef {object} Manifest what we read of a manifest or an index
 * @property {string} [mediaType]
 * @property {Descriptor} [config]
 * @property {readonly Descriptor[]} [layers]
 * @property {readonly Descriptor[]} [manifests]
 *
 * @typedef {object} Repository
 * @property {Map<string, Descriptor>} tags
 * @property {Map<string, Descriptor>} manifests by digest, children of image indexes included
 *
 * @typedef {ReadonlyMap<string, Repository>} Repositories by name
 */

const digestPattern = /^sha256:[0-9a-f]{64}$/;
const refNameKey = 'org.opencontainers.image.ref.name';
const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/** Manifests larger than this are refused, as registries do (distribution-spec, "Pushing Manifests"). */
const maxManifestBytes = 4 << 20;

/** @param {string} digest */
export const isDigest = (digest) => digestPattern.test(digest);

/**
 * Path of a blob in an image layout (image-spec, image-layout.md).
 * @param {string} dir
 * @param {string} digest
 */
export function blobPath(dir, digest) {
  if (!isDigest(digest)) throw new Error(`Not a sha256 digest: ${digest}`);
  return join(dir, 'blobs', 'sha256', digest.slice('sha256:'.length));
}

/**
 * Reads a manifest or an index from a layout.
 * @param {string} dir
 * @param {Descriptor} descriptor
 * @returns {Promise<Manifest>}
 */
export async function readManifest(dir, descriptor) {
  if (descriptor.size > maxManifestBytes) throw new Error(`Manifest over 4 MiB: ${descriptor.digest}`);
  return JSON.parse(await readFile(blobPath(dir, descriptor.digest), 'utf8'));
}

/** @param {Descriptor} descriptor */
export const isIndex = (descriptor) => indexTypes.includes(descriptor.mediaType);

/**
 * The descriptors of index.json.
 * @param {string} dir
 * @returns {Promise<readonly Descriptor[]>}
 */
export async function readIndex(dir) {
  return JSON.parse(await readFile(join(dir, 'index.json'), 'utf8')).manifests;
}

/**
 * Splits `name:tag` at its last colon.
 * @param {Descriptor} descriptor
 */
export function splitReference(descriptor) {
  const match = /^(.+):([^:/]+)$/.exec(descriptor.annotations?.[refNameKey] ?? '');
  return match?.[1] && match[2] ? { name: match[1], tag: match[2] } : undefined;
}

/**
 * The repositories of a layout: every descriptor of index.json that has a `name:tag` as its ref.name.
 * @param {string} dir
 * @returns {Promise<Repositories>}
 */
async function readRepositories(dir) {
  /** @type {Map<string, Repository>} */
  const repositories = new Map();
  for (const descriptor of await readIndex(dir)) {
    const reference = splitReference(descriptor);
    if (!reference) continue;
    const repository = repositories.get(reference.name) ?? { tags: new Map(), manifests: new Map() };
    repositories.set(reference.name, repository);
    repository.tags.set(reference.tag, descriptor);
    await addManifests(dir, descriptor, repository.manifests);
  }
  return repositories;
}

/**
 * @param {string} dir
 * @param {Descriptor} descriptor
 * @param {Map<string, Descriptor>} manifests
 */
async function addManifests(dir, descriptor, manifests) {
  if (manifests.has(descriptor.digest)) return;
  manifests.set(descriptor.digest, descriptor);
  if (!isIndex(descriptor)) return;
  for (const child of (await readManifest(dir, descriptor)).manifests ?? []) await addManifests(dir, child, manifests);
}

/** A layout on disk, read again when its index changes. */
export class OciLayout {
  #dir;
  #stamp = '';
  /** @type {Promise<Repositories>} */
  #repositories = Promise.resolve(new Map());

  /** @param {string} dir */
  constructor(dir) {
    this.#dir = dir;
  }

  /** @param {string} digest */
  blobPath(digest) {
    return blobPath(this.#dir, digest);
  }

  /** An absent layout has no repositories. @returns {Promise<Repositories>} */
  async repositories() {
    const info = await stat(join(this.#dir, 'index.json')).catch(() => undefined);
    if (!info) return new Map();
    const stamp = `${info.mtimeMs} ${info.size}`;
    if (stamp !== this.#stamp) {
      this.#stamp = stamp;
      this.#repositories = readRepositories(this.#dir);
    }
    return this.#repositories;
  }
}
