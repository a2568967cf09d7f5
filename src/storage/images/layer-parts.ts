import type { Digest } from '../../api/content-store';
import type { StoredLayer } from '../layers/stored-layer';
import type { ImagePartRecord } from './image-record';

/** A layer as an image has it. */
export interface LayerParts {
  readonly diffId: Digest;
  /** As received, unpacked, and its index. */
  readonly parts: readonly ImagePartRecord[];
}

export function partsOf({ digest, size, diffId, tarSize, index, indexSize }: StoredLayer): LayerParts {
  const unpacked = digest === diffId ? [] : [{ digest: diffId, size: tarSize }];
  return { diffId, parts: [{ digest, size }, ...unpacked, { digest: index, size: indexSize }] };
}
