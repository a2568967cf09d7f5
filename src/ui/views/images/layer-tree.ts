import type { LayerIndex } from '../../../api/layer';
import { type LayerChange, layerChanges } from '../../../formats/layer/layer-changes';

/** A directory or file of what a layer changes. */
export interface ChangeNode {
  readonly name: string;
  readonly path: string;
  /** Absent for a directory that only leads to changes. */
  readonly change?: LayerChange['change'];
  readonly kind: LayerChange['node']['kind'];
  /** Bytes of files that the layer has here and below; nothing for what it removes. */
  readonly size: number;
  /** Changes here and below. */
  readonly count: number;
  /** In the order of their names. */
  readonly children: readonly ChangeNode[];
}

interface Building {
  name: string;
  path: string;
  change?: LayerChange['change'];
  kind: ChangeNode['kind'];
  own: number;
  children: Map<string, Building>;
}

/** What the topmost of the layers changes, as a tree with what each part costs. */
export function layerTree(layers: readonly LayerIndex[]): ChangeNode {
  const root: Building = { name: '/', path: '', kind: 'directory', own: 0, children: new Map() };
  for (const { change, path, node } of layerChanges(layers)) {
    const place = path.split('/').reduce((at, name) => childOf(at, name), root);
    place.change = change;
    place.kind = node.kind;
    place.own = change === 'removed' || node.kind !== 'file' ? 0 : node.size;
  }
  return finish(root);
}

function childOf(parent: Building, name: string): Building {
  const known = parent.children.get(name);
  if (known) return known;
  const path = parent.path === '' ? name : `${parent.path}/${name}`;
  const made: Building = { name, path, kind: 'directory', own: 0, children: new Map() };
  parent.children.set(name, made);
  return made;
}

function finish({ name, path, change, kind, own, children }: Building): ChangeNode {
  const below = [...children.values()].map(finish);
  const size = below.reduce((sum, child) => sum + child.size, own);
  const count = below.reduce((sum, child) => sum + child.count, change ? 1 : 0);
  return { name, path, ...(change && { change }), kind, size, count, children: below };
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
