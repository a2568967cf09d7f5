import { SandboxError } from '../../base/errors';
import { serializeFileName } from '../file-name';
import type { LayerLimits } from './layer-limits';

const whiteoutPrefix = '.wh.';
const opaqueName = '.wh..wh..opq';
/** Books of AUFS (`.wh..wh.plnk` and others), which no engine keeps any more and docker and containerd pass over. */
const aufsPrefix = '.wh..wh.';

/** What an entry's path says it is about (image-spec v1.1, layer.md, "Whiteouts"). */
export type LayerTarget =
  | { readonly is: 'entry'; readonly names: readonly string[] }
  | { readonly is: 'whiteout'; readonly names: readonly string[] }
  /** Of the directory `names`. */
  | { readonly is: 'opaque'; readonly names: readonly string[] }
  | { readonly is: 'ignored' };

/**
 * Reads a path of a layer, by its names from the root. A leading `/` or `./` says nothing, as for docker.
 * Errors: `InvalidArgument` for what leads outside, has no end, or is beyond the limits.
 */
export function parseLayerPath(path: string, limits: LayerLimits): LayerTarget {
  const names = splitPath(path, limits);
  if (names.some((name) => name.startsWith(aufsPrefix) && name !== opaqueName)) return { is: 'ignored' };
  const last = names.at(-1);
  const parents = names.slice(0, -1);
  if (parents.some((name) => name.startsWith(whiteoutPrefix))) throw unsoundLayer(path, 'it is below a whiteout');
  if (last === undefined || !last.startsWith(whiteoutPrefix)) return { is: 'entry', names };
  if (last === opaqueName) return { is: 'opaque', names: parents };
  const hidden = last.slice(whiteoutPrefix.length);
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw unsoundLayer(path, 'it is a whiteout of a directory that contains it');
  }
  return { is: 'whiteout', names: [...parents, hidden] };
}

/** The names of a path. Errors as of {@link parseLayerPath}. */
export function splitPath(path: string, limits: LayerLimits): readonly string[] {
  if (path === '') throw unsoundLayer(path, 'it has no name');
  if (path.includes('\0')) throw unsoundLayer(path, 'it has a zero byte');
  if (longerThan(path, limits.pathBytes)) throw unsoundLayer(path, `it is longer than ${limits.pathBytes} bytes`);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw unsoundLayer(path, 'it leads outside with “..”');
  const long = names.find((name) => longerThan(name, limits.nameBytes));
  if (long !== undefined) throw unsoundLayer(path, `a name is longer than ${limits.nameBytes} bytes`);
  if (names.length > limits.depth) throw unsoundLayer(path, `it is deeper than ${limits.depth} directories`);
  return names;
}

/** `InvalidArgument` that names the path. */
export function unsoundLayer(path: string, what: string): SandboxError {
  const shown = path.length > 100 ? `${path.slice(0, 100)}…` : path;
  return new SandboxError('InvalidArgument', `Not a sound layer: ${JSON.stringify(shown)}: ${what}`, {
    details: { path: shown },
  });
}

export function longerThan(text: string, bytes: number): boolean {
  // Three bytes at most for a code unit.
  return text.length > bytes || (text.length * 3 > bytes && serializeFileName(text).length > bytes);
}
