import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './lib/paths.mjs';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock: { readonly packages: Readonly<Record<string, LockEntry>> } = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
);

/** Whether a package that `path` asks for is locked: beside its asker's own packages, or further up. */
function isLocked(path: string, name: string): boolean {
  const parents = path.split('/node_modules/');
  return parents.some((_, depth) => {
    const folder = parents.slice(0, parents.length - depth).join('/node_modules/');
    return `${folder}/node_modules/${name}` in lock.packages || `node_modules/${name}` in lock.packages;
  });
}

describe('the lock file', () => {
  it('names no registry, so that every machine uses its own', () => {
    expect(Object.keys(lock.packages).filter((path) => lock.packages[path]?.resolved)).toEqual([]);
  });

  it('has a digest for every package', () => {
    const bare = Object.entries(lock.packages).filter(([path, { integrity }]) => path !== '' && !integrity);
    expect(bare.map(([path]) => path)).toEqual([]);
  });

  it('locks the binaries of every platform, without which npm ci refuses it', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(path, name)),
    );
    expect(missing).toEqual([]);
  });
});
