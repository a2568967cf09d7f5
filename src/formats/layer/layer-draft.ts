import type { FilePart, LayerNode, LayerNodeKind } from '../../api/layer';
import { compareFileNames } from '../file-name';

/** An inode in the making. */
export interface Draft {
  readonly kind: LayerNodeKind;
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  xattrs: ReadonlyMap<string, Uint8Array> | undefined;
  readonly size?: number;
  readonly offset?: number;
  readonly parts?: readonly FilePart[] | undefined;
  readonly target?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly directory?: DraftDirectory;
}

export interface DraftDirectory {
  opaque: boolean;
  implied: boolean;
  readonly children: Map<string, Draft>;
  /** Names that lower layers are to lose. Kept apart, since they say nothing about entries of this layer. */
  whiteouts?: Map<string, Draft>;
}

/** A directory that no entry has spoken of so far. */
export function impliedDirectory(): Draft & { readonly directory: DraftDirectory } {
  const directory = { opaque: false, implied: true, children: new Map() };
  return { kind: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: undefined, directory };
}

/** The nodes of a tree, numbered along it in the order of the names' bytes. See {@link LayerIndex}. */
export function numberNodes(root: Draft): readonly LayerNode[] {
  const nodes: LayerNode[] = [];
  const numbers = new Map<Draft, number>();
  const visit = (draft: Draft): number => {
    const known = numbers.get(draft);
    if (known !== undefined) {
      const node = nodes[known - 1] as LayerNode;
      nodes[known - 1] = { ...node, links: node.links + 1 };
      return known;
    }
    const number = nodes.push(nodeOf(draft));
    numbers.set(draft, number);
    if (draft.directory) {
      const { children, links } = visitChildren(draft.directory, visit);
      nodes[number - 1] = { ...(nodes[number - 1] as LayerNode), links, children };
    }
    return number;
  };
  visit(root);
  return nodes;
}

function visitChildren(
  directory: DraftDirectory,
  visit: (draft: Draft) => number,
): { readonly children: ReadonlyMap<string, number>; readonly links: number } {
  const children = new Map<string, number>();
  let links = 2;
  for (const [name, child] of sortedChildren(directory)) {
    if (child.directory) links += 1;
    children.set(name, visit(child));
  }
  return { children, links };
}

/** What a directory has and what it hides, by name. */
function sortedChildren({ children, whiteouts }: DraftDirectory): readonly (readonly [string, Draft])[] {
  for (const name of whiteouts?.keys() ?? []) {
    const made = children.get(name)?.directory;
    // What lower layers have of that name is gone, and the directory is a new one.
    if (made) made.opaque = true;
  }
  const all = whiteouts ? new Map([...whiteouts, ...children]) : children;
  return [...all].sort(([a], [b]) => compareFileNames(a, b));
}

function nodeOf({ kind, mode, uid, gid, mtime, xattrs, directory, ...rest }: Draft): LayerNode {
  const { size = 0, offset = 0, parts, target, device } = rest;
  return {
    kind,
    mode,
    uid,
    gid,
    mtime,
    links: 1,
    size,
    offset: parts ? 0 : offset,
    ...(parts && { parts }),
    ...(target !== undefined && { target }),
    ...(device && { device }),
    ...(xattrs && { xattrs }),
    ...(directory?.opaque && { opaque: true }),
    ...(directory?.implied && { implied: true }),
  };
}
