import { SandboxError } from '../../src/base/errors';
import { hardLinks, type RootNode, type RootTree } from '../lib/root-tree';

/**
 * What a layer has to hold to make `root` out of `parent`: everything that is new or differs, with all names of a file
 * that has several, and the directories above it, for an overlay takes a directory's owner and mode from the top.
 * `Internal` when something of the parent is gone: what our recipes do adds and changes, so no layer has whiteouts.
 */
export function layerBetween(parent: RootTree, root: RootTree): RootTree {
  const gone = [...parent.keys()].find((path) => !root.has(path));
  if (gone !== undefined) throw new SandboxError('Internal', `The layer would have to remove ${gone}`);
  const [linksBefore, linksNow] = [hardLinks(parent), hardLinks(root)];
  const layer = new Map<string, RootNode>();
  for (const [path, node] of root) {
    const before = parent.get(path);
    const names = linksNow.get(node) ?? [path];
    const namesBefore = (before && linksBefore.get(before)) ?? [path];
    if (before && isSameNode(before, node) && names.join('\0') === namesBefore.join('\0')) continue;
    for (const name of names) addWithParents(layer, root, name, node);
  }
  return layer;
}

function addWithParents(layer: Map<string, RootNode>, root: RootTree, path: string, node: RootNode): void {
  layer.set(path, node);
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const directory = root.get(path.slice(0, end));
    if (directory) layer.set(path.slice(0, end), directory);
  }
}

function isSameNode(a: RootNode, b: RootNode): boolean {
  const sameAttributes = a.kind === b.kind && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
  return sameAttributes && xattrsOf(a) === xattrsOf(b) && hasSameContent(a, b);
}

function xattrsOf({ xattrs = new Map<string, Uint8Array>() }: RootNode): string {
  const lines = [...xattrs].map(([name, value]) => `${name} ${Buffer.from(value).toString('hex')}`);
  return lines.sort().join('\n');
}

/** Of a directory nothing counts: what is in it are entries of their own. */
function hasSameContent(a: RootNode, b: RootNode): boolean {
  if (a.kind === 'file') return b.kind === 'file' && Buffer.compare(a.bytes, b.bytes) === 0;
  return a.kind !== 'symlink' || (b.kind === 'symlink' && a.target === b.target);
}
