import { concatBytes } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { digestOf } from '../../formats/digest';
import type { Descriptor } from '../../formats/oci';
import type { ImageSource } from './image-source';
import { resumableBlob } from './resumable-blob';

/** The whole of a small blob, verified. `DataLoss` when it is not what its digest says, past the HTTP cache as well. */
export async function fetchDocument(
  source: ImageSource,
  descriptor: Descriptor,
  context: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Uint8Array<ArrayBuffer>> {
  for (const cache of ['default', 'reload'] as const) {
    const parts: Uint8Array[] = [];
    for await (const piece of resumableBlob(source, descriptor, { ...context, cache })) parts.push(piece);
    const bytes = concatBytes(parts);
    if ((await digestOf(bytes)) === descriptor.digest) return bytes;
  }
  const message = `Blob ${descriptor.digest} is not what its digest says: the server's copy is damaged, or it was changed on the way`;
  throw new SandboxError('DataLoss', message, { details: { digest: descriptor.digest } });
}
