import { SandboxError } from './base/errors';
import type { EgressOptions } from './engine/egress';
import { egressWords } from './ui/text/egress-answers';

/** What the page asks outside with, telling apart what its own policy keeps it from. */
export const pageEgress: EgressOptions = { fetch: fetchTellingPolicy, words: egressWords };

async function fetchTellingPolicy(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const { origin } = new URL(String(input));
  let kept = false;
  const hear = ({ blockedURI, effectiveDirective }: SecurityPolicyViolationEvent): void => {
    if (effectiveDirective === 'connect-src' && blockedURI.startsWith(origin)) kept = true;
  };
  document.addEventListener('securitypolicyviolation', hear);
  try {
    return await fetch(input, init);
  } catch (error) {
    // The event comes in a task of its own.
    await new Promise((resolve) => setTimeout(resolve));
    if (kept) throw new SandboxError('FailedPrecondition', egressWords.policy(origin), { cause: error });
    throw error;
  } finally {
    document.removeEventListener('securitypolicyviolation', hear);
  }
}
