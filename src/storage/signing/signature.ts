import type { Digest } from '../../api/content-store';
import type { SignatureState } from '../../api/distribution';
import { toSandboxError } from '../../base/errors';
import type { SignatureLayer } from '../../formats/signature-artifact';
import { parseSimpleSigning } from '../../formats/simple-signing';
import type { VerifyingKey } from './signing-key';

/** A signature and the bytes that were signed. */
export interface Signature extends Pick<SignatureLayer, 'signature'> {
  readonly payload: Uint8Array<ArrayBuffer>;
}

/**
 * Whether one of the signatures is by one of the keys and says what it should: that it signs the manifest. The name that a
 * signer gave it is not looked at, as with cosign; images keep their signatures when they are copied.
 */
export async function verifySignatures(
  signatures: readonly Signature[],
  digest: Digest,
  keys: readonly VerifyingKey[],
): Promise<SignatureState> {
  if (signatures.length === 0) return { kind: 'unsigned' };
  let reason = 'no signature is by a key that is trusted';
  for (const { payload, signature } of signatures) {
    for (const key of keys) {
      if (!(await key.verify(signature, payload))) continue;
      try {
        const signed = parseSimpleSigning(payload);
        if (signed.digest === digest) return { kind: 'signed', key: key.id, claims: signed.claims };
        reason = `a signature is of another image, ${signed.digest}`;
      } catch (error) {
        reason = toSandboxError(error).message;
      }
    }
  }
  return { kind: 'invalid', reason };
}
