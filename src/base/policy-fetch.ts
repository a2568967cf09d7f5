import type { SandboxError } from './errors';

/**
 * `fetch` that tells apart what the policy of the page keeps it from (CSP, connect-src): a browser itself says that in an
 * event, and fails the request as if nobody had answered. `scope` is where those events come: the document, or a worker's
 * global scope.
 */
export function policyFetch(scope: EventTarget, refused: (origin: string) => SandboxError): typeof fetch {
  return async (input, init) => {
    const { origin } = new URL(input instanceof Request ? input.url : input);
    let kept = false;
    const hear = (event: Event): void => {
      const { blockedURI, effectiveDirective } = event as SecurityPolicyViolationEvent;
      if (effectiveDirective === 'connect-src' && blockedURI.startsWith(origin)) kept = true;
    };
    scope.addEventListener('securitypolicyviolation', hear);
    try {
      return await fetch(input, init);
    } catch (error) {
      // The event comes in a task of its own.
      await new Promise((resolve) => setTimeout(resolve));
      if (kept) throw refused(origin);
      throw error;
    } finally {
      scope.removeEventListener('securitypolicyviolation', hear);
    }
  };
}
