import type { LayerIndex, LayerNode } from '../../api/layer';
import { SandboxError } from '../../base/errors';
import { compareFileNames } from '../file-name';

/** A node of one of several layers. */
export interface PlacedNode {
  /** Which layer, counted from the bottom, from 0. */
  readonly layer: number;
  /** Its number in that layer's index. */
  readonly inode: number;
  readonly node: LayerNode;
}

/** A file of the merged tree. */
export interface UnionEntry extends PlacedNode {
  /** Names from the root, between slashes; empty for the root. */
  readonly path: string;
  /** Of a directory: the directories that are merged in it, from the top. */
  readonly merged: readonly PlacedNode[];
}

/**
 * Layers on top of each other, as overlayfs shows them (Linux, Documentation/filesystems/overlayfs.rst): what is
 * higher hides what is lower, directories are merged until an opaque one or something else, whiteouts hide and are not
 * seen. Owner, mode, times and attributes of a directory are those of the topmost that the layers have an entry for.
 */
export class Union {
  readonly #layers: readonly LayerIndex[];

  /** From the bottom to the top. Without any, the tree is an empty root. */
  constructor(layers: readonly LayerIndex[]) {
    this.#layers = layers;
  }

  get root(): UnionEntry {
    const placed = this.#layers.map((index, layer) => place(index, layer, 1)).reverse();
    return merge('', placed) ?? { path: '', merged: [], ...emptyRoot };
  }

  /** What is at a path; symbolic links are not followed. Slashes at both ends do not matter. */
  lookup(path: string): UnionEntry | undefined {
    let entry: UnionEntry | undefined = this.root;
    for (const name of path.split('/').filter(Boolean)) entry = entry && this.child(entry, name);
    return entry;
  }

  /** What a directory has under that name. */
  child(directory: UnionEntry, name: string): UnionEntry | undefined {
    const path = directory.path === '' ? name : `${directory.path}/${name}`;
    const found = directory.merged.flatMap(({ layer, node }) => {
      const inode = node.children?.get(name);
      const index = this.#layers[layer];
      return inode === undefined || !index ? [] : [place(index, layer, inode)];
    });
    return merge(path, found);
  }

  /** What is in a directory, in the order of the names' bytes. Errors: `InvalidArgument` for anything else. */
  list(directory: UnionEntry): readonly UnionEntry[] {
    if (directory.node.kind !== 'directory') {
      throw new SandboxError('InvalidArgument', `Not a directory: /${directory.path} is a ${directory.node.kind}`);
    }
    const names = new Set(directory.merged.flatMap(({ node }) => [...(node.children?.keys() ?? [])]));
    return [...names].sort(compareFileNames).flatMap((name) => this.child(directory, name) ?? []);
  }

  /** Everything below an entry, each directory before what is in it. */
  *walk(from: UnionEntry = this.root): Generator<UnionEntry, void, undefined> {
    for (const entry of this.list(from)) {
      yield entry;
      if (entry.node.kind === 'directory') yield* this.walk(entry);
    }
  }
}

const emptyRoot: PlacedNode = {
  layer: 0,
  inode: 1,
  node: { kind: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0, links: 2, size: 0, offset: 0, children: new Map() },
};

function place(index: LayerIndex, layer: number, inode: number): PlacedNode {
  const node = index.nodes[inode - 1];
  if (!node) throw new SandboxError('DataLoss', `The index of layer ${index.diffId} has no node ${inode}`);
  return { layer, inode, node };
}

/** One entry of what the layers have under a name, from the top; undefined when nothing is seen of it. */
function merge(path: string, placed: readonly PlacedNode[]): UnionEntry | undefined {
  const [top] = placed;
  if (!top || top.node.kind === 'whiteout') return undefined;
  if (top.node.kind !== 'directory') return { path, merged: [], ...top };
  const end = placed.findIndex(({ node }) => node.kind !== 'directory');
  const directories = end === -1 ? placed : placed.slice(0, end);
  const opaque = directories.findIndex(({ node }) => node.opaque);
  const merged = opaque === -1 ? directories : directories.slice(0, opaque + 1);
  const described = merged.find(({ node }) => !node.implied) ?? top;
  return { path, merged, ...described };
}
