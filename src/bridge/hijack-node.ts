import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { EngineApi } from '../api/engine-api';
import { engineRequest } from './engine-request-node';
import { readableOf, writeBody } from './socket-streams-node';

/** Bytes of JSON that may come before a connection is handed over. */
const bodyLimit = 64 * 1024;

/** Milliseconds that a client has to close its end when there is nothing more to say. */
const lingerMs = 10_000;

/**
 * A request for an upgrade: after it and its body the connection is the input and the output of a process. An end of the
 * client's side is the end of the input alone.
 */
export async function serveHijacked(
  api: EngineApi,
  incoming: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  const hungUp = new AbortController();
  socket.once('close', () => hungUp.abort());
  // It has ended then, which is all that there is to know.
  socket.on('error', () => undefined);
  socket.setNoDelay(true);
  if (head.length > 0) socket.unshift(head);
  const body = await readExactly(socket, Number(incoming.headers['content-length'] ?? 0));
  if (!body) {
    socket.destroy();
    return;
  }
  const request = engineRequest(incoming, body.length > 0 ? body : undefined, hungUp.signal);
  const response = await api.fetch(request, { input: readableOf(socket) });
  socket.write(responseHead(response));
  try {
    if (response.body) await writeBody(response.body, socket);
    socket.end();
  } catch {
    // What was cut off must not look complete.
    socket.destroy();
    return;
  }
  // Bytes that nobody reads would reset the connection, and take with them what the client has not read yet.
  socket.removeAllListeners('data');
  socket.resume();
  socket.setTimeout(lingerMs, () => socket.destroy());
}

function responseHead({ status, headers }: Response): string {
  const isHandedOver = headers.get('upgrade') === 'tcp';
  const lines = [...headers].filter(([name]) => isHandedOver || (name !== 'connection' && name !== 'upgrade'));
  return [
    isHandedOver ? 'HTTP/1.1 101 UPGRADED' : `HTTP/1.1 ${status} ${status < 400 ? 'OK' : 'Error'}`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
    ...(isHandedOver ? [] : ['connection: close']),
    '\r\n',
  ].join('\r\n');
}

/** The next bytes of a socket, however they come; undefined when there are not so many, or too many are announced. */
async function readExactly(socket: Socket, count: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!Number.isSafeInteger(count) || count < 0 || count > bodyLimit) return undefined;
  if (count === 0) return new Uint8Array(0);
  return new Promise((resolve) => {
    const take = (): void => {
      const bytes: Buffer | null = socket.read(count);
      // At its end a socket gives what is left, however little.
      if (bytes === null) return;
      leave();
      resolve(bytes.length === count ? new Uint8Array(bytes) : undefined);
    };
    const gone = (): void => {
      leave();
      resolve(undefined);
    };
    const leave = (): void => {
      socket.removeListener('readable', take);
      socket.removeListener('close', gone);
      socket.removeListener('end', gone);
    };
    socket.on('readable', take);
    socket.once('close', gone);
    socket.once('end', gone);
    take();
  });
}
