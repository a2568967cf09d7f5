/** Who owns a file, and what may be done with it. */
interface Attributes {
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Extended attributes by their full name: `security.capability`. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

export type RootNode = Attributes &
  (
    | { readonly kind: 'directory' }
    | { readonly kind: 'file'; readonly bytes: Uint8Array }
    | { readonly kind: 'symlink'; readonly target: string }
  );

/** The root file system of a container by path (`usr/bin/env`); paths that share a file's node are its hard links. */
export type RootTree = ReadonlyMap<string, RootNode>;

/** Paths in the order of an archive: parents before children, the same on every machine. */
export function sortedPaths(tree: RootTree): readonly string[] {
  return [...tree.keys()].sort((a, b) => (a < b ? -1 : 1));
}

/** The paths of every file that has more than one. */
export function hardLinks(tree: RootTree): ReadonlyMap<RootNode, readonly string[]> {
  const paths = new Map<RootNode, string[]>();
  for (const path of sortedPaths(tree)) {
    const node = tree.get(path);
    if (node?.kind === 'file') paths.set(node, [...(paths.get(node) ?? []), path]);
  }
  return new Map([...paths].filter(([, names]) => names.length > 1));
}
