import { SandboxError } from '../../base/errors';
import type { IgnoreRules } from '../../formats/dockerignore/ignore-rules';
import { GlobPattern } from '../../formats/glob/glob-pattern';
import { resolvePath } from '../../formats/layer/resolve-path';
import type { Union, UnionEntry } from '../../formats/layer/union';

/** A tree to copy from, without what is left out of it. */
export interface SourceTree {
  readonly union: Union;
  readonly ignore: IgnoreRules | undefined;
  readonly isContext: boolean;
}

export interface SelectedSource {
  readonly entry: UnionEntry;
  /** The path by which it was asked for, without symbolic links followed; empty for the root. */
  readonly path: string;
}

/**
 * What a source of COPY names: one file or directory, symbolic links followed inside of the tree; or all that a
 * pattern fits, in the order of names. `NotFound` in BuildKit's words when there is none, for a pattern in docker's.
 */
export function selectSources(tree: SourceTree, source: string): readonly SelectedSource[] {
  const names = cleanNames(source);
  const patterns = names.map((name) => new GlobPattern(name));
  const wild = patterns.findIndex((pattern) => !pattern.isLiteral);
  if (wild === -1) return [selectOne(tree, names.map(unescaped))];
  const base = resolvePath(tree.union, names.slice(0, wild).map(unescaped).join('/'));
  let found: readonly UnionEntry[] = base.entry ? [base.entry] : [];
  for (const pattern of patterns.slice(wild)) {
    found = found.flatMap((entry) =>
      entry.node.kind === 'directory'
        ? tree.union.list(entry).filter(({ path }) => pattern.matches(path.slice(path.lastIndexOf('/') + 1)))
        : [],
    );
  }
  const kept = found.filter((entry) => isKept(tree, entry));
  if (kept.length === 0) throw notFound(source, 'no such file or directory');
  return kept.map((entry) => ({ entry: followed(tree, entry), path: entry.path }));
}

/** Whether anything of it is copied: of a directory that is left out, what an exception keeps may be. */
export function isKept({ union, ignore }: SourceTree, entry: UnionEntry): boolean {
  if (!ignore || entry.path === '' || !ignore.ignores(entry.path)) return true;
  if (entry.node.kind !== 'directory' || !ignore.hasExceptions) return false;
  return union.list(entry).some((child) => isKept({ union, ignore, isContext: true }, child));
}

function selectOne(tree: SourceTree, names: readonly string[]): SelectedSource {
  const path = names.join('/');
  const asked = tree.union.lookup(path);
  const { entry } = resolvePath(tree.union, path);
  if (!entry || (asked && !isKept(tree, asked)) || !isKept(tree, entry)) throw notFound(path, 'not found');
  return { entry, path };
}

/** The file that a link leads to; a link that leads nowhere is copied as it is. */
function followed({ union }: SourceTree, entry: UnionEntry): UnionEntry {
  return entry.node.kind === 'symlink' ? (resolvePath(union, entry.path).entry ?? entry) : entry;
}

/** Names from the root; `..` does not lead above it. */
function cleanNames(path: string): readonly string[] {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names;
}

/** A name without the backslashes that keep characters from being taken for wildcards. */
function unescaped(name: string): string {
  return name.replace(/\\(.)/g, '$1');
}

function notFound(path: string, what: string): SandboxError {
  const message = `failed to compute cache key: failed to calculate checksum: "/${path.replace(/^\/+/, '')}": ${what}`;
  return new SandboxError('NotFound', message, { details: { path } });
}
