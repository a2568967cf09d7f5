import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { EngineApi, HijackedConnection } from '../api/engine-api';
import { createDeferred } from '../base/deferred';
import { createHttpBridge, type HttpBridge } from './http-bridge-node';

let bridge: HttpBridge | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await bridge?.close();
});

async function listen(fetch: EngineApi['fetch']): Promise<number> {
  const opened = createHttpBridge({ fetch });
  bridge = opened;
  const { server } = opened;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A socket, and what has come from it. */
class Client {
  readonly socket: Socket;
  readonly ended: Promise<string>;
  #text = '';
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(this.socket);
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
    this.ended = new Promise((resolve) => this.socket.once('end', () => resolve(this.#text)));
  }

  async until(text: string): Promise<string> {
    while (!this.#text.includes(text)) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#text;
  }
}

/** Gives back what it is given, in capitals, and ends when that ends. */
async function shout(_: Request, connection?: HijackedConnection): Promise<Response> {
  const upper = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase()));
    },
    flush(controller) {
      controller.enqueue(new TextEncoder().encode('.'));
    },
  });
  return new Response(connection?.input.pipeThrough(upper) ?? null, {
    headers: { upgrade: 'tcp', connection: 'Upgrade', 'content-type': 'application/vnd.docker.raw-stream' },
  });
}

const upgrade = 'Host: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n';

test('a connection is handed over, and goes on after the end of its input', async () => {
  const client = new Client(await listen(shout));
  client.socket.write(`POST /attach HTTP/1.1\r\n${upgrade}\r\nfirst `);
  const head = await client.until('FIRST');
  expect(head).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n/);
  expect(head.toLowerCase()).toContain('upgrade: tcp\r\n');
  expect(head).toContain('content-type: application/vnd.docker.raw-stream\r\n');
  client.socket.write('second');
  await client.until('SECOND');
  client.socket.end();
  expect(await client.ended).toMatch(/\r\n\r\nFIRST SECOND\.$/);
});

test('the body of the request comes before the input, however it is cut', async () => {
  const bodies: string[] = [];
  const port = await listen(async (request, connection) => {
    bodies.push(await request.text());
    return shout(request, connection);
  });
  const client = new Client(port);
  client.socket.write(`POST /start HTTP/1.1\r\n${upgrade}Content-Length: 13\r\n\r\n{"Tty"`);
  await new Promise((resolve) => client.socket.write(':false}typed', resolve));
  client.socket.end();
  expect(await client.ended).toMatch(/\r\n\r\nTYPED\.$/);
  expect(bodies).toEqual(['{"Tty":false}']);
});

test('a refusal is an ordinary answer', async () => {
  const refusal = { status: 404, headers: { 'content-type': 'application/json' } };
  const client = new Client(await listen(async () => new Response('{"message":"No such container: x"}', refusal)));
  client.socket.write(`POST /attach HTTP/1.1\r\n${upgrade}\r\n`);
  const answer = await client.ended;
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(answer).toMatch(/\r\n\r\n\{"message":"No such container: x"\}$/);
});

test('who hangs up is heard of', async () => {
  const [aborted, canceled] = [createDeferred<void>(), createDeferred<void>()];
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('here')),
    cancel: () => canceled.resolve(),
  });
  const port = await listen(async ({ signal }) => {
    signal.addEventListener('abort', () => aborted.resolve());
    return new Response(body);
  });
  const client = new Client(port);
  client.socket.write('GET /events HTTP/1.1\r\nHost: docker\r\n\r\n');
  await client.until('here');
  client.socket.destroy();
  await Promise.all([aborted.promise, canceled.promise]);
});

test('its end ends connections that were handed over', async () => {
  const client = new Client(await listen(shout));
  client.socket.write(`POST /attach HTTP/1.1\r\n${upgrade}\r\nfirst`);
  await client.until('FIRST');
  const closed = new Promise((resolve) => client.socket.once('close', resolve));
  client.socket.on('error', () => undefined).once('end', () => client.socket.end());
  await bridge?.close();
  await closed;
});

test('several requests share a connection, with and without a body', async () => {
  const port = await listen(async (request) => new Response(`${request.method} ${await request.text()};`));
  const client = new Client(port);
  const put = 'PUT /a HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
  client.socket.write(`${put}GET /b HTTP/1.1\r\nHost: docker\r\n\r\n`);
  expect(await client.until('GET ;')).toContain('PUT abcde;');
});

test('a body that nobody reads does not hold up the next request', async () => {
  const port = await listen(async ({ url }) => new Response(new URL(url).pathname));
  const client = new Client(port);
  const body = 'x'.repeat(1_000_000);
  client.socket.write(`PUT /a HTTP/1.1\r\nHost: docker\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  client.socket.write('GET /next HTTP/1.1\r\nHost: docker\r\n\r\n');
  await client.until('/next');
});

test.each([
  ['Host: localhost:PORT', 200],
  ['Host: 127.0.0.1:PORT', 200],
  ['Host: [::1]:PORT', 200],
  ['Host: docker', 200],
  ['Host: evil.example:PORT', 403],
  ['Host: localhost.evil.example', 403],
  ['Host: 127.0.0.1:PORT\r\nOrigin: http://evil.example', 403],
  ['Host: 127.0.0.1:PORT\r\nOrigin: null', 403],
])('over TCP a request with %j is answered with %i', async (headers, status) => {
  let asked = 0;
  const port = await listen(async () => {
    asked += 1;
    return new Response('here');
  });
  const head = `POST /build HTTP/1.1\r\n${headers.replace('PORT', String(port))}\r\nContent-Type: text/plain\r\n`;
  for (const [connection, code] of [
    ['Connection: close\r\nContent-Length: 1\r\n\r\nx', status],
    ['Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n', status],
  ] as const) {
    const client = new Client(port);
    client.socket.write(head + connection);
    expect(await client.ended).toMatch(new RegExp(`^HTTP/1.1 ${code} `));
  }
  expect(asked).toBe(status === 200 ? 2 : 0);
});

test('a socket’s file is for whoever may open it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'strata-bridge-'));
  try {
    const opened = createHttpBridge({ fetch: async () => new Response('here') });
    bridge = opened;
    const socketPath = join(directory, 'engine.sock');
    await new Promise<void>((resolve) => opened.server.listen(socketPath, resolve));
    const headers = { host: 'anything', origin: 'http://x.example' };
    const status = await new Promise((resolve) =>
      httpRequest({ socketPath, path: '/', headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end(),
    );
    expect(status).toBe(200);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('a client that does not read holds the answer back', async () => {
  let given = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      given += 1;
      if (given > 4000) controller.close();
      else controller.enqueue(new Uint8Array(65_536));
    },
  });
  const port = await listen(async () => new Response(body));
  const response = await new Promise<import('node:http').IncomingMessage>((resolve) =>
    httpRequest({ port, host: '127.0.0.1', path: '/export' }, resolve).end(),
  );
  await new Promise((resolve) => response.once('readable', resolve));
  // What is on its way is in the sockets' buffers, a few megabytes at most of 250.
  expect(given).toBeLessThan(1000);
  let received = 0;
  for await (const chunk of response) received += (chunk as Buffer).length;
  expect(received).toBe(4000 * 65_536);
});
