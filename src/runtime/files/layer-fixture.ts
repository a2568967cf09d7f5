import type { LayerIndex, LayerNode } from '../../api/layer';
import { concatBytes } from '../../base/bytes';
import type { LayerSource } from './layer-tree';

/** A tree to make a layer of: names with what they are. */
export interface Folder {
  readonly [name: string]: FixtureNode | Folder;
}

export type FixtureNode = { readonly kind: LayerNode['kind'] } & Partial<Omit<LayerNode, 'size' | 'offset'>> & {
    readonly content?: Uint8Array | string;
    /** Of a file with `parts`: how large it is. */
    readonly sparseSize?: number;
    /** Another name of the file made under this key before. */
    readonly key?: string;
    readonly entries?: Folder;
  };

export interface FixtureLayer {
  readonly index: LayerIndex;
  /** What stands for the uncompressed tar: the contents of the files, each behind some other bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export const file = (content: Uint8Array | string, more: Partial<FixtureNode> = {}): FixtureNode => {
  return { kind: 'file', mode: 0o644, content, ...more };
};
export const directory = (entries: Folder, more: Partial<FixtureNode> = {}): FixtureNode => {
  return { kind: 'directory', mode: 0o755, entries, ...more };
};

type Building = { -readonly [Key in keyof LayerNode]: LayerNode[Key] };

/** Makes a layer's index and bytes as the indexer would, without a tar. */
export function buildLayer(entries: Folder): FixtureLayer {
  const nodes: Building[] = [];
  const parts: Uint8Array[] = [];
  const keys = new Map<string, number>();
  let length = 0;
  const append = (bytes: Uint8Array): number => {
    const at = length;
    parts.push(bytes);
    length += bytes.length;
    return at;
  };
  const addNode = (node: FixtureNode): number => {
    const known = node.key === undefined ? undefined : keys.get(node.key);
    const knownNode = known === undefined ? undefined : nodes[known - 1];
    if (known !== undefined && knownNode) {
      knownNode.links += 1;
      return known;
    }
    const { content = '', key, entries: children, sparseSize, ...rest } = node;
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    append(new Uint8Array(512));
    const size = node.kind === 'file' ? (sparseSize ?? bytes.length) : 0;
    const made: Building = {
      mode: 0,
      uid: 0,
      gid: 0,
      mtime: 1_600_000_000,
      links: node.kind === 'directory' ? 2 : 1,
      ...rest,
      size,
      offset: append(bytes),
    };
    nodes.push(made);
    const number = nodes.length;
    if (key !== undefined) keys.set(key, number);
    if (node.kind === 'directory') made.children = addChildren(made, children ?? {});
    return number;
  };
  const addChildren = (parent: Building, folder: Folder): Map<string, number> => {
    const children = new Map<string, number>();
    for (const [name, each] of Object.entries(folder)) {
      const node = isNode(each) ? each : directory(each);
      children.set(name, addNode(node));
      if (node.kind === 'directory') parent.links += 1;
    }
    return children;
  };
  addNode(directory(entries));
  return { index: { diffId: `sha256:${'0'.repeat(64)}`, size: length, nodes }, bytes: concatBytes(parts) };
}

/** The layer with its bytes at hand. */
export function layerSource({ index, bytes }: FixtureLayer): LayerSource {
  return { index, bytes: { read: (start, end) => [bytes.subarray(start, end)] } };
}

function isNode(each: FixtureNode | Folder): each is FixtureNode {
  return typeof each.kind === 'string';
}
