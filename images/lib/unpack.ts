import { join } from 'node:path';
import type { PackageSet } from '../packages';
import { extractPackage } from './debian';
import { extractSource } from './debian-source';
import { type Lock, lockedPackage } from './lock';
import { buildDirectory } from './paths';

/** Unpacks a set of locked packages, each into a directory of its own, and returns these by package name. */
export function unpackPackages(lock: Lock, set: PackageSet): ReadonlyMap<string, string> {
  return new Map(set.names.map((name) => [name, unpackPackage(lock, name)]));
}

export function unpackPackage(lock: Lock, name: string): string {
  const directory = join(buildDirectory, 'packages', name);
  const locked = lockedPackage(lock, name);
  if (locked.architecture === 'source') extractSource(locked, directory);
  else extractPackage(locked, directory);
  return directory;
}
