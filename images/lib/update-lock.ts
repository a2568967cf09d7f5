import { type PackageSet, packageSets } from '../packages';
import { resolvePackages } from './debian';
import { resolveSource } from './debian-source';
import { type LockedPackage, writeLock } from './lock';
import { toolchainVersions } from './tools';

/** Moves the lock to what apt would install now, and to the compilers that are here. */
export function updateLock(): void {
  writeLock({ packages: packageSets.flatMap(resolve), toolchain: toolchainVersions() });
}

function resolve(set: PackageSet): readonly LockedPackage[] {
  return set.architecture === 'source' ? set.names.map(resolveSource) : resolvePackages(set);
}
