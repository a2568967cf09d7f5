import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { previewDir, root, siteDir } from './paths.mjs';
import { run } from './run.mjs';

/** What the built page is made from. */
const sources = [
  'index.html',
  'embed.html',
  'preview-tab.html',
  'preview',
  'src',
  'workers',
  'public',
  'vite.config.ts',
  'scripts/headers.mjs',
  'scripts/lib/build-preview.mjs',
  'scripts/lib/build-sdk.mjs',
  'tsconfig.sdk.json',
  'package-lock.json',
];

/**
 * When a file, or anything in a folder, last changed; a folder's own time tells of files that went away.
 * @param {string} path
 * @returns {number} milliseconds, 0 for what is absent
 */
function newestMs(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) return 0;
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(info.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

/** Whether dist/ and dist-preview/ are complete and newer than their sources. */
function isFresh() {
  const built = Math.min(newestMs(join(siteDir, 'index.html')), newestMs(join(previewDir, 'index.html')));
  return built > 0 && sources.every((path) => newestMs(join(root, path)) <= built);
}

/** Builds the page when its sources are newer than dist/. */
export async function ensureSite() {
  if (isFresh()) return;
  console.log('Building the page …');
  // Below vitest it is "test", which makes another page of it.
  const env = { NODE_ENV: 'production' };
  const { ok, output } = await run('npm', ['run', '--silent', 'build'], { capture: true, env });
  if (!ok) throw new Error(`The page could not be built:\n${output}`);
}
