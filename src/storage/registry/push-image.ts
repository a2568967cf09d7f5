import type { Digest } from '../../api/content-store';
import type { PushOptions, PushStatus } from '../../api/distribution';
import type { ImageContent } from '../../api/image';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { walkImage } from '../../formats/image-document';
import type { Descriptor } from '../../formats/oci';
import { familiarReference, type Reference, serializeReference } from '../../formats/reference';
import { platformName } from '../images/choose-platform';
import { uploadBlob } from './blob-upload';
import type { FetchedManifest } from './image-source';
import { LayerLines } from './layer-lines';
import { PushRepository } from './push-repository';
import type { Registry } from './registry';
import { runPool } from './run-pool';

export interface PushContext {
  readonly registry: Registry;
  readonly content: ImageContent;
  readonly clock: Clock;
}

/** Blobs that move at the same time. */
const concurrentBlobs = 3;

/**
 * Brings what a name stands for into its registry, bit for bit; what the registry has does not move. The tag is set last.
 * `FailedPrecondition` when platforms of an index are not here: a registry would not take it. Others are the registry's.
 */
export async function pushImage(
  reference: Reference,
  { registry, content, clock }: PushContext,
  { signal = new AbortController().signal, onEvent }: PushOptions,
): Promise<Digest> {
  const say = (text: string): void => onEvent?.({ kind: 'message', text });
  const root = await content.resolve(serializeReference(reference));
  const { documents, blobs } = await collectParts(reference, root, content);
  say(`The push refers to repository [${reference.registry}/${reference.repository}]`);
  const lines = new LayerLines<PushStatus>(clock, onEvent);
  const repository = new PushRepository(registry, reference.repository);
  for (const { descriptor, isLayer } of blobs) if (isLayer) lines.update(descriptor, 'Preparing');
  await runPool(blobs, concurrentBlobs, signal, async ({ descriptor, isLayer }, stop) => {
    const onBytes = (sent: number): void => {
      if (isLayer) lines.update(descriptor, 'Pushing', sent, descriptor.size);
    };
    const status = await uploadBlob(descriptor, { repository, content, clock, signal: stop, onBytes });
    if (isLayer) lines.update(descriptor, status);
  });
  // What a registry is given to keep names only what it has.
  for (const document of [...documents].reverse()) {
    const { digest } = document.descriptor;
    await repository.putManifest(document, digest === root.digest ? (reference.tag ?? digest) : digest, signal);
  }
  say(`${reference.tag ?? root.digest}: digest: ${root.digest} size: ${root.size}`);
  return root.digest;
}

interface ImageParts {
  /** From the top down. */
  readonly documents: readonly FetchedManifest[];
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly isLayer: boolean }[];
}

async function collectParts(reference: Reference, root: Descriptor, content: ImageContent): Promise<ImageParts> {
  const documents: FetchedManifest[] = [];
  const blobs: { descriptor: Descriptor; isLayer: boolean }[] = [];
  const absent: Descriptor[] = [];
  const read = async (descriptor: Descriptor): Promise<Uint8Array | undefined> => {
    if (!(await content.has(descriptor))) return undefined;
    const bytes = await content.read(descriptor.digest);
    documents.push({ descriptor, bytes });
    return bytes;
  };
  for await (const { descriptor, role, document } of walkImage(root, read)) {
    if (role === 'config' || role === 'layer') blobs.push({ descriptor, isLayer: role === 'layer' });
    else if (!document) absent.push(descriptor);
  }
  if (absent.length === 0) return { documents, blobs };
  const names = absent.map(({ platform, digest }) => (platform ? platformName(platform) : digest)).slice(0, 10);
  const message = `Cannot push ${familiarReference(reference)}: its images for ${names.join(', ')} are not here; pull them, or tag the image of one platform by its digest and push that`;
  throw new SandboxError('FailedPrecondition', message, { details: { reference: serializeReference(reference) } });
}
