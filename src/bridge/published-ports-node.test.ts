import { type AddressInfo, connect as connectSocket, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { PublishedPort } from '../api/container-engine';
import { createDeferred } from '../base/deferred';
import type { SandboxError } from '../base/errors';
import type { PageConnection } from '../engine/gateways';
import { PublishedPorts } from './published-ports-node';

const open: PublishedPorts[] = [];
afterEach(() => {
  for (const ports of open.splice(0)) ports.dispose();
});

function published(hostPort: number, protocol: PublishedPort['protocol'] = 'tcp'): PublishedPort {
  const to = { network: 'default', address: '10.0.0.7', port: 80 };
  return { container: 'c', name: 'web', hostIp: '', protocol, hostPort, ...to };
}

/** A station that answers with what it was told, when that is all. */
async function echo(): Promise<PageConnection> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>();
  return { readable, writable };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What comes back for a text, or undefined when the connection is reset or refused. */
function ask(port: number, text: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connectSocket({ port, host: '127.0.0.1' }, () => socket.end(text));
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.once('end', () => resolve(answer));
    socket.once('error', () => resolve(undefined));
  });
}

test('a published port leads to its container until it is not published any more', async () => {
  const [asked, port] = [[] as unknown[], await freePort()];
  const ports = new PublishedPorts({
    connect: (network, to) => {
      asked.push([network, to]);
      return echo();
    },
    failed: (error) => expect.unreachable(error.message),
  });
  open.push(ports);
  ports.follow([published(port), published(await freePort(), 'udp')]);
  expect(await ask(port, 'hello')).toBe('hello');
  expect(asked).toEqual([['default', { address: '10.0.0.7', port: 80 }]]);
  ports.follow([]);
  expect(await ask(port, 'hello')).toBeUndefined();
});

test('what cannot be reached resets the connection', async () => {
  const port = await freePort();
  const ports = new PublishedPorts({ connect: () => Promise.reject(new Error('refused')), failed: () => {} });
  open.push(ports);
  ports.follow([published(port)]);
  expect(await ask(port, 'hello')).toBeUndefined();
});

test('a port that somebody else has is told of', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const told = createDeferred<SandboxError>();
  const ports = new PublishedPorts({ connect: echo, failed: (error) => told.resolve(error) });
  open.push(ports);
  ports.follow([published(port)]);
  expect((await told.promise).message).toContain(`Port ${port} of this machine cannot be opened`);
  other.close();
});
