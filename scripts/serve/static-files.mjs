import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { mediaTypeOf } from './mime.mjs';

/** Names that hold a hash of their content: what vite emits, and blobs. */
const hashed = /\/assets\/[^/]+-[\w-]{8,}\.\w+$|\/blobs\/sha256\/[0-9a-f]{64}$/;

/**
 * Finds the file that a path of the site means, or nothing. What lies outside `root`, by dots or by a
 * symbolic link, and hidden files do not exist as far as the site is concerned.
 * @param {string} root
 * @param {string} pathname percent-encoded, starting with a slash
 * @returns {Promise<import('./send-file.mjs').FileBody | undefined>}
 */
export async function findFile(root, pathname) {
  const relative = decodePath(pathname);
  if (relative === undefined) return undefined;
  try {
    const base = await realpath(root);
    const path = await realpath(join(base, relative.endsWith('/') ? `${relative}index.html` : relative));
    const info = await stat(path);
    if (!path.startsWith(base + sep) || !info.isFile()) return undefined;
    const { type, compressible } = mediaTypeOf(path);
    const etag = `${info.size.toString(16)}-${Math.floor(info.mtimeMs).toString(16)}`;
    return { path, size: info.size, type, etag, immutable: hashed.test(relative), compressible };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * The plain path, or undefined for one that cannot name a file of ours.
 * @param {string} pathname
 */
function decodePath(pathname) {
  try {
    const path = decodeURIComponent(pathname);
    const harmless = path.startsWith('/') && !/[\0\\]/.test(path) && !/\/\./.test(path);
    return harmless ? path : undefined;
  } catch {
    return undefined;
  }
}

/** @param {unknown} error */
function isMissing(error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ELOOP';
}
