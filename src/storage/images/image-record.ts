import type { Digest, StoreView } from '../../api/content-store';
import type { CheckedSignature } from '../../api/distribution';
import type { Platform } from '../../api/image';
import type { ImageLayer, ImageUser, ImageVariant } from '../../api/image-summary';
import type { RecordChange } from '../../api/records';
import type { Descriptor } from '../../formats/oci';

/**
 * An image or an index that is kept, in the collection `images` by its digest. What it consists of is written down
 * with it, so that nothing has to be read to know what is needed, even if a document is damaged.
 */
export interface ImageRecord {
  readonly descriptor: Descriptor;
  /** In full. A reference is in one record at most. */
  readonly references: readonly string[];
  /** Milliseconds since the epoch. */
  readonly addedAt: number;
  readonly variants: readonly ImageVariant[];
  /** Platforms that an index has and that were not stored. */
  readonly absent: readonly Platform[];
  /** Every blob that it needs: documents, configs, layers as received and unpacked, and their indexes. */
  readonly parts: readonly ImagePartRecord[];
  /** As it was last checked. */
  readonly signature?: CheckedSignature;
}

export interface ImagePartRecord {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** Work in flight, in the collection `imageLeases` by its id. */
export interface LeaseRecord {
  readonly kind: 'lease';
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Every blob that it holds; of a layer all that it is stored as. */
  readonly digests: readonly Digest[];
}

/** Who needs an image, in the collection `imageLeases` as well; it does not expire. */
export interface UserRecord extends ImageUser {
  readonly kind: 'user';
}

/** What a step of a build came to, in the collection `imageLeases` as well. It holds its layer. */
export interface BuildStepRecord {
  readonly kind: 'step';
  /** Of all that the step depends on. */
  readonly key: Digest;
  /** Absent for a step that changed no files. */
  readonly layer?: ImageLayer;
  /** Every blob that the layer is stored as. */
  readonly parts: readonly ImagePartRecord[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly usedAt: number;
}

export function stepKey(key: Digest): string {
  return `step/${key}`;
}

/** All that keeps content from being collected. */
export interface ImageRecords {
  readonly images: readonly ImageRecord[];
  readonly leases: readonly LeaseRecord[];
  readonly users: readonly UserRecord[];
  readonly steps: readonly BuildStepRecord[];
}

/** What is kept now; if something is to follow from it, to be read in the step that writes it down. */
export async function loadImageRecords(records: Pick<StoreView, 'list'>): Promise<ImageRecords> {
  const [images, held] = await Promise.all([records.list('images'), records.list('imageLeases')]);
  const holders = held.map(({ value }) => value as LeaseRecord | UserRecord | BuildStepRecord);
  return {
    images: images.map(({ value }) => value as ImageRecord),
    leases: holders.filter((each) => each.kind === 'lease'),
    users: holders.filter((each) => each.kind === 'user'),
    steps: holders.filter((each) => each.kind === 'step'),
  };
}

export function putImage(record: ImageRecord): RecordChange {
  return { collection: 'images', key: record.descriptor.digest, value: record };
}

export function withoutReferences(image: ImageRecord, names: readonly string[]): ImageRecord {
  return { ...image, references: image.references.filter((each) => !names.includes(each)) };
}
