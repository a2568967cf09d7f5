import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SandboxError } from '../../src/base/errors';
import { imagesDirectory } from './paths';

/** A package of Debian, exactly: a binary one, or a source package of which the .dsc is meant. */
export interface LockedPackage {
  readonly name: string;
  readonly architecture: 'i386' | 'all' | 'source';
  readonly version: string;
  /** The source package it was built from: what a licence calls the corresponding source. */
  readonly source: string;
  readonly sourceVersion: string;
  /** Bytes of the .deb or .dsc. */
  readonly size: number;
  /** Of the .deb or .dsc, lower-case hex. */
  readonly sha256: string;
}

export interface Lock {
  readonly packages: readonly LockedPackage[];
  /** Versions of what compiles: with others the kernel works as well, but its digest differs. */
  readonly toolchain: Readonly<Record<string, string>>;
}

const lockFile = join(imagesDirectory, 'lock.json');

export function readLock(): Lock {
  return JSON.parse(readFileSync(lockFile, 'utf8')) as Lock;
}

export function writeLock(lock: Lock): void {
  const packages = [...lock.packages].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  writeFileSync(lockFile, `${JSON.stringify({ packages, toolchain: lock.toolchain }, null, 2)}\n`);
}

export function lockedPackage(lock: Lock, name: string): LockedPackage {
  const found = lock.packages.find((entry) => entry.name === name);
  if (found) return found;
  throw new SandboxError('NotFound', `images/lock.json has no package ${name}: run npm run images -- --update`);
}

function keyOf({ name, architecture }: LockedPackage): string {
  return `${name}:${architecture}`;
}
