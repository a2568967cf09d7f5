import type { InodeNumber } from '../../api/file-tree';
import type { LayerIndex, LayerNode } from '../../api/layer';
import { Union, type UnionEntry } from '../../formats/layer/union';

/**
 * What describes the directories that the topmost of the layers has no entry for: those of the layers below. To the
 * kernel's overlayfs a directory's owner, mode and times are always those of the topmost layer that has it.
 */
export function describeImplied(layers: readonly LayerIndex[]): ReadonlyMap<InodeNumber, LayerNode> {
  const described = new Map<InodeNumber, LayerNode>();
  const top = layers.at(-1);
  if (!top?.nodes.some(({ implied }) => implied)) return described;
  const union = new Union(layers);
  const visit = (inode: InodeNumber, entry: UnionEntry): void => {
    const node = top.nodes[inode - 1];
    if (node?.implied) described.set(inode, entry.node);
    for (const [name, child] of node?.children ?? []) {
      const below = top.nodes[child - 1]?.kind === 'directory' ? union.child(entry, name) : undefined;
      if (below) visit(child, below);
    }
  };
  visit(1, union.root);
  return described;
}
