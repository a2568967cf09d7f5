import { SandboxError } from '../../base/errors';
import { policyFetch } from '../../base/policy-fetch';
import type { Fetch } from '../download';

/** What registries are asked with from a browser; `scope` is the worker's. */
export function registryFetch(scope: EventTarget): Fetch {
  return policyFetch(scope, (origin) => {
    const message =
      `The policy that this page was served with does not let it ask ${origin}: npm start -- --egress "${origin}", or ` +
      'connect-src of the deployment (docs/REGISTRIES.md)';
    return new SandboxError('FailedPrecondition', message, { details: { origin, reason: 'policy' } });
  });
}
