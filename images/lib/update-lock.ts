import { packageSets } from '../packages';
import { resolvePackages } from './debian';
import { writeLock } from './lock';
import { toolchainVersions } from './tools';

/** Moves the lock to what apt would install now, and to the compilers that are here. */
export function updateLock(): void {
  writeLock({ packages: packageSets.flatMap(resolvePackages), toolchain: toolchainVersions() });
}
