import { callNetwork, hostFunction, type NetworkMethod, networkMethods } from './network-call';
import { initializeWasmer, type PoolWorker, ThreadPoolWorker } from './wasmer-core';
import { provideWrapper } from './wrapper-function';

/** Told to whoever started the thread when it has been given a program, or a part of one, to run. */
export const guestBegun = 'strata-guest-begun';

/** The SDK's first message to a thread. */
interface InitMessage {
  readonly type: 'init';
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly retireAfterTask?: boolean;
}

type State = { readonly worker: PoolWorker; readonly destroy: () => void; readonly retires: boolean };

let state: State | undefined;
const early: unknown[] = [];

/**
 * A thread of the SDK's pool. It does what the SDK's own script for it does (`dist/browser-worker.js`), with sockets
 * that listen, which that lacks, and with the code of the SDK in one file with its own, so that nothing is imported by
 * an address that came in a message.
 */
export function servePoolThread(): void {
  provideNetwork();
  provideWrapper();
  tellBeginning();
  // What a handler rejects with would otherwise leave the scheduler waiting for ever: an error ends the thread.
  addEventListener('unhandledrejection', ({ reason }) => reportError(reason));
  addEventListener('message', ({ data }: MessageEvent<unknown>) => void handle(data).catch(reportError));
}

async function handle(message: unknown): Promise<void> {
  if (isInit(message)) {
    const exports = await initializeWasmer({ module_or_path: message.module, memory: message.memory });
    const destroy = (exports as unknown as { __wbindgen_thread_destroy(): void }).__wbindgen_thread_destroy;
    state = { worker: new ThreadPoolWorker(message.id), destroy, retires: message.retireAfterTask === true };
    for (const waiting of early.splice(0)) handle(waiting).catch(reportError);
    return;
  }
  if (!state) {
    early.push(message);
    return;
  }
  const { worker, destroy, retires } = state;
  if ((message as { readonly type?: unknown } | null)?.type === 'wasmer-collect-shared') {
    worker.collectSharedObjects();
    return;
  }
  await worker.handle(message);
  if (!retires) return;
  worker.collectSharedObjects();
  worker.free();
  destroy();
  postMessage({ type: 'retired' });
  close();
}

function isInit(message: unknown): message is InitMessage {
  return typeof message === 'object' && message !== null && (message as Partial<InitMessage>).type === 'init';
}

/** The SDK calls these on its threads. Two of them it calls by other names where it cannot wait for a promise. */
function provideNetwork(): void {
  const scope = globalThis as unknown as Record<string, (bridge: number, ...args: readonly unknown[]) => unknown>;
  const provide = (name: string, method: NetworkMethod): void => {
    scope[name] = (bridge, ...args) => callNetwork(bridge, method, args);
  };
  for (const method of networkMethods) provide(hostFunction(method), method);
  provide(`${hostFunction('resolve')}Sync`, 'resolve');
  provide(`${hostFunction('connectTcp')}Sync`, 'connectTcp');
}

/** A module that imports calls of WASI is a program's: its instance is what says that the program runs. */
function tellBeginning(): void {
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, args: [WebAssembly.Module, WebAssembly.Imports?]) {
      const instance = new target(...args);
      const isGuest = WebAssembly.Module.imports(args[0]).some((each) => /^(wasi|wasix)_/.test(each.module));
      if (isGuest) postMessage({ type: guestBegun });
      return instance;
    },
  });
}
