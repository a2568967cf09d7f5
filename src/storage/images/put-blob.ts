import type { BlobInfo, ContentStore, Digest, Expectation, StoreView } from '../../api/content-store';
import type { Operation } from '../../api/operation';
import type { RecordChange } from '../../api/records';
import { concatBytes } from '../../base/bytes';
import { SandboxError, throwIfAborted } from '../../base/errors';
import { digestOf } from '../../formats/digest';
import { parseImageConfig } from '../../formats/image-config';
import { isImageConfig, isImageDocument, parseImageDocument } from '../../formats/image-document';
import type { Descriptor } from '../../formats/oci';
import { documentLimit } from '../../formats/oci-parse';
import { imageLabel } from '../layers/stored-layer';

/** Says what else to write in the step that stores something, for the blobs that it is stored as. */
export type WriteWith = (digests: readonly Digest[], view: StoreView) => Promise<readonly RecordChange[]>;

/**
 * Stores a blob that is no layer, with what `writeWith` wants in the same step. Of a document nothing is stored that cannot be read as what it was announced as.
 * Errors: `DataLoss`, `InvalidArgument`, `ResourceExhausted`.
 */
export async function putBlob(
  content: ContentStore,
  descriptor: Descriptor,
  bytes: AsyncIterable<Uint8Array>,
  writeWith: WriteWith,
  operation: Operation,
): Promise<void> {
  const { digest, size, mediaType } = descriptor;
  const isDocument = isImageDocument(mediaType) || isImageConfig(mediaType);
  const source = isDocument ? checkedDocument(descriptor, bytes) : bytes;
  await addBlob(content, { digest, size }, source, writeWith, operation);
}

/** Stores a blob of which no more has to be known than is expected of it. */
export async function addBlob(
  content: ContentStore,
  expect: Pick<Expectation, 'digest' | 'size'>,
  bytes: AsyncIterable<Uint8Array>,
  writeWith: WriteWith,
  { signal, onProgress }: Operation,
): Promise<BlobInfo> {
  const ingest = await content.ingest({ ...expect, label: imageLabel });
  try {
    for await (const piece of bytes) {
      throwIfAborted(signal);
      await ingest.write(piece);
      onProgress?.({ phase: 'Storing', done: ingest.offset, ...(expect.size !== undefined && { total: expect.size }) });
    }
    throwIfAborted(signal);
    const [blob] = await content.commitAll([ingest], ([stored], view) =>
      writeWith(stored ? [stored.digest] : [], view),
    );
    if (!blob) throw new SandboxError('Internal', 'The store has committed nothing');
    return blob;
  } catch (error) {
    // The reason is what the caller must see; what cleaning up leaves behind is found at the next opening.
    await ingest.abort().catch(() => undefined);
    throw error;
  }
}

async function* checkedDocument(descriptor: Descriptor, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const document = await collectDocument(descriptor, bytes);
  if (isImageConfig(descriptor.mediaType)) parseImageConfig(document);
  else parseImageDocument(descriptor, document);
  yield document;
}

/** The whole of a document, verified. */
async function collectDocument(
  { digest, size }: Descriptor,
  bytes: AsyncIterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  if (size > documentLimit) {
    const message = `The document ${digest} has ${size} bytes, at most ${documentLimit} are read`;
    throw new SandboxError('InvalidArgument', message, { details: { digest, size } });
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > size) break;
    parts.push(piece.slice());
  }
  if (length !== size) {
    const message = `Blob ${digest} has ${length > size ? 'more than the' : `${length} bytes, expected`} ${size} bytes`;
    throw new SandboxError('DataLoss', message, { details: { digest, size } });
  }
  const document = concatBytes(parts);
  if ((await digestOf(document)) === digest) return document;
  throw new SandboxError('DataLoss', `Blob ${digest} is not what its digest says`, { details: { digest, size } });
}
