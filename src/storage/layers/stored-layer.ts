import type { Digest, StoreUpdate, StoreView } from '../../api/content-store';
import { SandboxError } from '../../base/errors';
import type { LayerCompression } from '../../formats/layer-type';

/** What is kept of a layer, by the digest of its blob: a record of the collection `layers`. */
export interface StoredLayer {
  /** The blob bit for bit as it came. */
  readonly digest: Digest;
  readonly size: number;
  readonly compression: LayerCompression;
  /** The uncompressed tar; the same blob where it came uncompressed. */
  readonly diffId: Digest;
  readonly tarSize: number;
  /** The blob that has the index (`formats/layer/layer-index.ts`). */
  readonly index: Digest;
  readonly indexSize: number;
}

/** Label of the blobs that only images need: see {@link Expectation}. One with it goes when nothing needs it any more. */
export const imageLabel = 'image';

const fields: readonly (keyof StoredLayer)[] = [
  'digest',
  'size',
  'compression',
  'diffId',
  'tarSize',
  'index',
  'indexSize',
];

/** A record as it was read. `DataLoss` when it is none. */
export function parseStoredLayer(value: unknown): StoredLayer {
  if (typeof value === 'object' && value !== null && fields.every((field) => field in value))
    return value as StoredLayer;
  throw new SandboxError('DataLoss', 'The record of a layer is damaged; delete the image and pull it again');
}

/** The blobs that a layer is made of. */
export function blobsOf({ digest, diffId, index }: StoredLayer): readonly Digest[] {
  return [digest, diffId, index];
}

/**
 * How to remove layers, by the digests of their blobs, in a step of {@link ContentStore.update}: with their tars and
 * indexes, unless another layer has the same. A blob that is not labelled as a layer's is somebody else's and stays.
 */
export async function planLayerRemoval(view: StoreView, digests: ReadonlySet<Digest>): Promise<Required<StoreUpdate>> {
  const layers = (await view.list('layers')).map(({ value }) => parseStoredLayer(value));
  const gone = layers.filter(({ digest }) => digests.has(digest));
  const needed = new Set(layers.filter(({ digest }) => !digests.has(digest)).flatMap(blobsOf));
  const own = new Set((await view.blobs()).filter(({ label }) => label === imageLabel).map(({ digest }) => digest));
  const remove = gone.flatMap(blobsOf).filter((digest) => !needed.has(digest) && own.has(digest));
  return { remove: [...new Set(remove)], changes: gone.map(({ digest }) => ({ collection: 'layers', key: digest })) };
}
