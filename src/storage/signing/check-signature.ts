import type { Digest } from '../../api/content-store';
import type { SignaturePolicy, SignatureState } from '../../api/distribution';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { SandboxError, toSandboxError } from '../../base/errors';
import { familiarReference, type Reference } from '../../formats/reference';
import type { ImageSource } from '../registry/image-source';
import { fetchSignatures } from './fetch-signatures';
import { verifySignatures } from './signature';
import { ruleFor } from './signature-policy';
import { importVerifyingKey, type VerifyingKey } from './signing-key';

export interface SignatureCheck {
  readonly source: ImageSource;
  readonly clock: Clock;
  readonly reference: Reference;
  readonly policy: SignaturePolicy;
  /** Of what is pulled, from the index down to the manifest: a signature of any of them covers the image. */
  readonly digests: readonly Digest[];
}

/**
 * What the policy has to say about an image before it is pulled, with a warning when it wants one. `FailedPrecondition`
 * when it requires a signature that is not there or does not hold.
 */
export async function checkSignature(
  check: SignatureCheck,
  operation: Operation,
): Promise<{ readonly state: SignatureState; readonly warning?: string }> {
  const rule = ruleFor(check.policy, check.reference);
  if (!rule || (rule.demand === 'accept' && rule.keys.length === 0)) return { state: { kind: 'unchecked' } };
  const keys = await Promise.all(rule.keys.map(importVerifyingKey));
  const state = await findSignature(check, keys, operation).catch((thrown: unknown): SignatureState => {
    const error = toSandboxError(thrown);
    if (rule.demand === 'require' || error.code === 'Canceled') throw error;
    return { kind: 'invalid', reason: error.message };
  });
  if (state.kind === 'signed' || rule.demand === 'accept') return { state };
  const why = state.kind === 'invalid' ? state.reason : 'it has no signature';
  const name = familiarReference(check.reference);
  if (rule.demand === 'warn') return { state, warning: `The signature of ${name} cannot be verified: ${why}` };
  const message = `The signature of ${name} cannot be verified: ${why}; the rule for "${rule.pattern}" requires one`;
  throw new SandboxError('FailedPrecondition', message, { details: { reason: 'signature', pattern: rule.pattern } });
}

async function findSignature(
  { source, clock, digests }: SignatureCheck,
  keys: readonly VerifyingKey[],
  operation: Operation,
): Promise<SignatureState> {
  let worst: SignatureState = { kind: 'unsigned' };
  for (const digest of digests) {
    const state = await verifySignatures(await fetchSignatures(source, digest, clock, operation), digest, keys);
    if (state.kind === 'signed') return state;
    if (state.kind === 'invalid') worst = state;
  }
  return worst;
}
