import type { SandboxError } from '../base/errors';
import type { Event } from '../base/events';

/**
 * One thread of ours, wherever it runs: a browser's worker, a Node worker thread, or (for tests) this
 * very thread. What runs there talks through `port`.
 */
export interface WorkerHandle {
  readonly name: string;
  readonly port: MessagePort;
  /** Fires once, when the thread died of an uncaught error or could not be loaded. */
  readonly failed: Event<SandboxError>;
  /** Ends the thread at once, whatever it is doing. */
  terminate(): void;
}

/** Starts a thread of a given kind. */
export type SpawnWorker = (name: string) => WorkerHandle;

/** The first message to a new worker; the port is its only way to talk. */
export interface ConnectMessage {
  readonly type: 'connect';
  readonly port: MessagePort;
}

export function isConnectMessage(data: unknown): data is ConnectMessage {
  return typeof data === 'object' && data !== null && (data as Partial<ConnectMessage>).type === 'connect';
}
