import type { BlobInfo, Digest, StoreUpdate } from '../../api/content-store';
import { imageLabel } from '../layers/stored-layer';
import { type ImagePartRecord, type ImageRecords, type LeaseRecord, stepKey } from './image-record';

/** A layer by the digest of its received blob, with all blobs that it is stored as. */
export interface LayerEntry {
  readonly digest: Digest;
  readonly parts: readonly ImagePartRecord[];
}

export interface CollectionInput {
  readonly records: ImageRecords;
  readonly layers: readonly LayerEntry[];
  readonly blobs: readonly BlobInfo[];
  readonly isLiving: (lease: LeaseRecord) => boolean;
}

/** What is to be deleted. */
export interface Collection extends StoreUpdate {
  readonly blobs: readonly ImagePartRecord[];
}

/**
 * Mark and sweep: what images consist of, what living leases hold and what steps of builds came to is marked. Only blobs that are kept for images
 * are swept; others in the same store are not ours to judge.
 */
export function planCollection({ records, layers, blobs, isLiving }: CollectionInput): Collection {
  const needed = new Set<Digest>(records.images.flatMap(({ parts }) => parts.map(({ digest }) => digest)));
  const ended = records.leases.filter((lease) => !isLiving(lease));
  const held = records.leases.filter(isLiving);
  for (const digest of held.flatMap(({ digests }) => digests)) needed.add(digest);
  for (const { digest } of records.steps.flatMap(({ parts }) => parts)) needed.add(digest);
  const unneeded = blobs.filter(({ digest, label }) => label === imageLabel && !needed.has(digest));
  // A layer is needed as a whole or not at all.
  const there = new Set(blobs.map(({ digest }) => digest).filter((digest) => needed.has(digest)));
  const lost = records.steps.filter(({ parts }) => !parts.every(({ digest }) => there.has(digest)));
  const broken = layers.filter(({ parts }) => !parts.every(({ digest }) => there.has(digest)));
  return {
    blobs: unneeded.map(({ digest, size }) => ({ digest, size })),
    remove: unneeded.map(({ digest }) => digest),
    changes: [
      ...ended.map(({ id }) => ({ collection: 'imageLeases' as const, key: id })),
      ...lost.map(({ key }) => ({ collection: 'imageLeases' as const, key: stepKey(key) })),
      ...broken.map(({ digest }) => ({ collection: 'layers' as const, key: digest })),
    ],
  };
}
