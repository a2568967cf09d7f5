import { SandboxError } from '../../base/errors';
import type { Union, UnionEntry } from './union';

/** Symbolic links on one way; what Linux follows (MAXSYMLINKS). */
const linkLimit = 40;

export interface ResolvedPath {
  /** Names from the root, without symbolic links as far as they are there. */
  readonly names: readonly string[];
  /** What is there, if anything is. */
  readonly entry: UnionEntry | undefined;
}

/**
 * Where a path leads in a tree of layers, symbolic links followed as for a process whose root that tree is: nothing
 * leads out of it. Names that are not there are taken as they are. `InvalidArgument` for links that go round.
 */
export function resolvePath(union: Union, path: string): ResolvedPath {
  const pending = splitNames(path).reverse();
  const found: UnionEntry[] = [];
  const missing: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const name = pending.pop() as string;
    if (name === '..') {
      if (missing.length > 0) missing.pop();
      else found.pop();
      continue;
    }
    const parent = found.at(-1) ?? union.root;
    const entry = missing.length === 0 && parent.node.kind === 'directory' ? union.child(parent, name) : undefined;
    if (!entry) {
      missing.push(name);
    } else if (entry.node.kind !== 'symlink') {
      found.push(entry);
    } else {
      links += 1;
      if (links > linkLimit) throw new SandboxError('InvalidArgument', `Too many levels of symbolic links: ${path}`);
      const target = entry.node.target ?? '';
      if (target.startsWith('/')) found.length = 0;
      pending.push(...splitNames(target).reverse());
    }
  }
  const names = [...(found.at(-1)?.path.split('/') ?? []), ...missing];
  return { names, entry: missing.length === 0 ? (found.at(-1) ?? union.root) : undefined };
}

function splitNames(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
