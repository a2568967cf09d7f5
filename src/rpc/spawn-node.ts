import { Worker } from 'node:worker_threads';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import type { ConnectMessage, SpawnWorker } from './worker-handle';

/** Node 20 has no TypeScript of its own, and loaders given as options do not reach a thread. */
const typescriptBootstrap = `
  const { workerData } = require('node:worker_threads');
  import('tsx/esm/api').then(({ register }) => {
    register();
    return import(workerData);
  });
`;

/** Starts Node worker threads from a TypeScript or JavaScript entry. */
export function nodeSpawner(entry: URL): SpawnWorker {
  return (name) => {
    const worker = entry.pathname.endsWith('.ts')
      ? new Worker(typescriptBootstrap, { name, eval: true, workerData: entry.href })
      : new Worker(entry, { name });
    const failed = new Emitter<SandboxError>();
    worker.on('error', (error) => {
      failed.fire(new SandboxError('Internal', `The worker ${name} died: ${error.message}`, { cause: error }));
    });
    const { port1, port2 } = new MessageChannel();
    const hello: ConnectMessage = { type: 'connect', port: port2 };
    worker.postMessage(hello, [port2 as unknown as import('node:worker_threads').MessagePort]);
    return {
      name,
      port: port1,
      failed: failed.event,
      terminate() {
        void worker.terminate();
        port1.close();
      },
    };
  };
}

/** Runs the worker's code in this thread, behind the same port. A spinning guest then cannot be killed. */
export function inProcessSpawner(serve: (port: MessagePort) => void): SpawnWorker {
  return (name) => {
    const { port1, port2 } = new MessageChannel();
    serve(port2);
    return {
      name,
      port: port1,
      failed: new Emitter<SandboxError>().event,
      terminate() {
        port1.close();
        port2.close();
      },
    };
  };
}
