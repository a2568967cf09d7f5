import type { LoadedImage, SelectedImage } from '../../api/image-summary';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { Union, type UnionEntry } from '../../formats/layer/union';
import { mediaTypes } from '../../formats/oci';
import type { TarEntryKind } from '../../formats/tar/tar-entry';
import { serializeTarEntry, tarEnd, tarPadding } from '../../formats/tar/tar-writer';
import type { LayerStore } from '../layers/layer-store';
import type { ImageStore } from './image-store';
import { importImage } from './make-image';

/** Images and the layers that they are made of. */
export interface ImageStores {
  readonly images: ImageStore;
  readonly layers: LayerStore;
}

/**
 * `docker export` of an image: the tar of the tree that its layers make, with hard links, devices and attributes. The
 * same layers give the same bytes. What it reads is held until it has been read.
 */
export async function* exportImage(
  { images, layers }: ImageStores,
  { layers: chosen }: SelectedImage,
): AsyncGenerator<Uint8Array, void, undefined> {
  const lease = await images.lease();
  try {
    for (const { digest } of chosen) await images.has({ mediaType: mediaTypes.layer, digest, size: 0 }, lease);
    const indexes = await Promise.all(chosen.map(({ diffId }) => layers.layer(diffId)));
    const union = new Union(indexes);
    const { root } = union;
    if (!root.node.implied && chosen.length > 0) yield headerOf({ ...root, path: '.' });
    /** Where each file that has several names was written first. */
    const written = new Map<string, string>();
    for (const entry of union.walk()) {
      const { path, node, layer, inode } = entry;
      const name = `${layer}:${inode}`;
      const first = node.kind !== 'directory' && node.links > 1 ? written.get(name) : undefined;
      yield headerOf(entry, first);
      written.set(name, first ?? path);
      const diffId = chosen[layer]?.diffId;
      if (node.kind !== 'file' || first !== undefined || diffId === undefined) continue;
      yield* layers.readFile(diffId, node);
      yield tarPadding(node.size);
    }
    yield tarEnd;
  } finally {
    await lease.release().catch(() => undefined);
  }
}

/** An image of one layer that shows the same tree, and runs the same; `reference` is its name. */
export async function flattenImage(
  stores: ImageStores,
  clock: Clock,
  selected: SelectedImage,
  reference: string | undefined,
  operation: Operation = {},
): Promise<LoadedImage> {
  const { platform, run, author } = selected.config;
  const options = {
    platform,
    run,
    message: `Flattened from ${selected.reference ?? selected.id}`,
    ...(author !== undefined && { author }),
    ...(reference !== undefined && { reference }),
  };
  return importImage(stores.images, clock, exportImage(stores, selected), options, operation);
}

/** `first` is the name that the file has already. */
function headerOf({ path, node }: UnionEntry, first?: string): Uint8Array {
  return serializeTarEntry({
    ...node,
    kind: first === undefined ? (node.kind as TarEntryKind) : 'link',
    path,
    target: first ?? node.target ?? '',
    device: node.device ?? { major: 0, minor: 0 },
    ...(node.xattrs && first === undefined && { xattrs: node.xattrs }),
  });
}
