import { SandboxError } from '../../base/errors';
import { policyFetch } from '../../base/policy-fetch';
import type { Fetch } from '../download';

/** What registries are asked with from a browser; `scope` is the worker's. */
export function registryFetch(scope: EventTarget): Fetch {
  return policyFetch(scope, (origin) => {
    const message =
      `This page may not ask ${origin}. Whoever runs the page can allow it: npm start -- --egress "${origin}", or ` +
      'connect-src of the deployment (docs/REGISTRIES.md)';
    return new SandboxError('FailedPrecondition', message, { details: { origin, reason: 'policy' } });
  });
}
