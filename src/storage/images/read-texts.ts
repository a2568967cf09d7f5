import type { SelectedImage } from '../../api/image-summary';
import { concatBytes } from '../../base/bytes';
import { Union, type UnionEntry } from '../../formats/layer/union';
import type { LayerStore } from '../layers/layer-store';

/** What is longer is no small file. */
const longestText = 1024 * 1024;
/** Linux's, and enough. */
const longestChain = 8;

/** Files of the tree that an image shows, as texts by their paths. Symbolic links are followed within the tree. */
export async function readImageTexts(
  layers: LayerStore,
  { layers: chosen }: SelectedImage,
  paths: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const union = new Union(await Promise.all(chosen.map(({ diffId }) => layers.layer(diffId))));
  const texts: Record<string, string> = {};
  for (const path of paths) {
    const entry = follow(union, path);
    const diffId = entry && chosen[entry.layer]?.diffId;
    if (entry?.node.kind !== 'file' || diffId === undefined || entry.node.size > longestText) continue;
    const parts: Uint8Array[] = [];
    for await (const part of layers.readFile(diffId, entry.node)) parts.push(part);
    texts[path] = new TextDecoder().decode(concatBytes(parts));
  }
  return texts;
}

function follow(union: Union, path: string): UnionEntry | undefined {
  let entry = union.lookup(path);
  let at = path;
  for (let turn = 0; turn < longestChain && entry?.node.kind === 'symlink'; turn += 1) {
    const { target = '' } = entry.node;
    at = target.startsWith('/') ? target : `${at.slice(0, at.lastIndexOf('/'))}/${target}`;
    entry = union.lookup(clean(at));
  }
  return entry;
}

function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
