import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SandboxError } from '../../src/base/errors';
import { run } from './run';

const libraryDirectories = ['lib/i386-linux-gnu', 'usr/lib/i386-linux-gnu', 'lib'];

/** Names of the libraries that a program or library asks the loader for. */
export function neededLibraries(file: string): readonly string[] {
  const dynamic = run('objdump', ['--private-headers', file]);
  return [...dynamic.matchAll(/^\s+NEEDED\s+(\S+)$/gm)].map((match) => match[1] ?? '');
}

/**
 * Every library that the programs need, directly or not, by the name they ask for it.
 * `FailedPrecondition` names the library that none of the unpacked packages has.
 */
export function libraryClosure(programs: readonly string[], packages: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const pending = [...programs];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    for (const name of neededLibraries(file)) {
      if (found.has(name)) continue;
      const library = findLibrary(name, packages, file);
      found.set(name, library);
      pending.push(library);
    }
  }
  return found;
}

function findLibrary(name: string, packages: readonly string[], wantedBy: string): string {
  for (const root of packages) {
    for (const directory of libraryDirectories) {
      const path = join(root, directory, name);
      if (existsSync(path)) return path;
    }
  }
  throw new SandboxError('FailedPrecondition', `${wantedBy} needs ${name}, which no package of images/packages.ts has`);
}
