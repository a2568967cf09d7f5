import type { Digest } from './content-store';
import type { FolderService } from './shared-folder';

/**
 * Files that a guest mounts by their tag: `mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288 TAG /mnt`.
 * Layers by their diffID, and read-only (`cache=loose,ro`): one by itself, several as the directories `0`, `1` and
 * so on of one mount, the lowest first, or all that there will be while the machine runs (`layerStore`): a directory
 * for each layer of each stack that was offered (`LayerStacks`), by the name it has there. A shared folder of the lab by
 * its name, and writable (`cache=none` or `cache=mmap`, since others change it too); the machine mounts it by itself
 * where `at` says.
 */
export type ShareSpec =
  | { readonly tag: string; readonly layer: Digest }
  | { readonly tag: string; readonly layers: readonly Digest[] }
  | { readonly tag: string; readonly layerStore: true }
  | { readonly tag: string; readonly folder: string; readonly at?: string };

/** Where the files of shares come from. */
export interface ShareStore {
  /** The end of a layer port (rpc/layer-port.ts) that goes to a machine's worker. `NotFound`: no such layer. */
  openLayer(diffId: Digest): Promise<MessagePort>;
  readonly folders: FolderService;
}
