import type { Digest } from '../../api/content-store';
import { toHex } from '../../base/bytes';
import { createDigester } from '../../formats/digest';
import { serializeTarEntry, tarEnd, tarPadding } from '../../formats/tar/tar-writer';
import type { ImageStores } from '../images/export-image';
import type { FileDigests, LayerFile } from './file-digests';
import type { PlannedContent, PlannedEntry } from './plan-copy';

/** The tar of a planned layer. The same entries give the same bytes. */
export async function* writePlannedLayer(
  stores: ImageStores,
  entries: readonly PlannedEntry[],
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const entry of entries) {
    yield serializeTarEntry(entry);
    if (entry.kind !== 'file' || !entry.content) continue;
    yield* bytesOf(stores, entry.content);
    yield tarPadding(entry.size);
  }
  yield tarEnd;
}

/**
 * What a planned layer is, apart from times, which change when nothing else does: what files are called, whose they are,
 * and what is in them.
 */
export async function fingerprint(
  entries: readonly PlannedEntry[],
  digests: FileDigests,
  signal?: AbortSignal,
): Promise<Digest> {
  const files = entries.flatMap(({ content }) => (content?.is === 'node' ? [fileOf(content)] : []));
  const found = await digests.of(files, signal);
  const digester = await createDigester();
  const encoder = new TextEncoder();
  let at = 0;
  for (const { content, mtime: _mtime, xattrs, ...rest } of entries) {
    const inside = content?.is === 'node' ? found[at++] : content && (await looseDigest(content));
    const attributes = [...(xattrs ?? [])].map(([name, value]) => [name, toHex(value)]);
    digester.update(encoder.encode(`${JSON.stringify([rest, attributes, inside ?? null])}\n`));
  }
  return digester.digest();
}

function fileOf({ layer, inode, node }: Extract<PlannedContent, { is: 'node' }>): LayerFile {
  return { layer, inode, node };
}

async function looseDigest({ file }: Extract<PlannedContent, { is: 'loose' }>): Promise<Digest> {
  if ('blob' in file.content) return file.content.blob;
  const digester = await createDigester();
  digester.update(file.content.bytes);
  return digester.digest();
}

async function* bytesOf({ images, layers }: ImageStores, content: PlannedContent): AsyncGenerator<Uint8Array> {
  if (content.is === 'node') yield* layers.readFile(content.layer, content.node);
  else if ('bytes' in content.file.content) yield content.file.content.bytes;
  else yield* images.open(content.file.content.blob);
}
