import type { LayerIndex } from '../../../api/layer';
import { type LayerChange, layerChanges } from '../../../formats/layer/layer-changes';
import { Union } from '../../../formats/layer/union';

/** A directory or file of what a layer changes, or of what all layers together have. */
export interface ChangeNode {
  readonly name: string;
  readonly path: string;
  /** Absent for a directory that only leads to changes, and where all layers are shown. */
  readonly change?: LayerChange['change'];
  /** The layer that it comes from, counted from the bottom, from 0; of what is changed or removed, the one that had it. */
  readonly origin?: number;
  readonly kind: LayerChange['node']['kind'];
  /** Bytes of files that the layer has here and below; nothing for what it removes. */
  readonly size: number;
  /** Changes here and below; where all layers are shown, files. */
  readonly count: number;
  /** In the order of their names. */
  readonly children: readonly ChangeNode[];
}

interface Building {
  name: string;
  path: string;
  change?: LayerChange['change'];
  origin?: number;
  kind: ChangeNode['kind'];
  own: number;
  counts: boolean;
  children: Map<string, Building>;
}

/** What the topmost of the layers changes, as a tree with what each part costs. */
export function layerTree(layers: readonly LayerIndex[]): ChangeNode {
  const root = emptyRoot();
  for (const { change, path, node, before } of layerChanges(layers)) {
    const place = placeOf(root, path);
    place.change = change;
    place.counts = true;
    place.kind = node.kind;
    place.own = change === 'removed' || node.kind !== 'file' ? 0 : node.size;
    if (before) place.origin = before.layer;
  }
  return finish(root);
}

/** What the layers show on top of each other, and which of them each file comes from. */
export function unionTree(layers: readonly LayerIndex[]): ChangeNode {
  const root = emptyRoot();
  for (const { path, node, layer } of new Union(layers).walk()) {
    const place = placeOf(root, path);
    place.kind = node.kind;
    // A directory may be in many of them.
    if (node.kind === 'directory') continue;
    place.counts = true;
    place.origin = layer;
    place.own = node.kind === 'file' ? node.size : 0;
  }
  return finish(root);
}

function emptyRoot(): Building {
  return { name: '/', path: '', kind: 'directory', own: 0, counts: false, children: new Map() };
}

function placeOf(root: Building, path: string): Building {
  return path.split('/').reduce(childOf, root);
}

function childOf(parent: Building, name: string): Building {
  const known = parent.children.get(name);
  if (known) return known;
  const path = parent.path === '' ? name : `${parent.path}/${name}`;
  const made: Building = { ...emptyRoot(), name, path };
  parent.children.set(name, made);
  return made;
}

function finish({ own, counts, children, ...node }: Building): ChangeNode {
  const below = [...children.values()].map(finish);
  const size = below.reduce((sum, child) => sum + child.size, own);
  const count = below.reduce((sum, child) => sum + child.count, counts ? 1 : 0);
  return { ...node, size, count, children: below };
}

/** A line of the tree that is shown. */
export interface ChangeRow {
  readonly node: ChangeNode;
  /** From 1. */
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  readonly expanded: boolean;
  readonly parent?: string;
}

/** Lines shown of one tree; what is beyond is in directories that can be opened one by one. */
export const rowLimit = 2000;

/** The lines of a tree whose directories are open as told by their paths, from the root's children on. */
export function changeRows(root: ChangeNode, open: ReadonlySet<string>): readonly ChangeRow[] {
  const rows: ChangeRow[] = [];
  const add = (children: readonly ChangeNode[], level: number, parent: string | undefined): void => {
    for (const [index, node] of children.entries()) {
      if (rows.length >= rowLimit) return;
      const expanded = node.children.length > 0 && open.has(node.path);
      const place = { node, level, position: index + 1, siblings: children.length, expanded };
      rows.push(parent === undefined ? place : { ...place, parent });
      if (expanded) add(node.children, level + 1, node.path);
    }
  };
  add(root.children, 1, undefined);
  return rows;
}
