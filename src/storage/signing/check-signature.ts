import type { Digest } from '../../api/content-store';
import type { CheckedSignature, SignaturePolicy, SignatureState } from '../../api/distribution';
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

export interface SignatureFinding {
  readonly state: SignatureState;
  /** Worth keeping: absent when no rule asks, or when the signatures could not be fetched this time. */
  readonly checked?: CheckedSignature;
  /** What a person should see, when the rule wants that. */
  readonly warning?: string;
}

/**
 * What the policy has to say about an image before it is pulled, with a warning when it wants one. `FailedPrecondition`
 * when it requires a signature that is not there or does not hold.
 */
export async function checkSignature(check: SignatureCheck, operation: Operation): Promise<SignatureFinding> {
  const rule = ruleFor(check.policy, check.reference);
  if (!rule || (rule.demand === 'accept' && rule.keys.length === 0)) return { state: { kind: 'unchecked' } };
  const keys = await Promise.all(rule.keys.map(importVerifyingKey));
  const finding = await findSignature(check, keys, operation).then(
    (state): SignatureFinding => ({ state, checked: { state, keys: keysOf(keys) } }),
    (thrown: unknown): SignatureFinding => {
      const error = toSandboxError(thrown);
      if (rule.demand === 'require' || error.code === 'Canceled') throw error;
      return { state: { kind: 'invalid', reason: error.message } };
    },
  );
  const { state } = finding;
  if (state.kind === 'signed' || rule.demand === 'accept') return finding;
  const why = state.kind === 'invalid' ? state.reason : 'it has no signature';
  const name = familiarReference(check.reference);
  if (rule.demand === 'warn') return { ...finding, warning: `The signature of ${name} cannot be verified: ${why}` };
  const message = `The signature of ${name} cannot be verified: ${why}; the rule for "${rule.pattern}" requires one`;
  throw new SandboxError('FailedPrecondition', message, { details: { reason: 'signature', pattern: rule.pattern } });
}

/** What a check by the policy's rule for an image is made with; undefined when no rule asks for one. */
export async function keysFor(policy: SignaturePolicy, reference: Reference): Promise<readonly Digest[] | undefined> {
  const { keys = [] } = ruleFor(policy, reference) ?? {};
  return keys.length === 0 ? undefined : keysOf(await Promise.all(keys.map(importVerifyingKey)));
}

function keysOf(keys: readonly VerifyingKey[]): readonly Digest[] {
  return keys.map(({ id }) => id).sort();
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
