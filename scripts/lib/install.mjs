import { statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { run } from './run.mjs';

/** @param {string} path */
function modifiedMs(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Installs the npm packages when they are missing or older than the lock file. */
export async function ensurePackages() {
  if (modifiedMs('node_modules/.package-lock.json') >= modifiedMs('package-lock.json')) return;
  console.log('Installing npm packages …');
  // Development packages build the page, so they are wanted even where NODE_ENV says production.
  const { ok } = await run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund']);
  if (!ok) throw new Error('npm ci failed: see its message above');
}
