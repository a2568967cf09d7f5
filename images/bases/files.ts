import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RootNode, RootTree } from '../lib/root-tree';

const owner = { uid: 0, gid: 0 } as const;

/** The root with the files below a directory put over it: root's, executable or not as they are there. */
export function withFiles(root: RootTree, directory: string): RootTree {
  const tree = new Map(root);
  const paths = existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: 'utf8' }) : [];
  for (const path of paths) {
    const node = readNode(join(directory, path));
    if (node.kind !== 'directory' || !tree.has(path)) tree.set(path, node);
  }
  return tree;
}

function readNode(path: string): RootNode {
  const stats = statSync(path);
  if (stats.isDirectory()) return { kind: 'directory', mode: 0o755, ...owner };
  return {
    kind: 'file',
    bytes: Uint8Array.from(readFileSync(path)),
    mode: stats.mode & 0o100 ? 0o755 : 0o644,
    ...owner,
  };
}

export function withLinks(root: RootTree, links: Readonly<Record<string, string>> = {}): RootTree {
  const nodes = Object.entries(links).map(([path, target]): readonly [string, RootNode] => [
    path,
    { kind: 'symlink', target, mode: 0o777, ...owner },
  ]);
  return new Map([...root, ...nodes]);
}
