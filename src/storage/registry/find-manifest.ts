import type { Platform } from '../../api/image';
import type { Operation } from '../../api/operation';
import { SandboxError } from '../../base/errors';
import { isImageDocument, parseImageDocument } from '../../formats/image-document';
import type { Descriptor, Index, Manifest } from '../../formats/oci';
import { choosePlatform } from '../images/choose-platform';
import type { FetchedManifest, ImageSource } from './image-source';

/** Indexes in indexes, as for images that are stored. */
const depthLimit = 4;

export interface FoundManifest {
  /** From the top down: indexes, and the manifest last. */
  readonly documents: readonly [FetchedManifest, ...FetchedManifest[]];
  readonly manifest: Manifest;
  readonly descriptor: Descriptor;
}

export interface ManifestQuery {
  readonly tagOrDigest: string;
  /** For people. */
  readonly name: string;
  readonly platform: Platform;
}

/** The manifest of a platform, and what leads to it. `FailedPrecondition` when there is none for the platform. */
export async function findManifest(
  source: ImageSource,
  { tagOrDigest, name, platform }: ManifestQuery,
  operation: Operation,
): Promise<FoundManifest> {
  let current = await source.manifest(tagOrDigest, operation);
  const documents: [FetchedManifest, ...FetchedManifest[]] = [current];
  for (;;) {
    const { descriptor, bytes } = current;
    const document = parseImageDocument(descriptor, bytes);
    if (document.kind === 'manifest') return { documents, manifest: document.manifest, descriptor };
    if (documents.length > depthLimit) {
      const message = `Cannot pull ${name}: it has more than ${depthLimit} indexes inside each other`;
      throw new SandboxError('InvalidArgument', message, { details: { digest: documents[0].descriptor.digest } });
    }
    const chosen = chooseManifest(name, document.index, platform);
    current = await source.manifest(chosen.digest, operation);
    requireSame(current.descriptor, chosen);
    documents.push(current);
  }
}

function chooseManifest(name: string, { manifests }: Index, platform: Platform): Descriptor {
  const images = manifests.filter(({ mediaType }) => isImageDocument(mediaType));
  const [only] = images;
  // A single one need not say what it is for; its config does.
  if (only && images.length === 1 && !only.platform) return only;
  const offered = images.flatMap((each) => (each.platform ? [{ ...each, platform: each.platform }] : []));
  return choosePlatform(name, offered, platform);
}

function requireSame({ mediaType, size }: Descriptor, announced: Descriptor): void {
  if (size === announced.size && mediaType === announced.mediaType) return;
  const message = `The manifest ${announced.digest} is ${size} bytes of ${mediaType}, its index says ${announced.size} bytes of ${announced.mediaType}`;
  throw new SandboxError('DataLoss', message, { details: { digest: announced.digest } });
}
