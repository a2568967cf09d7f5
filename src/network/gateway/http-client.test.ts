import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock';
import { FakeClock } from '../../base/fake-clock';
import type { HttpConnection, HttpRequest } from './http-channel';
import { HttpClient } from './http-client';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function clientOf(server: ReturnType<typeof createTcpServer>, clock = systemClock, headMs = 30_000) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let connections = 0;
  const sockets = new Set<Socket>();
  const client = new HttpClient({
    connect: async () => {
      connections += 1;
      const socket = connect(port, '127.0.0.1');
      sockets.add(socket);
      socket.on('error', () => {});
      return Duplex.toWeb(socket) as unknown as HttpConnection;
    },
    clock,
    timeouts: { headMs, idleMs: 5000 },
  });
  ends.push(() => {
    client.dispose();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { client, connections: () => connections };
}

/** A real server. */
const httpServer = (listener: RequestListener) => clientOf(createServer(listener));

/** One that says what it is told to, once something has come. */
function rawServer(answer: string | ((socket: Socket, count: number) => void), clock = systemClock, headMs?: number) {
  let count = 0;
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      count += 1;
      if (typeof answer === 'string') socket.end(answer, 'latin1');
      else answer(socket, count);
    });
  });
  return clientOf(server, clock, headMs);
}

const get = (target = '/', more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  target,
  headers: [['Host', 'web']],
  ...more,
});

const bodyOf = async (client: HttpClient, request = get()) => {
  const { body } = await client.request(request);
  return new Response(body).text();
};

