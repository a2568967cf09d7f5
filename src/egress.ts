import { SandboxError } from './base/errors';
import { policyFetch } from './base/policy-fetch';
import type { EgressOptions } from './engine/egress';
import { egressWords } from './ui/text/egress-answers';

/** What the page asks outside with, telling apart what its own policy keeps it from. */
export const pageEgress: EgressOptions = {
  fetch: policyFetch(document, (origin) => new SandboxError('FailedPrecondition', egressWords.policy(origin))),
  words: egressWords,
};
