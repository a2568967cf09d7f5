import { imagePackages, type PackageSet, packageSets } from '../packages';
import { resolvePackages } from './debian';
import { resolveSource } from './debian-source';
import { type Lock, type LockedPackage, writeLock } from './lock';
import { toolchainVersions } from './tools';

/** Moves the lock to what apt would install now, and to the compilers that are here. */
export function updateLock(): void {
  writeLock({ packages: unique(packageSets.flatMap(resolve)), toolchain: toolchainVersions() });
}

/** Moves the packages of base images alone; what guests boot stays as it is, but for packages that both have. */
export function updateImagePackages({ packages, toolchain }: Lock): void {
  writeLock({ packages: unique([...packages, ...imagePackages.flatMap(resolve)]), toolchain });
}

/** Several artefacts may ask for one package; the last one counts. */
function unique(packages: readonly LockedPackage[]): readonly LockedPackage[] {
  return [...new Map(packages.map((locked) => [locked.name, locked])).values()];
}

function resolve(set: PackageSet): readonly LockedPackage[] {
  return set.architecture === 'source' ? set.names.map(resolveSource) : resolvePackages(set);
}
