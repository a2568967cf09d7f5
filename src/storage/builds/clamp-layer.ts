import type { LayerIndex, LayerNode } from '../../api/layer';
import type { TarEntryKind } from '../../formats/tar/tar-entry';
import { serializeTarEntry, tarEnd, tarPadding } from '../../formats/tar/tar-writer';
import type { LayerStore } from '../layers/layer-store';

/** The tar of a layer once more, in the order of its tree, with no time later than `latest` (seconds since the epoch). */
export async function* clampLayer(
  layers: LayerStore,
  index: LayerIndex,
  latest: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const written = new Map<number, string>();
  for (const { path, inode, node } of walkLayer(index)) {
    const first = node.kind === 'directory' || node.links < 2 ? undefined : written.get(inode);
    written.set(inode, first ?? path);
    const mtime = Math.min(node.mtime, latest);
    yield serializeTarEntry({ ...node, ...formOf(path, node, first), mtime });
    if (node.kind === 'directory' && node.opaque) {
      yield serializeTarEntry({ ...plain, path: `${path === '.' ? '' : `${path}/`}.wh..wh..opq`, mtime });
    }
    if (node.kind !== 'file' || first !== undefined) continue;
    yield* layers.readFile(index.diffId, node);
    yield tarPadding(node.size);
  }
  yield tarEnd;
}

const plain = {
  kind: 'file' as const,
  target: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  device: { major: 0, minor: 0 },
};

function formOf(path: string, node: LayerNode, first: string | undefined) {
  const device = node.device ?? plain.device;
  if (node.kind === 'whiteout') {
    const slash = path.lastIndexOf('/') + 1;
    return { ...plain, path: `${path.slice(0, slash)}.wh.${path.slice(slash)}` };
  }
  if (first !== undefined) return { kind: 'link' as const, path, target: first, device };
  return { kind: node.kind as TarEntryKind, path, target: node.target ?? '', device };
}

interface WalkedNode {
  readonly path: string;
  readonly inode: number;
  readonly node: LayerNode;
}

/** All that the tar had entries for. */
function* walkLayer({ nodes }: Pick<LayerIndex, 'nodes'>, inode = 1, path = '.'): Generator<WalkedNode> {
  const node = nodes[inode - 1];
  if (!node) return;
  if (!node.implied || node.opaque) yield { path, inode, node };
  for (const [name, child] of node.children ?? []) {
    yield* walkLayer({ nodes }, child, path === '.' ? name : `${path}/${name}`);
  }
}
