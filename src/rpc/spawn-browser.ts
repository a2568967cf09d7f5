import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import type { ConnectMessage, SpawnWorker } from './worker-handle';

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/**
 * The one place that makes a script URL. Under `require-trusted-types-for 'script'` a plain string throws;
 * the policy lets same-origin URLs of our own build through and nothing else.
 */
const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('strata', {
  createScriptURL(url) {
    if (new URL(url, location.href).origin !== location.origin) {
      throw new SandboxError('InvalidArgument', `Worker script of another origin refused: ${url}`);
    }
    return url;
  },
});

/** Starts dedicated module workers from the URL of a built entry. */
export function browserSpawner(url: string): SpawnWorker {
  return (name) => {
    const worker = new Worker(policy ? policy.createScriptURL(url) : url, { type: 'module', name });
    const failed = new Emitter<SandboxError>();
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      failed.fire(
        new SandboxError('Internal', `The worker ${name} died: ${event.message || 'its script did not load'}`),
      );
    });
    const { port1, port2 } = new MessageChannel();
    const hello: ConnectMessage = { type: 'connect', port: port2 };
    worker.postMessage(hello, [port2]);
    return {
      name,
      port: port1,
      failed: failed.event,
      terminate() {
        worker.terminate();
        port1.close();
      },
    };
  };
}
