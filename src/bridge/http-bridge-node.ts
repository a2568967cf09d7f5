import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { EngineApi } from '../api/engine-api';
import { toSandboxError } from '../base/errors';
import { engineRequest } from './engine-request-node';
import { serveHijacked } from './hijack-node';
import { strangeRequest } from './refuse-strangers-node';
import { readableOf, writeBody } from './socket-streams-node';

export interface HttpBridge {
  /** To be let listen. */
  readonly server: Server;
  /** Ends all connections, those that were handed over as well. */
  close(): Promise<void>;
}

/** HTTP/1.1 in front of the Engine API. */
export function createHttpBridge(api: EngineApi): HttpBridge {
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    const why = strangeRequest(incoming);
    if (why === undefined) void answer(api, incoming, outgoing);
    else {
      incoming.resume();
      outgoing.writeHead(403, { 'content-type': 'application/json', connection: 'close' });
      outgoing.end(JSON.stringify({ message: why }));
    }
  });
  // A context or an image may take its time to come.
  server.requestTimeout = 0;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    const why = strangeRequest(incoming);
    if (why === undefined) void serveHijacked(api, incoming, socket, head);
    else socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
  });
  return {
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function answer(api: EngineApi, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const hungUp = new AbortController();
  outgoing.once('close', () => hungUp.abort());
  try {
    const { status, headers, body } = await api.fetch(engineRequest(incoming, readableOf(incoming), hungUp.signal));
    outgoing.writeHead(status, Object.fromEntries(plainHeaders(headers)));
    // The client may wait for them before it does what the body tells of.
    outgoing.flushHeaders();
    if (body) await writeBody(body, outgoing);
    outgoing.end();
  } catch (error) {
    // What is cut off is seen to be cut off: the body does not end as it should.
    outgoing.destroy(toSandboxError(error));
  } finally {
    incoming.removeAllListeners('data');
    incoming.resume();
  }
}

/** Those of a connection are the server's own. */
function plainHeaders(headers: Headers): [string, string][] {
  return [...headers].filter(([name]) => name !== 'connection' && name !== 'upgrade');
}
