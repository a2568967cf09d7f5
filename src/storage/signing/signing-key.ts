import type { Digest } from '../../api/content-store';
import { toHex } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import { digestOf } from '../../formats/digest';
import { parseEcdsaSignature, serializeEcdsaSignature } from '../../formats/ecdsa-signature';
import { parsePem } from '../../formats/pem';

interface Scheme {
  readonly name: string;
  /** The object identifier of its keys, in DER, in hex (RFC 5480, RFC 8410). */
  readonly oid: string;
  readonly key: AlgorithmIdentifier | EcKeyImportParams;
  readonly signature: AlgorithmIdentifier | EcdsaParams;
  /** From what WebCrypto makes to what travels, and back. */
  readonly serialize: (signature: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  readonly parse: (signature: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

const schemes: readonly Scheme[] = [
  {
    name: 'Ed25519',
    oid: '06032b6570',
    key: { name: 'Ed25519' },
    signature: { name: 'Ed25519' },
    serialize: (signature) => signature,
    parse: (signature) => signature,
  },
  {
    name: 'ECDSA on P-256',
    oid: '06082a8648ce3d030107',
    key: { name: 'ECDSA', namedCurve: 'P-256' },
    signature: { name: 'ECDSA', hash: 'SHA-256' },
    serialize: serializeEcdsaSignature,
    parse: parseEcdsaSignature,
  },
];

/** What verifies signatures. */
export interface VerifyingKey {
  /** Digest of the key in DER, to know it by. */
  readonly id: Digest;
  verify(signature: Uint8Array<ArrayBuffer>, payload: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** What makes signatures: DER for ECDSA, as cosign and openssl have them. */
export interface SigningKey {
  sign(payload: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

/** A public key in PEM (`PUBLIC KEY`, RFC 5280). `InvalidArgument` for others than Ed25519 and P-256. */
export async function importVerifyingKey(pem: string): Promise<VerifyingKey> {
  const { label, bytes } = parsePem(pem);
  if (label !== 'PUBLIC KEY') throw wrongLabel(label, 'PUBLIC KEY');
  const scheme = schemeOf(bytes);
  const key = await importing(scheme, () => subtle().importKey('spki', bytes, scheme.key, false, ['verify']));
  return {
    id: await digestOf(bytes),
    async verify(signature, payload) {
      try {
        return await subtle().verify(scheme.signature, key, scheme.parse(signature), payload);
      } catch {
        // Bytes that cannot be a signature of this scheme are none by this key.
        return false;
      }
    },
  };
}

/** A private key in PEM (`PRIVATE KEY`, RFC 5958), not encrypted. `InvalidArgument` for others than Ed25519 and P-256. */
export async function importSigningKey(pem: string): Promise<SigningKey> {
  const { label, bytes } = parsePem(pem);
  if (label !== 'PRIVATE KEY') throw wrongLabel(label, 'PRIVATE KEY');
  const scheme = schemeOf(bytes);
  const key = await importing(scheme, () => subtle().importKey('pkcs8', bytes, scheme.key, false, ['sign']));
  return {
    async sign(payload) {
      return scheme.serialize(new Uint8Array(await subtle().sign(scheme.signature, key, payload)));
    },
  };
}

function schemeOf(der: Uint8Array): Scheme {
  // Both forms name the algorithm within their first bytes.
  const head = toHex(der.subarray(0, 40));
  const scheme = schemes.find(({ oid }) => head.includes(oid));
  if (scheme) return scheme;
  throw new SandboxError('InvalidArgument', `Not a key that can be used here: ${schemeNames()} can`);
}

async function importing(scheme: Scheme, work: () => Promise<CryptoKey>): Promise<CryptoKey> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof SandboxError) throw cause;
    const message = `The key for ${scheme.name} is damaged, or this browser does not know the scheme`;
    throw new SandboxError('InvalidArgument', message, { cause });
  }
}

function wrongLabel(label: string, expected: string): SandboxError {
  const hint = expected === 'PRIVATE KEY' ? '; "openssl pkcs8 -topk8 -nocrypt" makes one of others' : '';
  return new SandboxError(
    'InvalidArgument',
    `A key is wanted that begins with "BEGIN ${expected}", not "${label}"${hint}`,
  );
}

function schemeNames(): string {
  return schemes.map(({ name }) => name).join(' and ');
}

/** Pages that are not a secure context have none. */
function subtle(): SubtleCrypto {
  const { subtle: found } = crypto as { subtle?: SubtleCrypto };
  if (found) return found;
  throw new SandboxError('FailedPrecondition', 'Signatures need a page from https or from this machine (localhost)');
}
