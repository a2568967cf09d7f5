import { isConnectMessage } from './worker-handle';

/** In a worker: calls `onPort` with the port of the thread that started it. */
export function acceptPort(onPort: (port: MessagePort) => void): void {
  const listener = (event: MessageEvent): void => {
    if (!isConnectMessage(event.data)) return;
    removeEventListener('message', listener);
    onPort(event.data.port);
  };
  addEventListener('message', listener);
}
