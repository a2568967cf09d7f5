import type { Digest } from '../api/content-store';
import { SandboxError } from '../base/errors';
import { parseDigest } from './digest';
import { readRecord, readString } from './oci-parse';

/** Media type of the payload, which is a layer of the artifact that holds signatures (cosign, SIGNATURE_SPEC.md). */
export const simpleSigningType = 'application/vnd.dev.cosign.simplesigning.v1+json';

const cosignType = 'cosign container image signature';

/** What a signature says: this manifest, known by this name, and whatever its signer says beside it. */
export interface SimpleSigning {
  /** The repository: `registry.example.org/web`. Nobody verifies it (cosign). */
  readonly reference: string;
  readonly digest: Digest;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The bytes that are signed, the same for the same payload (containers/image, containers-signature.5). */
export function serializeSimpleSigning({ reference, digest, claims }: SimpleSigning): Uint8Array<ArrayBuffer> {
  const payload = {
    critical: {
      identity: { 'docker-reference': reference },
      image: { 'docker-manifest-digest': digest },
      type: cosignType,
    },
    // As cosign writes it, in Go.
    optional: Object.keys(claims).length === 0 ? null : claims,
  };
  return new TextEncoder().encode(JSON.stringify(payload));
}

/** Reads what was signed. To be called after the signature was verified. `InvalidArgument`. */
export function parseSimpleSigning(bytes: Uint8Array): SimpleSigning {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SandboxError('InvalidArgument', 'The payload of the signature is not JSON', { cause });
  }
  const critical = readRecord(readRecord(value, 'payload')['critical'], 'payload.critical');
  const type = readString(critical['type'], 'payload.critical.type');
  if (type !== cosignType) {
    throw new SandboxError('InvalidArgument', `The signature is a "${type.slice(0, 80)}", not a "${cosignType}"`);
  }
  const image = readRecord(critical['image'], 'payload.critical.image');
  const identity = readRecord(critical['identity'], 'payload.critical.identity');
  const { optional } = value as { readonly optional?: unknown };
  return {
    reference: readString(identity['docker-reference'], 'payload.critical.identity.docker-reference'),
    digest: parseDigest(image['docker-manifest-digest']),
    claims: optional === undefined || optional === null ? {} : readRecord(optional, 'payload.optional'),
  };
}
