import type { BlobInfo, Digest } from '../../api/content-store';
import type { ImageSize, ImageSummary, ImageUsage, ImageUser } from '../../api/image-summary';
import { familiarReference, parseReference } from '../../formats/reference';
import { imageLabel } from '../layers/stored-layer';
import type { ImagePartRecord, ImageRecord, ImageRecords } from './image-record';

/** How many images each blob belongs to. */
type Owners = ReadonlyMap<Digest, number>;

/** What a list of images shows, those that came last first. */
export function summarizeImages({ images, users }: Pick<ImageRecords, 'images' | 'users'>): readonly ImageSummary[] {
  const owners = countOwners(images);
  const summaries = images.map((image): ImageSummary => {
    const { descriptor, references, addedAt, variants, parts } = image;
    return {
      id: descriptor.digest,
      descriptor,
      references: references.map(shortName).sort(),
      addedAt,
      variants,
      size: sizeOf(parts, owners),
      users: usersOf(image, users),
    };
  });
  return summaries.sort((a, b) => b.addedAt - a.addedAt || (a.id < b.id ? -1 : 1));
}

/** `docker system df` for images; `blobs` is everything that the content store has. */
export function measureUsage(records: ImageRecords, blobs: readonly BlobInfo[]): ImageUsage {
  const { images, users } = records;
  const owners = countOwners(images);
  const parts = new Map(images.flatMap((image) => image.parts.map((part) => [part.digest, part.size])));
  const used = new Set(images.filter((image) => usersOf(image, users).length > 0));
  const inUse = new Set([...used].flatMap((image) => image.parts.map(({ digest }) => digest)));
  const layers = layersOf(images);
  const unnamed = blobs.filter(({ digest, label }) => label === imageLabel && !owners.has(digest));
  return {
    images: {
      count: images.length,
      active: used.size,
      bytes: sum(parts.values()),
      reclaimable: sum([...parts].filter(([digest]) => !inUse.has(digest)).map(([, size]) => size)),
    },
    layers: {
      count: layers.size,
      received: sum([...layers.keys()].map((digest) => parts.get(digest) ?? 0)),
      unpacked: sum([...new Set(layers.values())].filter((id) => !layers.has(id)).map((id) => parts.get(id) ?? 0)),
      shared: [...layers.keys()].filter((digest) => (owners.get(digest) ?? 0) > 1).length,
    },
    unnamed: { count: unnamed.length, bytes: sum(unnamed.map(({ size }) => size)) },
  };
}

export function usersOf({ descriptor, variants }: ImageRecord, users: readonly ImageUser[]): readonly ImageUser[] {
  const digests = new Set([descriptor.digest, ...variants.map(({ manifest }) => manifest.digest)]);
  return users.filter(({ image }) => digests.has(image)).map(({ id, name, image }) => ({ id, name, image }));
}

export function shortName(reference: string): string {
  return familiarReference(parseReference(reference));
}

function countOwners(images: readonly ImageRecord[]): Owners {
  const owners = new Map<Digest, number>();
  for (const { digest } of images.flatMap(({ parts }) => parts)) owners.set(digest, (owners.get(digest) ?? 0) + 1);
  return owners;
}

function sizeOf(parts: readonly ImagePartRecord[], owners: Owners): ImageSize {
  const shared = sum(parts.filter(({ digest }) => (owners.get(digest) ?? 0) > 1).map(({ size }) => size));
  const total = sum(parts.map(({ size }) => size));
  return { total, shared, unique: total - shared };
}

/** What each received layer unpacks to; the same where it came uncompressed. */
function layersOf(images: readonly ImageRecord[]): ReadonlyMap<Digest, Digest> {
  const layers = images.flatMap(({ variants }) => variants.flatMap((variant) => variant.layers));
  return new Map(layers.map(({ digest, diffId }) => [digest, diffId]));
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const each of numbers) total += each;
  return total;
}
