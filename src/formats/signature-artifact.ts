import type { Digest } from '../api/content-store';
import { decodeBase64, encodeBase64 } from '../base/base64';
import { digestHex, digestOf } from './digest';
import { type Descriptor, type Manifest, mediaTypes } from './oci';
import { simpleSigningType } from './simple-signing';

/** The annotation of a payload with its signature in base64 (cosign, SIGNATURE_SPEC.md). */
const signatureKey = 'dev.cosignproject.cosign/signature';

/** The tag that signatures of a manifest are found under, in the repository of the manifest (cosign, SIGNATURE_SPEC.md). */
export function signatureTag(digest: Digest): string {
  return `sha256-${digestHex(digest)}.sig`;
}

/** One signature as its artifact names it: the bytes that were signed lie in a blob. */
export interface SignatureLayer {
  readonly payload: Descriptor;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** The signatures that a manifest holds; what cannot be one is left out. */
export function readSignatureLayers({ layers }: Manifest): readonly SignatureLayer[] {
  return layers.flatMap((payload) => {
    const encoded = payload.annotations?.[signatureKey];
    if (payload.mediaType !== simpleSigningType || encoded === undefined) return [];
    try {
      return [{ payload, signature: decodeBase64(encoded) }];
    } catch {
      return [];
    }
  });
}

export interface ArtifactBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface SignatureArtifact {
  readonly manifest: ArtifactBlob;
  readonly config: ArtifactBlob;
  readonly payloads: readonly ArtifactBlob[];
}

/** The artifact that holds signatures, in the form that cosign gives it: an image whose layers are the payloads. */
export async function createSignatureArtifact(
  signatures: readonly { readonly payload: Uint8Array<ArrayBuffer>; readonly signature: Uint8Array }[],
): Promise<SignatureArtifact> {
  const payloads: ArtifactBlob[] = [];
  for (const { payload, signature } of signatures) {
    const blob = await blobOf(simpleSigningType, payload);
    const annotations = { [signatureKey]: encodeBase64(signature) };
    payloads.push({ ...blob, descriptor: { ...blob.descriptor, annotations } });
  }
  const layers = payloads.map(({ descriptor }) => descriptor);
  const config = await blobOf(mediaTypes.config, encode(configOf(layers)));
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: config.descriptor, layers };
  return { manifest: await blobOf(mediaTypes.manifest, encode(manifest)), config, payloads };
}

/** An image's config without an image. */
function configOf(layers: readonly Descriptor[]): unknown {
  return {
    architecture: '',
    created: '0001-01-01T00:00:00Z',
    history: layers.map(() => ({ created: '0001-01-01T00:00:00Z' })),
    os: '',
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    config: {},
  };
}

async function blobOf(mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<ArtifactBlob> {
  return { descriptor: { mediaType, digest: await digestOf(bytes), size: bytes.length }, bytes };
}

function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
