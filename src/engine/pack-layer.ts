import { chunksOf, streamOf } from '../base/streams';
import { createDigester, digestOf } from '../formats/digest';
import { annotations, type Descriptor } from '../formats/oci';
import type { ArchiveBlob } from '../formats/oci-archive';

/** A blob on its way into an archive. */
export interface PackedLayer {
  readonly descriptor: Descriptor;
  /** Kept by the browser, which may put it on a disk. */
  readonly packed: Blob;
}

/** A small document as it is. */
export async function packDocument(mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<PackedLayer> {
  const digest = await digestOf(bytes);
  return { descriptor: { mediaType, digest, size: bytes.length }, packed: new Blob([bytes]) };
}

/** Compresses what comes, and says what went in and what came out. */
export async function packLayer(
  mediaType: string,
  title: string,
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): Promise<PackedLayer> {
  const [plain, packed] = await Promise.all([createDigester(), createDigester()]);
  let plainSize = 0;
  async function* counted(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for await (const chunk of chunks) {
      plain.update(chunk);
      plainSize += chunk.length;
      yield chunk;
    }
  }
  const parts: Blob[] = [];
  for await (const chunk of chunksOf(streamOf(counted()).pipeThrough(new CompressionStream('gzip')))) {
    packed.update(chunk);
    parts.push(new Blob([chunk]));
  }
  const blob = new Blob(parts);
  const descriptor: Descriptor = {
    mediaType,
    digest: packed.digest(),
    size: blob.size,
    annotations: {
      [annotations.title]: title,
      [annotations.uncompressedDigest]: plain.digest(),
      [annotations.uncompressedSize]: String(plainSize),
    },
  };
  return { descriptor, packed: blob };
}

/** The same as an archive wants it. */
export function archiveBlobOf({ descriptor: { digest, size }, packed }: PackedLayer): ArchiveBlob {
  return { digest, size, open: () => chunksOf(packed.stream()) };
}
