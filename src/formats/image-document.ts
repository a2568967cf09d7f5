import type { Digest } from '../api/content-store';
import { SandboxError } from '../base/errors';
import { isForeignLayer } from './layer-type';
import { type Descriptor, type Index, type Manifest, mediaTypes } from './oci';
import { parseIndex, parseManifest } from './oci-parse';

/** What a descriptor of an image or of an index names. */
export type ImageDocument =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly index: Index };

/** Layers of one image: as many as docker stacks. Linux takes 500 lower folders, each with a mount of its own here. */
export const layerLimit = 127;

/** Indexes in indexes: one is usual, two have been seen. */
const depthLimit = 4;

const indexTypes: readonly string[] = [mediaTypes.index, mediaTypes.dockerIndex];
const manifestTypes: readonly string[] = [mediaTypes.manifest, mediaTypes.dockerManifest];

/** Whether the media type is that of a manifest or of an index. */
export function isImageDocument(mediaType: string): boolean {
  return indexTypes.includes(mediaType) || manifestTypes.includes(mediaType);
}

/** Whether the media type is that of the config of an image, as opposed to that of some other artifact. */
export function isImageConfig(mediaType: string): boolean {
  return mediaType === mediaTypes.config || mediaType === mediaTypes.dockerConfig;
}

/**
 * Reads a manifest or an index as what its descriptor says it is. Errors: `InvalidArgument` for one that is not,
 * or that has too many layers; `Unimplemented` for docker's first schema and for layers that lie elsewhere.
 */
export function parseImageDocument({ mediaType, digest }: Descriptor, bytes: Uint8Array): ImageDocument {
  if (indexTypes.includes(mediaType)) {
    const index = parseIndex(bytes);
    requireType(mediaType, index.mediaType, digest);
    return { kind: 'index', index };
  }
  if (!manifestTypes.includes(mediaType)) throw notAnImage(mediaType, digest);
  const manifest = parseManifest(bytes);
  requireType(mediaType, manifest.mediaType, digest);
  if (manifest.layers.length > layerLimit) {
    throw new SandboxError(
      'InvalidArgument',
      `The image ${digest} has ${manifest.layers.length} layers, at most ${layerLimit} can be stacked`,
      { details: { digest } },
    );
  }
  const foreign = manifest.layers.find((layer) => isForeignLayer(layer.mediaType));
  if (foreign) {
    throw new SandboxError(
      'Unimplemented',
      `The layer ${foreign.digest} of the image ${digest} is foreign (${foreign.mediaType}): its bytes are not in the registry`,
      { details: { digest } },
    );
  }
  return { kind: 'manifest', manifest };
}

/** Something that an image or an index consists of. Of a document that is not there the content is unknown. */
export interface ImagePart {
  readonly descriptor: Descriptor;
  readonly role: 'index' | 'manifest' | 'config' | 'layer';
  readonly document?: ImageDocument;
}

/**
 * Everything below a manifest or an index, each once, from the top: `read` gives the bytes of a document, or
 * undefined where it is not there. Errors: those of {@link parseImageDocument}, and `InvalidArgument` for an index
 * that contains itself or others too deep.
 */
export async function* walkImage(
  root: Descriptor,
  read: (descriptor: Descriptor) => Promise<Uint8Array | undefined>,
): AsyncGenerator<ImagePart> {
  const seen = new Set<Digest>();
  const walk = async function* (descriptor: Descriptor, above: readonly Digest[]): AsyncGenerator<ImagePart> {
    const { digest } = descriptor;
    if (above.includes(digest)) throw nested(root, `the index ${digest} contains itself`);
    if (above.length > depthLimit) throw nested(root, `it has more than ${depthLimit} indexes inside each other`);
    if (seen.has(digest)) return;
    seen.add(digest);
    const bytes = await read(descriptor);
    const role = indexTypes.includes(descriptor.mediaType) ? 'index' : 'manifest';
    if (!bytes) {
      yield { descriptor, role };
      return;
    }
    const document = parseImageDocument(descriptor, bytes);
    yield { descriptor, role, document };
    if (document.kind === 'index') {
      for (const each of document.index.manifests) {
        if (isImageDocument(each.mediaType)) yield* walk(each, [...above, digest]);
      }
      return;
    }
    const { config, layers } = document.manifest;
    for (const [each, part] of [[config, 'config'] as const, ...layers.map((layer) => [layer, 'layer'] as const)]) {
      if (seen.has(each.digest)) continue;
      seen.add(each.digest);
      yield { descriptor: each, role: part };
    }
  };
  yield* walk(root, []);
}

function requireType(announced: string, found: string, digest: Digest): void {
  if (announced === found) return;
  throw new SandboxError('InvalidArgument', `The document ${digest} was announced as ${announced} and is ${found}`, {
    details: { digest },
  });
}

function notAnImage(mediaType: string, digest: Digest): SandboxError {
  const first = mediaType.startsWith('application/vnd.docker.distribution.manifest.v1');
  const message = first
    ? `The image ${digest} has a manifest of docker's first schema; push it again with a docker of this decade`
    : `Neither an image nor an index of images: ${digest} is ${mediaType}`;
  return new SandboxError(first ? 'Unimplemented' : 'InvalidArgument', message, { details: { digest } });
}

function nested({ digest }: Descriptor, what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Cannot read the index ${digest}: ${what}`, { details: { digest } });
}
