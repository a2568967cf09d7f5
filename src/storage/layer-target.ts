import type { ContentStore } from '../api/content-store';
import type { LayerIndex } from '../api/layer';
import { concatBytes } from '../base/bytes';
import type { LayerTarget } from '../rpc/layer-port';

/** A layer as machines read it: its index, and ranges of the uncompressed tar that is stored under its diffID. */
export function createLayerTarget(store: Pick<ContentStore, 'open'>, index: LayerIndex): LayerTarget {
  return {
    index: async () => index,
    async read(start, end) {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      for await (const piece of store.open(index.diffId, { start, end })) pieces.push(piece);
      const [only] = pieces;
      // The store's pieces are the caller's own; what spans two of them is copied.
      return pieces.length === 1 && only?.byteLength === only?.buffer.byteLength && only ? only : concatBytes(pieces);
    },
    close() {},
  };
}
