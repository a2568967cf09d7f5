import type { Digest } from '../../api/content-store';
import type { Platform } from '../../api/image';
import type { ImageLayer, ImageVariant } from '../../api/image-summary';
import type { UnikernelVariant } from '../../api/unikernel';
import { SandboxError } from '../../base/errors';
import { type ImageConfig, parseImageConfig } from '../../formats/image-config';
import { isImageConfig, walkImage } from '../../formats/image-document';
import { layerCompression } from '../../formats/layer-type';
import type { Descriptor, Manifest } from '../../formats/oci';
import { isUnikernel, unikernelPart, unikernelPlatform } from '../../formats/unikernel-image';
import { comparePlatforms, isRealPlatform } from './choose-platform';
import type { ImagePartRecord } from './image-record';
import type { LayerParts } from './layer-parts';

/** Where the pieces of an image are looked up; undefined for what is not there. */
export interface ImagePieces {
  read(descriptor: Descriptor): Promise<Uint8Array | undefined>;
  has(digest: Digest): Promise<boolean>;
  layer(digest: Digest): Promise<LayerParts | undefined>;
}

export interface DescribedImage {
  readonly variants: readonly ImageVariant[];
  readonly parts: readonly ImagePartRecord[];
  /** Platforms that an index has and that are not stored. */
  readonly absent: readonly Platform[];
}

/**
 * What is stored of an image or an index. Errors: `FailedPrecondition` when something is missing below a manifest
 * that is there, or nothing is there at all; `InvalidArgument` for documents that contradict each other.
 */
export async function describeImage(root: Descriptor, pieces: ImagePieces): Promise<DescribedImage> {
  const parts = new Map<Digest, ImagePartRecord>();
  const variants: ImageVariant[] = [];
  const absent: Platform[] = [];
  let manifests = 0;
  for await (const { descriptor, role, document } of walkImage(root, pieces.read)) {
    if (role === 'config' || role === 'layer') continue;
    if (!document) {
      if (descriptor.platform) absent.push(descriptor.platform);
      continue;
    }
    addPart(parts, descriptor);
    if (document.kind === 'index') continue;
    manifests += 1;
    const variant = await describeManifest(descriptor, document.manifest, pieces, parts);
    if (variant) variants.push(variant);
  }
  if (manifests === 0) throw missing(root.digest, 'no image of it is stored');
  variants.sort((a, b) => comparePlatforms(a.platform, b.platform));
  return { variants, parts: [...parts.values()], absent: absent.filter(isRealPlatform) };
}

async function describeManifest(
  descriptor: Descriptor,
  manifest: Manifest,
  pieces: ImagePieces,
  parts: Map<Digest, ImagePartRecord>,
): Promise<ImageVariant | undefined> {
  const config = isImageConfig(manifest.config.mediaType)
    ? await readConfig(descriptor, manifest.config, pieces)
    : await requireBlob(descriptor, manifest.config, pieces);
  addPart(parts, manifest.config);
  const layers: ImageLayer[] = [];
  for (const layer of manifest.layers) {
    if (layerCompression(layer.mediaType) === undefined) {
      await requireBlob(descriptor, layer, pieces);
      addPart(parts, layer);
      continue;
    }
    const found = await pieces.layer(layer.digest);
    if (!found) throw missing(descriptor.digest, `its layer ${layer.digest} is not stored`);
    for (const part of found.parts) addPart(parts, part);
    layers.push({ digest: layer.digest, diffId: found.diffId });
  }
  if (isUnikernel(manifest, descriptor)) return unikernelVariant(descriptor, manifest);
  // What only looks like an image, such as an attestation, has layers of another kind.
  if (!config || layers.length !== manifest.layers.length || !isRealPlatform(config.platform)) return undefined;
  requireDiffIds(descriptor.digest, config, layers);
  const { platform, created } = config;
  return {
    platform,
    manifest: descriptor,
    config: manifest.config.digest,
    ...(created !== undefined && { created }),
    layers,
  };
}

/** A program alone: it has no files, so nothing of it is a layer of any tree. */
function unikernelVariant(descriptor: Descriptor, manifest: Manifest): ImageVariant | undefined {
  const build = (variant: UnikernelVariant) => manifest.layers[unikernelPart(manifest, variant)]?.digest;
  const [module, asyncify] = [build('module'), build('asyncify')];
  if (module === undefined) return undefined;
  return {
    platform: unikernelPlatform,
    manifest: descriptor,
    config: manifest.config.digest,
    layers: [],
    unikernel: { module, ...(asyncify !== undefined && { asyncify }) },
  };
}

async function readConfig(image: Descriptor, descriptor: Descriptor, pieces: ImagePieces): Promise<ImageConfig> {
  const bytes = await pieces.read(descriptor);
  if (!bytes) throw missing(image.digest, `its config ${descriptor.digest} is not stored`);
  return parseImageConfig(bytes);
}

async function requireBlob(image: Descriptor, { digest }: Descriptor, pieces: ImagePieces): Promise<undefined> {
  if (!(await pieces.has(digest))) throw missing(image.digest, `its blob ${digest} is not stored`);
}

/** A config that names other layers than the manifest would be signed for what it does not start. */
function requireDiffIds(digest: Digest, { diffIds }: ImageConfig, layers: readonly ImageLayer[]): void {
  if (diffIds.length !== layers.length) {
    const message = `The image ${digest} has ${layers.length} layers, and ${diffIds.length} in its config`;
    throw new SandboxError('InvalidArgument', message, { details: { digest } });
  }
  layers.forEach((layer, at) => {
    if (diffIds[at] === layer.diffId) return;
    const message = `The layer ${layer.digest} of the image ${digest} unpacks to ${layer.diffId}, its config says ${diffIds[at]}`;
    throw new SandboxError('InvalidArgument', message, { details: { digest } });
  });
}

function addPart(parts: Map<Digest, ImagePartRecord>, { digest, size }: ImagePartRecord): void {
  parts.set(digest, { digest, size });
}

function missing(digest: Digest, what: string): SandboxError {
  return new SandboxError('FailedPrecondition', `The image ${digest} is not complete: ${what}`, {
    details: { digest },
  });
}