describe('the HTTP client', () => {
  it('gets answers over one connection that is kept, with ranges and redirects as they come', async () => {
    const { client, connections } = await httpServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { Location: '/there' }).end();
      else if (request.headers.range) response.writeHead(206, { 'Content-Range': 'bytes 0-3/9' }).end('part');
      else response.end(`you asked for ${request.url}`);
    });
    expect(await bodyOf(client, get('/a?b=c'))).toBe('you asked for /a?b=c');
    const moved = await client.request(get('/moved'));
    expect(moved.status).toBe(302);
    expect(await new Response(moved.body).text()).toBe('');
    const headers = [
      ['Host', 'web'],
      ['Range', 'bytes=0-3'],
    ] as const;
    const ranged = await client.request(get('/', { headers }));
    expect(ranged.status).toBe(206);
    expect(ranged.headers.map(([name]) => name.toLowerCase())).toContain('content-range');
    expect(ranged.headers.map(([name]) => name.toLowerCase())).not.toContain('connection');
    expect(await new Response(ranged.body).text()).toBe('part');
    expect(connections()).toBe(1);
  });

  it('sends a body in chunks, or with the length that it is given', async () => {
    const { client } = await httpServer((request, response) => {
      const { 'transfer-encoding': coding, 'content-length': length } = request.headers;
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.on('end', () => response.end(`${coding} ${length} ${bytes}`));
    });
    const stream = () => new Response(new Uint8Array(200_000)).body ?? undefined;
    const post = (headers: HttpRequest['headers']) =>
      bodyOf(client, {
        method: 'POST',
        target: '/',
        headers,
        ...(stream() && { body: stream() as ReadableStream<Uint8Array> }),
      });
    expect(await post([['Host', 'web']])).toBe('chunked undefined 200000');
    expect(
      await post([
        ['Host', 'web'],
        ['Content-Length', '200000'],
      ]),
    ).toBe('undefined 200000 200000');
    await expect(
      post([
        ['Host', 'web'],
        ['Content-Length', '300000'],
      ]),
    ).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('does many at once, six of them side by side', async () => {
    let most = 0;
    let now = 0;
    const { client, connections } = await httpServer((_, response) => {
      now += 1;
      most = Math.max(most, now);
      setImmediate(() => {
        now -= 1;
        response.end('x'.repeat(100_000));
      });
    });
    const all = await Promise.all(Array.from({ length: 60 }, () => bodyOf(client)));
    expect(all.every((each) => each.length === 100_000)).toBe(true);
    expect(connections()).toBe(6);
    expect(most).toBeLessThanOrEqual(6);
  });

  it('asks again when a kept connection was ended before anything came', async () => {
    const { client, connections } = await rawServer((socket, count) => {
      if (count === 2) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    expect(await bodyOf(client)).toBe('ok');
    expect(await bodyOf(client)).toBe('ok');
    expect(connections()).toBe(2);
  });

  it('does not ask again for what may have been done already', async () => {
    const { client } = await rawServer((socket, count) => {
      if (count === 2) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    await bodyOf(client);
    await expect(bodyOf(client, get('/', { method: 'POST' }))).rejects.toMatchObject({
      code: expect.stringMatching(/Unavailable|Internal/),
    });
  });

  it('hands the connection over after an upgrade, with what came behind the head', async () => {
    const { client } = await rawServer((socket, count) => {
      if (count === 1)
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nfirst');
      else socket.end('second');
    });
    const headers = [
      ['Host', 'web'],
      ['Connection', 'Upgrade'],
      ['Upgrade', 'echo'],
    ] as const;
    const { status, upgraded } = await client.request(get('/', { headers }));
    expect(status).toBe(101);
    expect(client.connections).toBe(0);
    const writer = upgraded?.writable.getWriter();
    await writer?.write(new TextEncoder().encode('more'));
    expect(await new Response(upgraded?.readable).text()).toBe('firstsecond');
  });

  it.each([
    ['is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'InvalidArgument'],
    ['never ends its head', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(6000)}`, 'InvalidArgument'],
    ['has two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'InvalidArgument'],
    ['changes to another protocol', 'HTTP/1.1 101 No\r\n\r\n', 'InvalidArgument'],
    ['has interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20), 'InvalidArgument'],
    ['ends before its answer', 'HTTP/1.1 200 OK\r\n', 'Unavailable'],
  ])('refuses a server that %s', async (_, answer, code) => {
    const { client } = await rawServer(answer);
    await expect(client.request(get())).rejects.toMatchObject({ code });
    expect(client.connections).toBe(0);
  });

  it.each([
    ['ends before the length that it told', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', 'Unavailable'],
    ['ends in the middle of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc', 'Unavailable'],
    ['has a chunk that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', 'InvalidArgument'],
  ])('fails the body of a server that %s', async (_, answer, code) => {
    const { client } = await rawServer(answer);
    await expect(bodyOf(client)).rejects.toMatchObject({ code });
    expect(client.connections).toBe(0);
  });

  it('takes a body that ends with the connection, and passes over interim answers', async () => {
    const { client } = await rawServer('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 OK\r\n\r\nall of it');
    expect(await bodyOf(client)).toBe('all of it');
    expect(client.connections).toBe(0);
  });

  it('does not use a connection again on which more came than the answer', async () => {
    const { client, connections } = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    });
    expect(await bodyOf(client)).toBe('ok');
    expect(await bodyOf(client)).toBe('ok');
    expect(connections()).toBe(2);
  });

  it('does not wait for ever for a server that stalls', async () => {
    const clock = new FakeClock();
    let heard = (): void => {};
    const stalls = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const { client } = await rawServer(() => heard(), clock);
    const failing = expect(client.request(get())).rejects.toMatchObject({
      code: 'Unavailable',
      details: { reason: 'timeout' },
    });
    await stalls;
    await clock.advance(30_000);
    await failing;
    const dripping = await rawServer(
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
      clock,
    );
    const { body } = await dripping.client.request(get());
    const reader = body.getReader();
    expect((await reader.read()).value).toHaveLength(3);
    const rest = expect(reader.read()).rejects.toMatchObject({ details: { reason: 'timeout' } });
    await clock.advance(5000);
    await rest;
    expect(clock.pending).toBe(0);
  });

  it('is canceled by its signal, before the answer and in the middle of it', async () => {
    const abort = new AbortController();
    const { client } = await rawServer((socket, count) => {
      if (count === 1) abort.abort();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
    });
    await expect(client.request(get(), abort.signal)).rejects.toMatchObject({ code: 'Canceled' });
    const later = new AbortController();
    const { body } = await client.request(get(), later.signal);
    later.abort();
    await expect(new Response(body).text()).rejects.toMatchObject({ code: 'Canceled' });
    expect(client.connections).toBe(0);
  });

  it('refuses more requests than may wait, and frees their places when they are canceled', async () => {
    const { client } = await rawServer(() => {}, new FakeClock());
    const abort = new AbortController();
    const waiting = Array.from({ length: 6 + 256 }, () =>
      client.request(get(), abort.signal).catch((error) => error.code),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await expect(client.request(get())).rejects.toMatchObject({ code: 'ResourceExhausted' });
    abort.abort();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['Canceled']));
    expect(client.connections).toBe(0);
  });
});
