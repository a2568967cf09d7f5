import type { Digest } from './content-store';

/**
 * Files that a guest mounts by their tag: `mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288 TAG /mnt`.
 * Layers by their diffID, and read-only (`cache=loose,ro`): one by itself, several as the directories `0`, `1` and
 * so on of one mount, the lowest first, or all that there will be while the machine runs (`layerStore`): a directory
 * for each layer of each stack that was offered (`LayerStacks`), by the name it has there.
 */
export type ShareSpec =
  | { readonly tag: string; readonly layer: Digest }
  | { readonly tag: string; readonly layers: readonly Digest[] }
  | { readonly tag: string; readonly layerStore: true };

/** Where the files of shares come from. */
export interface ShareStore {
  /** The end of a layer port (rpc/layer-port.ts) that goes to a machine's worker. `NotFound`: no such layer. */
  openLayer(diffId: Digest): Promise<MessagePort>;
}
