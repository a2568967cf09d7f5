import { SandboxError } from '../../base/errors';
import { digestOf, isDigest } from '../../formats/digest';
import { mediaTypes } from '../../formats/oci';
import type { FetchedManifest } from './image-source';

/** Media types of manifests that are asked for; docker's say the same as OCI's in the same fields. */
export const manifestTypes = [
  mediaTypes.index,
  mediaTypes.manifest,
  mediaTypes.dockerIndex,
  mediaTypes.dockerManifest,
] as const;

export interface ManifestHeaders {
  readonly contentType: string | null;
  /** What was asked for, or what the server says that it is; others than sha256 are not looked at. */
  readonly digest: string | null;
}

/**
 * Verifies a manifest that came, and says what it is. The document's own media type counts, then the header's, which a
 * plain file server does not know, then its shape.
 * Errors: `DataLoss`, `InvalidArgument`, `Unimplemented` for docker's first format.
 */
export async function verifyManifest(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  { contentType, digest: expected }: ManifestHeaders,
): Promise<FetchedManifest> {
  const digest = await digestOf(bytes);
  if (isDigest(expected) && expected !== digest) {
    const what = isWebPage(bytes) ? 'is a web page' : `has digest ${digest}`;
    const message = `The manifest of ${name} ${what}, expected ${expected}: the server's copy is damaged, or it was changed on the way`;
    throw new SandboxError('DataLoss', message, { details: { digest: expected } });
  }
  const fields = readObject(bytes, name);
  if (fields['schemaVersion'] === 1) {
    const message = `${name} is in docker's first manifest format, which has no digests of images: push it again with a newer docker`;
    throw new SandboxError('Unimplemented', message);
  }
  const known = (type: unknown): type is string => (manifestTypes as readonly unknown[]).includes(type);
  const header = contentType?.split(';', 1)[0]?.trim();
  const own = fields['mediaType'];
  if (own !== undefined && !known(own)) throw notManifest(name, `its media type is ${String(own).slice(0, 100)}`);
  const shape = fields['manifests'] === undefined ? mediaTypes.manifest : mediaTypes.index;
  const mediaType = own ?? (known(header) ? header : shape);
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

function readObject(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below, with what it is instead.
  }
  const page = 'a web page came, so this is no registry, or something is in between';
  throw notManifest(name, isWebPage(bytes) ? page : 'it is no JSON object');
}

function notManifest(name: string, why: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not a manifest: ${name}: ${why}`);
}

function isWebPage(bytes: Uint8Array): boolean {
  return /^\s*</.test(new TextDecoder().decode(bytes.subarray(0, 100)));
}
