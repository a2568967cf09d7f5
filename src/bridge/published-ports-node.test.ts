import { type AddressInfo, connect as connectSocket, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { PublishedPort } from '../api/container-engine';
import type { PageConnection } from '../engine/gateways';
import { PublishedPorts } from './published-ports-node';

const open: PublishedPorts[] = [];
afterEach(() => {
  for (const ports of open.splice(0)) ports.dispose();
});

function openPorts(connect: ConstructorParameters<typeof PublishedPorts>[0]): PublishedPorts {
  const ports = new PublishedPorts(connect);
  open.push(ports);
  return ports;
}

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

test('an open port leads to its container while that is published, and is free when it is closed', async () => {
  const [asked, port] = [[] as unknown[], await freePort()];
  const ports = openPorts((network, to) => {
    asked.push([network, to]);
    return echo();
  });
  await ports.open(port);
  expect(await ask(port, 'early')).toBeUndefined();
  ports.follow([published(port), published(await freePort(), 'udp')]);
  expect(await ask(port, 'hello')).toBe('hello');
  expect(asked).toEqual([['default', { address: '10.0.0.7', port: 80 }]]);
  ports.follow([]);
  expect(await ask(port, 'hello')).toBeUndefined();
  await expect(ports.open(port)).rejects.toThrow('address already in use');
  ports.close(port);
  await ports.open(port);
});

test('what cannot be reached resets the connection', async () => {
  const port = await freePort();
  const ports = openPorts(() => Promise.reject(new Error('refused')));
  await ports.open(port);
  ports.follow([published(port)]);
  expect(await ask(port, 'hello')).toBeUndefined();
});

test('a port that another program has is refused in docker’s words', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await expect(openPorts(echo).open(port)).rejects.toMatchObject({
    code: 'FailedPrecondition',
    message: `failed to bind host port 127.0.0.1:${port}/tcp: address already in use`,
  });
  other.close();
});

test('what is being opened while all end is closed, too', async () => {
  const port = await freePort();
  const ports = openPorts(echo);
  const opening = ports.open(port);
  ports.dispose();
  await opening;
  await openPorts(echo).open(port);
});
