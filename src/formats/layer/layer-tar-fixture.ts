import { packTar, type TarEntry } from 'modern-tar';
import type { Digest } from '../../api/content-store';
import type { LayerIndex, LayerNode } from '../../api/layer';
import { TarScanner } from '../tar/tar-scanner';
import { LayerBuilder } from './layer-builder';
import type { LayerLimits } from './layer-limits';

export const noDigest: Digest = `sha256:${'0'.repeat(64)}`;

type Header = Partial<TarEntry['header']>;

/** Entries of a tar for tests, each made by another program's writer. */
export const entry = {
  file: (name: string, body = '', header: Header = {}): TarEntry => ({
    header: { mtime: new Date(0), mode: 0o644, ...header, name, type: 'file', size: Buffer.byteLength(body) },
    body,
  }),
  directory: (name: string, header: Header = {}): TarEntry => ({
    header: { mtime: new Date(0), mode: 0o755, ...header, name, type: 'directory', size: 0 },
  }),
  symlink: (name: string, linkname: string, header: Header = {}): TarEntry => ({
    header: { mtime: new Date(0), mode: 0o777, ...header, name, linkname, type: 'symlink', size: 0 },
  }),
  link: (name: string, linkname: string, header: Header = {}): TarEntry => ({
    header: { mtime: new Date(0), ...header, name, linkname, type: 'link', size: 0 },
  }),
};

/** The tar of these entries. */
export async function tarOf(entries: readonly TarEntry[]): Promise<Uint8Array<ArrayBuffer>> {
  return packTar([...entries]);
}

/** The index of a tar, read in chunks of `chunk` bytes. */
export function indexTar(
  tar: Uint8Array,
  { chunk = tar.length, limits }: { chunk?: number; limits?: LayerLimits } = {},
): LayerIndex {
  const builder = new LayerBuilder(limits);
  const scanner = new TarScanner((found) => builder.add(found));
  for (let from = 0; from < tar.length; from += chunk) scanner.push(tar.subarray(from, from + chunk));
  scanner.finish();
  return { diffId: noDigest, size: tar.length, nodes: builder.finish() };
}

/** Nodes by path, without the root. */
export function pathsOf({ nodes }: LayerIndex): ReadonlyMap<string, LayerNode> {
  const found = new Map<string, LayerNode>();
  const visit = (number: number, path: string): void => {
    const node = nodes[number - 1] as LayerNode;
    if (path !== '') found.set(path, node);
    for (const [name, child] of node.children ?? []) visit(child, path === '' ? name : `${path}/${name}`);
  };
  visit(1, '');
  return found;
}
