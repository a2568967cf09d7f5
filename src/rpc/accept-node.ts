import { parentPort } from 'node:worker_threads';
import { isConnectMessage } from './worker-handle';

/** In a Node worker thread: calls `onPort` with the port of the thread that started it. */
export function acceptPort(onPort: (port: MessagePort) => void): void {
  parentPort?.once('message', (data: unknown) => {
    if (isConnectMessage(data)) onPort(data.port);
  });
}
