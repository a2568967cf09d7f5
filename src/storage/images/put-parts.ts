import type { Lease } from '../../api/image';
import { digestOf } from '../../formats/digest';
import { layerMediaType, magicLength, sniffCompression } from '../../formats/layer-type';
import type { Descriptor } from '../../formats/oci';
import type { ImageStore } from './image-store';

/** Stores a document that was made here. */
export async function putDocument(
  store: ImageStore,
  mediaType: string,
  bytes: Uint8Array,
  lease: Lease,
): Promise<Descriptor> {
  const descriptor = { mediaType, digest: await digestOf(bytes), size: bytes.length };
  await store.put(descriptor, only(bytes), lease);
  return descriptor;
}

/** The descriptor of a stored tar as a layer: how it is compressed is told by its first bytes. */
export async function describeLayer(
  store: ImageStore,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): Promise<Descriptor> {
  let head: Uint8Array = new Uint8Array();
  for await (const piece of store.open(digest, { start: 0, end: Math.min(size, magicLength) })) head = piece;
  return { mediaType: layerMediaType(sniffCompression(head)), digest, size };
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
