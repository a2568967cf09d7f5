import type { LayerIndex, LayerNode } from '../../api/layer';
import { compareFileNames } from '../file-name';
import { type PlacedNode, Union, type UnionEntry } from './union';

/** What a layer does to what is below it. */
export interface LayerChange {
  /** `added` where nothing was, `changed` where something was, `removed` where nothing is any more. */
  readonly change: 'added' | 'changed' | 'removed';
  readonly path: string;
  /** What is there now; of what was removed, what was there. */
  readonly node: LayerNode;
  /** What was there, and the layer that had it, counted from the bottom, from 0. */
  readonly before?: PlacedNode;
}

/**
 * What the topmost layer changes, in the order of the tree; a removed directory is told without what was in it. A
 * file that the layer has counts as changed whatever is in it; a directory when owner, mode, times or attributes differ.
 */
export function* layerChanges(layers: readonly LayerIndex[]): Generator<LayerChange, void, undefined> {
  const top = layers.length - 1;
  if (top < 0) return;
  const below = new Union(layers.slice(0, top));
  const all = new Union(layers);
  yield* changesIn({ all, below, top }, all.root, top === 0 ? undefined : below.root);
}

interface Comparison {
  readonly all: Union;
  readonly below: Union;
  readonly top: number;
}

/** Both are directories, if there is a `before`. */
function* changesIn(comparison: Comparison, now: UnionEntry, before: UnionEntry | undefined): Generator<LayerChange> {
  const { all, below, top } = comparison;
  const own = now.merged.find(({ layer }) => layer === top)?.node;
  if (!own) return;
  const isHidden = own.opaque === true;
  for (const name of namesOf(own, isHidden ? before : undefined, below)) {
    const [next, earlier] = [all.child(now, name), before && below.child(before, name)];
    if (!next) {
      if (earlier) yield { change: 'removed', path: earlier.path, node: earlier.node, before: earlier };
      continue;
    }
    if (!earlier) yield { change: 'added', path: next.path, node: next.node };
    else if (differs(next.node, earlier.node)) {
      yield { change: 'changed', path: next.path, node: next.node, before: earlier };
    }
    if (next.node.kind === 'directory') {
      yield* changesIn(comparison, next, earlier?.node.kind === 'directory' ? earlier : undefined);
    }
  }
}

/** Names that the layer speaks of, and those that it hides by an opaque directory. */
function namesOf(own: LayerNode, hidden: UnionEntry | undefined, below: Union): readonly string[] {
  const names = [...(own.children?.keys() ?? [])];
  if (!hidden) return names;
  const lower = below.list(hidden).map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
  return [...new Set([...names, ...lower])].sort(compareFileNames);
}

function differs(now: LayerNode, before: LayerNode): boolean {
  if (now.kind !== 'directory' || before.kind !== 'directory') return true;
  const isSame = (['mode', 'uid', 'gid', 'mtime'] as const).every((key) => now[key] === before[key]);
  return !isSame || !sameXattrs(now.xattrs, before.xattrs);
}

type Xattrs = LayerNode['xattrs'];

function sameXattrs(a: Xattrs = new Map(), b: Xattrs = new Map()): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([name, value]) => {
    const other = b.get(name);
    return other?.length === value.length && value.every((byte, at) => byte === other[at]);
  });
}
