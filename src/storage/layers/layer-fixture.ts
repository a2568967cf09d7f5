import { concatBytes } from '../../base/bytes';
import { digestOf } from '../../formats/digest';
import type { Descriptor } from '../../formats/oci';

export const layerTypes = {
  none: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

export async function describeBlob(bytes: Uint8Array, mediaType: string = layerTypes.gzip): Promise<Descriptor> {
  return { mediaType, digest: await digestOf(bytes), size: bytes.length };
}

export async function* inChunks(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return concatBytes(parts);
}
