import type { Digest } from '../../api/content-store';
import type { Lease } from '../../api/image';
import { chunksOf } from '../../base/streams';
import { digestHex } from '../../formats/digest';
import { type DockerArchiveImage, serializeDockerManifest } from '../../formats/docker-archive';
import { walkImage } from '../../formats/image-document';
import { annotations, type Descriptor, type Index, mediaTypes } from '../../formats/oci';
import { type ArchiveBlob, blobFolder, type ExtraFile, writeOciArchive } from '../../formats/oci-archive';
import { parseReference } from '../../formats/reference';
import { choosePlatform } from './choose-platform';
import { type FoundImage, findImage } from './find-image';
import type { ImageStore } from './image-store';
import { shortName } from './image-usage';

/**
 * `oci-archive`: an image layout. `docker-archive`: the same with docker's own list beside it, which is what docker
 * saves from version 25 on and what every docker since 1.10 loads.
 */
export type ArchiveFormat = 'oci-archive' | 'docker-archive';

/**
 * `docker save`: the images as one tar, each blob once and bit for bit as it came. The same images give the same
 * bytes. Reading it holds what it needs. `NotFound` names the image that there is not.
 */
export async function saveImages(
  store: ImageStore,
  names: readonly string[],
  format: ArchiveFormat,
): Promise<ReadableStream<Uint8Array>> {
  const lease = await store.lease();
  try {
    const { images } = await store.records();
    const found = names.map((name) => findImage(images, name));
    const blobs = new Map<Digest, ArchiveBlob>();
    for (const { descriptor } of found) {
      for (const blob of await blobsOf(store, descriptor, lease)) blobs.set(blob.digest, blob);
    }
    const extras = format === 'docker-archive' ? [dockerList(found)] : [];
    const archive = writeOciArchive(indexOf(found), [...blobs.values()], extras);
    return releasedAfter(archive, lease);
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/** From the top: what a reader needs first comes first. */
async function blobsOf(store: ImageStore, root: Descriptor, lease: Lease): Promise<readonly ArchiveBlob[]> {
  const blobs: ArchiveBlob[] = [];
  const read = async (each: Descriptor): Promise<Uint8Array | undefined> =>
    (await store.has(each, lease)) ? store.read(each.digest) : undefined;
  for await (const { descriptor, role, document } of walkImage(root, read)) {
    const { digest, size } = descriptor;
    // A platform of an index that is not stored is left out.
    if ((role === 'index' || role === 'manifest') && !document) continue;
    await store.has(descriptor, lease);
    blobs.push({ digest, size, open: () => store.open(digest) });
  }
  return blobs;
}

function indexOf(found: readonly FoundImage[]): Index {
  const manifests = found.flatMap(({ descriptor, record, reference }) => {
    const { mediaType, digest, size } = descriptor;
    const references = reference === undefined ? record.references : [reference];
    const tagged = references.filter((each) => parseReference(each).tag !== undefined).sort();
    const named = tagged.map((each) => ({
      [annotations.imageName]: each,
      [annotations.refName]: parseReference(each).tag ?? '',
    }));
    return named.length === 0
      ? [{ mediaType, digest, size }]
      : named.map((each) => ({ mediaType, digest, size, annotations: each }));
  });
  return { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
}

function dockerList(found: readonly FoundImage[]): ExtraFile {
  const path = (digest: Digest): string => blobFolder + digestHex(digest);
  const images = new Map<Digest, DockerArchiveImage>();
  for (const { record, descriptor, reference } of found) {
    const named = record.variants.filter(({ manifest }) => manifest.digest === descriptor.digest);
    const { config, layers } = named[0] ?? choosePlatform(shortNameOf(record.references), record.variants);
    const references = reference === undefined ? record.references : [reference];
    const repoTags = [...(images.get(config)?.repoTags ?? []), ...references.map(shortName)];
    images.set(config, {
      config: path(config),
      repoTags: [...new Set(repoTags)].sort(),
      layers: layers.map(({ digest }) => path(digest)),
    });
  }
  return { name: 'manifest.json', bytes: serializeDockerManifest([...images.values()]) };
}

function shortNameOf(references: readonly string[]): string {
  return references[0] === undefined ? 'the image' : shortName(references[0]);
}

/** The same stream; when it has ended, however it did, the lease has as well. */
function releasedAfter(stream: ReadableStream<Uint8Array>, lease: Lease): ReadableStream<Uint8Array> {
  const chunks = chunksOf(stream);
  const release = (): Promise<void> => lease.release().catch(() => undefined);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (!done) {
            controller.enqueue(value);
            return;
          }
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        await release();
      },
      async cancel() {
        await chunks.return();
        await release();
      },
    },
    { highWaterMark: 0 },
  );
}
