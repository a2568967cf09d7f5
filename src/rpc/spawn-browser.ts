import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import type { StartedWorker } from './tab-hosts';
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

/** A script URL that Trusted Types let through; a string for the type's sake. */
export function scriptUrl(url: string): string {
  return policy ? policy.createScriptURL(url) : url;
}

/** Starts a dedicated module worker that serves `port`. */
export function startWorker(url: string, name: string, port: MessagePort): StartedWorker {
  const worker = new Worker(scriptUrl(url), { type: 'module', name });
  const failed = new Emitter<SandboxError>();
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    failed.fire(new SandboxError('Internal', `The worker ${name} died: ${event.message || 'its script did not load'}`));
  });
  const hello: ConnectMessage = { type: 'connect', port };
  worker.postMessage(hello, [port]);
  return { failed: failed.event, terminate: () => worker.terminate() };
}

/** Starts dedicated module workers from the URL of a built entry. */
export function browserSpawner(url: string): SpawnWorker {
  return (name) => {
    const { port1, port2 } = new MessageChannel();
    const { failed, terminate } = startWorker(url, name, port2);
    return {
      name,
      port: port1,
      failed,
      terminate() {
        terminate();
        port1.close();
      },
    };
  };
}
