import type { Digest } from '../../api/content-store';
import type { Union, UnionEntry } from '../../formats/layer/union';
import type { TarEntryKind } from '../../formats/tar/tar-entry';
import { serializeTarEntry, tarEnd, tarPadding } from '../../formats/tar/tar-writer';
import type { LayerStore } from '../layers/layer-store';

/** A file or directory of a tree of layers, to be called `name`. */
export interface TreePart {
  readonly union: Union;
  /** diffIDs of the union's layers. */
  readonly layers: readonly Digest[];
  readonly from: UnionEntry;
  readonly name: string;
}

/** The tar of a part of a tree, hard links among its own files kept. */
export async function* writeTree(
  store: LayerStore,
  { union, layers, from, name }: TreePart,
): AsyncGenerator<Uint8Array, void, undefined> {
  const written = new Map<string, string>();
  const entries = from.node.kind === 'directory' ? [from, ...union.walk(from)] : [from];
  for (const { path, node, layer, inode } of entries) {
    const shown = `${name}${path.slice(from.path.length).replace(/^(?=[^/])/, '/')}`;
    const key = `${layer}/${inode}`;
    const first = node.kind !== 'directory' && node.links > 1 ? written.get(key) : undefined;
    written.set(key, first ?? shown);
    const device = node.device ?? { major: 0, minor: 0 };
    const kind = first === undefined ? (node.kind as TarEntryKind) : 'link';
    yield serializeTarEntry({ ...node, kind, path: shown, target: first ?? node.target ?? '', device });
    const diffId = layers[layer];
    if (kind !== 'file' || diffId === undefined) continue;
    yield* store.readFile(diffId, node);
    yield tarPadding(node.size);
  }
  yield tarEnd;
}
