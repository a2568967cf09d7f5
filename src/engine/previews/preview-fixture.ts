import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import type { PreviewAnswer, PreviewRequest } from '../../api/preview';
import { type Clock, systemClock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import type { HttpConnection } from '../../network/gateway/http-channel';
import { readableFromPort, writableToPort } from '../../rpc/byte-stream';
import type { PreviewWords } from './preview-failure';
import type { PreviewService } from './preview-service';
import type { PreviewStation } from './preview-station';
import { Previews } from './previews';

export const testWords: PreviewWords = {
  headings: { refused: 'refused', timeout: 'timeout', off: 'off', outside: 'outside', wrong: 'wrong' },
  refused: (name, port) => `nobody listens on ${name} ${port}`,
  timeout: (name) => `${name} is late`,
  off: (name, phase) => `${name} is ${phase}`,
  gone: () => 'gone',
  outside: (host) => `${host} is outside`,
  wrong: (name, why) => `${name}: ${why}`,
};

/** A station that has an address and nothing else. */
export function recordOf(name: string, address: string, phase = 'running'): PreviewStation {
  const nic = { instance: `id-${name}`, nic: 0, network: 'default', mac: '02:00:00:00:00:01', address };
  return { id: `id-${name}`, name, state: { phase }, nics: [nic] };
}

export interface PreviewBench {
  readonly previews: Previews;
  readonly records: PreviewStation[];
  readonly changes: Emitter<readonly PreviewStation[]>;
  /** Connections that there were. */
  readonly connections: () => number;
  /** Has a station serve; HTTP, or whatever is done with its connections. */
  serve(address: string, port: number, listener: RequestListener): Promise<void>;
  serveRaw(address: string, port: number, accept: (socket: Socket) => void): Promise<void>;
  preview(name: string, port?: number): PreviewService;
  dispose(): void;
}

/** Previews of servers that are real and on loopback, though the instances are not. */
export function createPreviewBench(clock: Clock = systemClock): PreviewBench {
  const changes = new Emitter<readonly PreviewStation[]>();
  const servers = new Map<string, Server | ReturnType<typeof createTcpServer>>();
  const sockets = new Set<Socket>();
  const records: PreviewStation[] = [recordOf('web', '10.0.0.2'), recordOf('other', '10.0.0.3')];
  let connections = 0;
  const listen = async (key: string, server: Server | ReturnType<typeof createTcpServer>): Promise<void> => {
    servers.set(key, server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  };
  const previews = new Previews({
    lab: {
      stations: () => records,
      stationChanges: changes.event,
      async connect(_network, { address, port }) {
        connections += 1;
        const server = servers.get(`${address}:${port}`);
        if (!server) throw new SandboxError('Unavailable', 'refused', { details: { reason: 'refused' } });
        const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
        sockets.add(socket);
        socket.on('error', () => {});
        return connectionOf(socket);
      },
    },
    clock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    words: testWords,
  });
  return {
    previews,
    records,
    changes,
    connections: () => connections,
    serve: (address, port, listener) => listen(`${address}:${port}`, createServer(listener)),
    serveRaw: (address, port, accept) =>
      listen(
        `${address}:${port}`,
        createTcpServer((socket) => {
          socket.on('error', () => {});
          accept(socket);
        }),
      ),
    preview: (name, port = 80) =>
      previews.open({
        instance: `id-${name}`,
        port,
        origin: originOf(name, port),
        embedders: ['http://127.0.0.1:8080'],
        script: '/strata-preview/page.js',
      }),
    dispose() {
      previews.dispose();
      for (const socket of sockets) socket.destroy();
      for (const server of servers.values()) server.close();
    },
  };
}

/** What `Duplex.toWeb` makes; Node 20's throws where nobody can catch it when the other side has already ended. */
function connectionOf(socket: Socket): HttpConnection {
  let over = false;
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        const end = (): void => {
          if (!over) controller.close();
          over = true;
        };
        socket.on('data', (bytes) => {
          if (!over) controller.enqueue(Uint8Array.from(bytes as Buffer));
          socket.pause();
        });
        socket.on('end', end);
        socket.on('close', end);
        socket.pause();
      },
      pull: () => void socket.resume(),
      cancel() {
        over = true;
        socket.destroy();
      },
    },
    { highWaterMark: 0 },
  );
  const writable = new WritableStream<Uint8Array>({
    write: (bytes) =>
      new Promise((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve()))),
    close: () => void socket.end(),
    abort: () => void socket.destroy(),
  });
  return { readable, writable };
}

export function originOf(name: string, port = 80): string {
  return `http://id-${name}-${port}.preview.localhost:8081`;
}

export interface Answer extends PreviewAnswer {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  header(name: string): string | undefined;
}

/** Asks as a service worker does. */
export async function ask(
  service: PreviewService,
  path: string,
  more: Partial<Omit<PreviewRequest, 'body' | 'answer'>> & { readonly body?: Uint8Array } = {},
): Promise<Answer> {
  const never = new AbortController().signal;
  const channel = new MessageChannel();
  const { body, ...rest } = more;
  const url = path.startsWith('/') ? `${originOf('web')}${path}` : path;
  const answer = await service.request({
    method: 'GET',
    url,
    headers: [],
    destination: '',
    referrer: '',
    ...rest,
    ...(body && { body: bodyPort(body) }),
    answer: channel.port2,
  });
  const stream = readableFromPort(channel.port1, never);
  if (!answer.hasBody) channel.port1.close();
  return {
    ...answer,
    body: answer.hasBody ? stream : new ReadableStream({ start: (controller) => controller.close() }),
    header: (name) => answer.headers.find(([each]) => each.toLowerCase() === name)?.[1],
  };
}

export const textOf = ({ body }: Answer): Promise<string> => new Response(body).text();

function bodyPort(body: Uint8Array): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const writer = writableToPort(port1, new AbortController().signal).getWriter();
  writer
    .write(body)
    .then(() => writer.close())
    .catch(() => {});
  return port2;
}
