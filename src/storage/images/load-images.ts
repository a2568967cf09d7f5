import type { Digest } from '../../api/content-store';
import type { Lease } from '../../api/image';
import type { LoadedImage } from '../../api/image-summary';
import type { Operation } from '../../api/operation';
import { SandboxError } from '../../base/errors';
import type { ArchiveFile } from '../../formats/archive-entries';
import { digestHex } from '../../formats/digest';
import { type DockerArchiveImage, parseDockerManifest } from '../../formats/docker-archive';
import { isImageDocument, walkImage } from '../../formats/image-document';
import { layerCompression } from '../../formats/layer-type';
import { annotations, type Descriptor, type Manifest, mediaTypes } from '../../formats/oci';
import { blobFolder, requireLayout } from '../../formats/oci-archive';
import { documentLimit, parseIndex } from '../../formats/oci-parse';
import { parseReference } from '../../formats/reference';
import type { ImageStore } from './image-store';
import { shortName } from './image-usage';
import { type NamedImage, nameFor } from './name-images';
import { describeLayer, putDocument } from './put-parts';
import { type SpooledArchive, spoolArchive } from './spool-archive';
import { withLease } from './with-lease';

/** An image of an archive, to be kept under these names when its layers are unpacked. */
interface ArchivedImage extends NamedImage {
  readonly layers: readonly Descriptor[];
}

/**
 * `docker load`: takes all images of an OCI image layout, or of what docker saves, in one pass over the files in
 * whatever order they come. Errors: `InvalidArgument` for what is no such archive, `DataLoss` for a damaged one,
 * `ResourceExhausted` over quota; no image is kept then, and nothing is left of what came.
 */
export async function loadImages(
  store: ImageStore,
  files: AsyncIterable<ArchiveFile>,
  operation: Operation = {},
): Promise<readonly LoadedImage[]> {
  return withLease(store, async (lease) => {
    const archive = await spoolArchive(store, files, lease, operation);
    const images = await readImages(store, archive, lease);
    if (images.length === 0) throw refused('it has no images');
    await unpackLayers(store, images, lease, operation);
    await store.keep(images);
    return images.map(({ descriptor, references }) => ({
      id: descriptor.digest,
      references: references.map((each) => shortName(each)),
    }));
  });
}

/** A layout is what it says; docker's own list counts where there is no layout, or one that names no image. */
async function readImages(store: ImageStore, archive: SpooledArchive, lease: Lease): Promise<readonly ArchivedImage[]> {
  const { documents } = archive;
  const list = documents.get('manifest.json');
  const docker = list ? parseDockerManifest(list) : [];
  const index = documents.get('index.json');
  if (index) {
    requireLayout(documents.get('oci-layout'));
    const named = await readLayout(store, archive, parseIndex(index).manifests, docker);
    if (named.length > 0) return named;
  }
  if (!list && !index) throw refused('it has neither an index.json nor a manifest.json');
  const images: ArchivedImage[] = [];
  for (const each of docker) images.push(await readDockerImage(store, archive, each, lease));
  return images;
}

async function readLayout(
  store: ImageStore,
  archive: SpooledArchive,
  descriptors: readonly Descriptor[],
  docker: readonly DockerArchiveImage[],
): Promise<readonly ArchivedImage[]> {
  const images: ArchivedImage[] = [];
  for (const descriptor of descriptors.filter(({ mediaType }) => isImageDocument(mediaType))) {
    archive.find(blobFolder + digestHex(descriptor.digest));
    const layers: Descriptor[] = [];
    const configs: Digest[] = [];
    for await (const { document } of walkImage(descriptor, (each) => readStored(store, each))) {
      if (document?.kind !== 'manifest') continue;
      configs.push(document.manifest.config.digest);
      layers.push(...document.manifest.layers);
    }
    const tags = docker.filter(({ config }) => configs.some((digest) => config.includes(digestHex(digest))));
    const references = [...nameOf(descriptor), ...tags.flatMap(({ repoTags }) => repoTags)];
    images.push({ descriptor, layers, references: [...new Set(references.map((each) => nameFor(each, descriptor)))] });
  }
  return images;
}

/** docker and containerd give the whole name beside the tag; others write a name into the place of the tag. */
function nameOf({ annotations: found }: Descriptor): readonly string[] {
  const whole = found?.[annotations.imageName];
  if (whole !== undefined) return [whole];
  const name = found?.[annotations.refName] ?? '';
  if (!/[:/]/.test(name)) return [];
  try {
    parseReference(name);
    return [name];
  } catch {
    // Anything may stand there (image-spec v1.1, annotations.md); an image without a name is one all the same.
    return [];
  }
}

/** Docker's older archives have no manifest: the same archive is given the same one each time. */
async function readDockerImage(
  store: ImageStore,
  archive: SpooledArchive,
  { config, repoTags, layers }: DockerArchiveImage,
  lease: Lease,
): Promise<ArchivedImage> {
  const described: Descriptor[] = [];
  for (const path of layers) described.push(await describeLayer(store, archive.find(path)));
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...archive.find(config) },
    layers: described,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const descriptor = await putDocument(store, mediaTypes.manifest, bytes, lease);
  return { descriptor, layers: described, references: repoTags };
}

async function unpackLayers(
  store: ImageStore,
  images: readonly ArchivedImage[],
  lease: Lease,
  { signal, onProgress }: Operation,
): Promise<void> {
  const all = new Map(images.flatMap(({ layers }) => layers.map((layer) => [layer.digest, layer])));
  const layers = [...all.values()].filter(({ mediaType }) => layerCompression(mediaType) !== undefined);
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  for (const layer of layers) {
    const from = before;
    const progress = ({ done = 0 }: { readonly done?: number }): void =>
      onProgress?.({ phase: 'Unpacking layers', done: Math.min(from + done, total), total });
    // One that the archive lacks may belong to a platform that was not saved; `keep` tells.
    if (await hasBlob(store, layer.digest)) {
      await store.put(layer, store.open(layer.digest), lease, { ...(signal && { signal }), onProgress: progress });
    }
    before += layer.size;
  }
}

async function readStored(store: ImageStore, { digest, size }: Descriptor): Promise<Uint8Array | undefined> {
  if (!(await hasBlob(store, digest))) return undefined;
  if (size > documentLimit)
    throw refused(`the document ${digest} has ${size} bytes, at most ${documentLimit} are read`);
  return store.read(digest);
}

function hasBlob(store: ImageStore, digest: Digest): Promise<boolean> {
  return store.has({ mediaType: '', digest, size: 0 });
}

function refused(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not an archive of images: ${what}`);
}
