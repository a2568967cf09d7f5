import * as core from '../../../../node_modules/@wasmer/sdk/pkg/wasmer_sdk_js.js';

/**
 * The one way to `@wasmer/sdk`: its core, which its package does not export, so that its version is pinned exactly.
 * What the package adds for pages is not used: it could neither run in a worker nor have our network. It is fetched when
 * the first program of WASIX is run.
 */
export {
  default as initializeWasmer,
  type ProcessCore,
  setSDKUrl,
  setWorkerUrl,
  WasmerCore,
} from '../../../../node_modules/@wasmer/sdk/pkg/wasmer_sdk_js.js';

/** What runs on a thread of the pool. */
export interface PoolWorker {
  /** Does what a message of the SDK's says; resolves when that is done. */
  handle(message: unknown): Promise<void>;
  collectSharedObjects(): void;
  free(): void;
}

/** Not among the package's declarations. */
export const { ThreadPoolWorker } = core as unknown as {
  readonly ThreadPoolWorker: new (id: number) => PoolWorker;
};
