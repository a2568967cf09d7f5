import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SocketToPage } from '../../api/preview';
import { FakeClock } from '../../base/fake-clock';
import { opcodes, serializeWebSocketFrame } from '../../formats/wire/web-socket';
import { ask, createPreviewBench, originOf, type PreviewBench, recordOf, textOf } from './preview-fixture';

let bench: PreviewBench;
beforeEach(() => {
  bench = createPreviewBench();
});
afterEach(() => bench.dispose());

const page = { destination: 'iframe' } as const;

/** Lets sockets have their say. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Says what it was asked. */
async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
}

const heard = async (path: string, more: Parameters<typeof ask>[2] = {}) => {
  const answer = await ask(bench.preview('web'), path, more);
  return JSON.parse(await textOf(answer)) as {
    method: string;
    url: string;
    headers: Record<string, string>;
    body: string;
  };
};

describe('a request of a guest’s page', () => {
  beforeEach(() => bench.serve('10.0.0.2', 80, (request, response) => void echo(request, response)));

  it('comes to the guest as if its page came from its own name', async () => {
    const { url, method, headers } = await heard('/a/b?c=d', {
      method: 'POST',
      headers: [['X-Own', 'yes']],
      referrer: `${originOf('web')}/form?x=y`,
      body: new TextEncoder().encode('hello'),
    });
    expect([method, url]).toEqual(['POST', '/a/b?c=d']);
    expect(headers).toMatchObject({
      host: 'web',
      origin: 'http://web',
      referer: 'http://web/form?x=y',
      'x-own': 'yes',
      'content-length': '5',
      'x-forwarded-host': 'id-web-80.preview.localhost:8081',
      'x-forwarded-proto': 'http',
    });
  });

  it('has its length when it is short, and comes in chunks when it is not', async () => {
    const long = new Uint8Array(3_000_000).fill(120);
    const { headers, body } = await heard('/', { method: 'POST', body: long });
    expect(headers['transfer-encoding']).toBe('chunked');
    expect(headers['content-length']).toBeUndefined();
    expect(body.length).toBe(long.length);
  });

  it('tells nobody where it came from when that is elsewhere', async () => {
    const { headers } = await heard('/', { referrer: 'http://127.0.0.1:8080/' });
    expect(headers['referer']).toBeUndefined();
  });

  it('finds the guest by its addresses and names, and nobody outside', async () => {
    for (const host of ['web', 'web.default', 'web.default.internal', '10.0.0.2']) {
      expect((await heard(`http://${host}/x`)).headers['host']).toBe('web');
    }
    const outside = await ask(bench.preview('web'), 'http://example.com/x', page);
    expect(outside.status).toBe(403);
    expect(await textOf(outside)).toContain('example.com is outside');
  });

  it('asks neighbours too, without the cookies of either', async () => {
    await bench.serve('10.0.0.3', 8080, (request, response) => {
      response.setHeader('Set-Cookie', 'theirs=1');
      response.end(`other was asked ${request.url} with ${request.headers.cookie}`);
    });
    await bench.preview('web').setCookie(`${originOf('web')}/`, 'mine=1; Path=/');
    const answer = await ask(bench.preview('web'), 'http://other:8080/y');
    expect(await textOf(answer)).toBe('other was asked /y with undefined');
    expect((await heard('/')).headers['cookie']).toBe('mine=1');
    expect(await bench.preview('other').cookies(`${originOf('other')}/`)).toBe('');
  });
});

describe('an answer of a guest', () => {
  const serve = (listener: (request: IncomingMessage, response: ServerResponse) => void) =>
    bench.serve('10.0.0.2', 80, listener);

  it('has its status, its ranges, and no body for HEAD', async () => {
    await serve((request, response) => {
      if (request.headers.range) response.writeHead(206, { 'Content-Range': 'bytes 0-3/9' }).end('part');
      else response.writeHead(418, { 'Content-Length': '5' }).end('teapt');
    });
    const ranged = await ask(bench.preview('web'), '/', { headers: [['Range', 'bytes=0-3']] });
    expect([ranged.status, ranged.header('content-range')]).toEqual([206, 'bytes 0-3/9']);
    expect(await textOf(ranged)).toBe('part');
    const head = await ask(bench.preview('web'), '/', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 418, hasBody: false });
    expect(head.header('content-length')).toBe('5');
  });

  it('is a page with the script of previews in it; what is no page is left as it is', async () => {
    await serve((request, response) => {
      const type = request.url === '/page' ? 'text/html; charset=utf-8' : 'text/plain';
      response.writeHead(200, { 'Content-Type': type, 'Content-Length': '21' }).end('<!doctype html><p>Hi!');
    });
    await bench.preview('web').setCookie(`${originOf('web')}/`, 'a="<b>&');
    const shown = await ask(bench.preview('web'), '/page', page);
    expect(shown.header('content-length')).toBeUndefined();
    const markup = await textOf(shown);
    expect(markup).toMatch(/^<!doctype html><script src="\/strata-preview\/page\.js" data-hosts="web 10\.0\.0\.2"/);
    expect(markup).toContain('data-cookies="a=&#34;&#60;b&#62;&#38;"></script><p>Hi!');
    expect(await textOf(await ask(bench.preview('web'), '/page'))).toBe('<!doctype html><p>Hi!');
    expect(await textOf(await ask(bench.preview('web'), '/other', page))).toBe('<!doctype html><p>Hi!');
  });

  it.each([
    ['http://web/login?a=b#c', `${originOf('web')}/login?a=b#c`],
    ['http://10.0.0.2/login', `${originOf('web')}/login`],
    ['/login', `${originOf('web')}/login`],
    ['login', `${originOf('web')}/dir/login`],
    ['//web/x', `${originOf('web')}/x`],
    ['http://other:8080/x', 'http://other:8080/x'],
    ['https://example.com/', 'https://example.com/'],
  ])('that leads to %s leads to %s', async (location, expected) => {
    await serve((_, response) => response.writeHead(302, { Location: location }).end());
    const answer = await ask(bench.preview('web'), '/dir/page', page);
    expect([answer.status, answer.header('location')]).toEqual([302, expected]);
  });

  it('sets cookies for its instance alone, on all of its ports, and they are sent again', async () => {
    await serve((request, response) => {
      response.setHeader('Set-Cookie', ['session=1; HttpOnly; Path=/', 'seen=2; Path=/']);
      response.end(request.headers.cookie ?? 'none');
    });
    const first = await ask(bench.preview('web'), '/');
    expect(first.cookiesChanged).toBe(true);
    expect(first.header('set-cookie')).toBeUndefined();
    expect(await textOf(first)).toBe('none');
    expect(await textOf(await ask(bench.preview('web'), '/'))).toBe('session=1; seen=2');
    expect(await bench.preview('web', 8080).cookies(`${originOf('web', 8080)}/`)).toBe('seen=2');
    expect(await bench.preview('other').cookies(`${originOf('other')}/`)).toBe('');
    bench.changes.fire([recordOf('other', '10.0.0.3')]);
    expect(await bench.preview('web').cookies(`${originOf('web')}/`)).toBe('');
  });

  it('keeps what is about itself and loses what reaches beyond', async () => {
    await serve((_, response) => {
      response.setHeader(
        'Content-Security-Policy',
        "script-src 'none'; frame-ancestors 'none'; report-uri http://spy/",
      );
      for (const name of [
        'Strict-Transport-Security',
        'Clear-Site-Data',
        'Service-Worker-Allowed',
        'Cross-Origin-Opener-Policy',
        'Cross-Origin-Embedder-Policy',
        'Cross-Origin-Resource-Policy',
        'X-Frame-Options',
        'Report-To',
        'NEL',
        'Alt-Svc',
        'Origin-Trial',
        'Permissions-Policy',
      ]) {
        response.setHeader(name, 'theirs');
      }
      response.setHeader('X-Own', 'yes');
      response.setHeader('Cache-Control', 'no-store');
      response.end('x');
    });
    const { headers } = await ask(bench.preview('web'), '/', page);
    const said = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
    expect([...said.values()]).not.toContain('theirs');
    expect(said.get('x-own')).toBe('yes');
    expect(said.get('cache-control')).toBe('no-store');
    expect(said.get('cross-origin-embedder-policy')).toBe('require-corp');
    const [theirs, ours] = headers
      .filter(([name]) => name.toLowerCase() === 'content-security-policy')
      .map(([, value]) => value);
    expect(theirs).toBe("script-src 'none'");
    expect(ours).toContain("frame-ancestors 'self' http://127.0.0.1:8080");
    expect(ours).toContain('http://10.0.0.3:*');
    expect(ours).not.toMatch(/https?:(?:[ ;]|$)/);
  });

  it('is unpacked where it comes packed, as it is read', async () => {
    await serve((request, response) => {
      const coding = request.url === '/br' ? 'br' : 'gzip';
      response.writeHead(200, { 'Content-Encoding': coding }).end(gzipSync('unpacked'));
    });
    const answer = await ask(bench.preview('web'), '/');
    expect(answer.header('content-encoding')).toBeUndefined();
    expect(await textOf(answer)).toBe('unpacked');
    expect(await ask(bench.preview('web'), '/br')).toMatchObject({ status: 502 });
  });

  it('that never ends is taken no faster than it is read', async () => {
    let written = 0;
    let drained = Promise.resolve();
    await serve((_, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536))) written += 65_536;
        written += 65_536;
        drained = new Promise((resolve) => response.once('drain', () => resolve()));
        response.once('drain', more);
      };
      more();
    });
    const { body } = await ask(bench.preview('web'), '/');
    const reader = body.getReader();
    for (let read = 0; read < 1_000_000; ) read += (await reader.read()).value?.length ?? 0;
    // The buffers of two sockets, a stream's window, and what has been read.
    const before = written;
    await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, 300))]);
    expect(written).toBeLessThan(40_000_000);
    expect(written - before).toBeLessThan(20_000_000);
    await reader.cancel();
  });

  it('breaks off where it is shorter than it said, and nobody waits', async () => {
    await bench.serveRaw('10.0.0.2', 80, (socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort')),
    );
    const answer = await ask(bench.preview('web'), '/');
    await expect(textOf(answer)).rejects.toThrow(/ended the connection in the middle/);
  });
});

describe('a server that is none', () => {
  it('is said on a page of our own: nobody there, off, gone', async () => {
    const refused = await ask(bench.preview('web'), '/', page);
    expect([refused.status, refused.header('x-strata-error')]).toEqual([502, 'Unavailable']);
    expect(await textOf(refused)).toMatch(/^<!doctype html>.*nobody listens on web 80/);
    expect(refused.header('content-security-policy')).toContain("frame-ancestors 'self' http://127.0.0.1:8080");
    expect(await textOf(await ask(bench.preview('web'), '/'))).toBe('nobody listens on web 80\n');
    bench.records[0] = recordOf('web', '10.0.0.2', 'stopped');
    expect(await textOf(await ask(bench.preview('web'), '/', page))).toContain('web is stopped');
    bench.records.shift();
    expect(await ask(bench.preview('web'), '/', page)).toMatchObject({ status: 410 });
  });

  it.each([
    ['is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['has two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    ['has a head without end', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(20_000)}`],
    ['has a header that is split', 'HTTP/1.1 200 OK\r\nX-A: b\r\n folded\r\n\r\n'],
  ])('and whose answer %s is said to make no sense', async (_, said) => {
    await bench.serveRaw('10.0.0.2', 80, (socket) => socket.once('data', () => socket.write(said)));
    const answer = await ask(bench.preview('web'), '/', page);
    expect(answer.status).toBe(502);
    expect(await textOf(answer)).toContain('wrong');
  });

  it('and never answers is given up, and one that stops in the middle too', async () => {
    bench.dispose();
    const clock = new FakeClock(0);
    bench = createPreviewBench(clock);
    const arrived: Socket[] = [];
    await bench.serveRaw('10.0.0.2', 80, (socket) => socket.once('data', () => arrived.push(socket)));
    const pending = ask(bench.preview('web'), '/', page);
    while (arrived.length < 1) await turn();
    await clock.advance(31_000);
    const late = await pending;
    expect(late.status).toBe(504);
    expect(await textOf(late)).toContain('web is late');
    const begun = ask(bench.preview('web'), '/');
    while (arrived.length < 2) await turn();
    arrived[1]?.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome');
    const reader = (await begun).body.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('some');
    const rest = reader.read();
    rest.catch(() => {});
    await turn();
    await clock.advance(61_000);
    await expect(rest).rejects.toMatchObject({ code: 'Unavailable', details: { reason: 'timeout' } });
  });

  it('costs no more than its connection when who asked has gone', async () => {
    let closed = 0;
    await bench.serveRaw('10.0.0.2', 80, (socket) => socket.once('close', () => (closed += 1)));
    const channel = new MessageChannel();
    const url = `${originOf('web')}/`;
    const request = { method: 'GET', url, headers: [], destination: '', referrer: '', answer: channel.port2 } as const;
    const answering = bench.preview('web').request(request);
    channel.port1.postMessage({ cancel: { code: 'Canceled', message: 'gone', details: {} } });
    await answering;
    while (closed === 0) await turn();
    expect(bench.connections()).toBe(1);
  });
});

it('two hundred requests at once are all answered, over six connections', async () => {
  await bench.serve('10.0.0.2', 80, (request, response) => response.end(`answer to ${request.url}`));
  const service = bench.preview('web');
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => textOf(await ask(service, `/${index}`))),
  );
  expect(answers).toEqual(Array.from({ length: 200 }, (_, index) => `answer to /${index}`));
  expect(bench.connections()).toBe(6);
});

describe('a WebSocket of a guest’s page', () => {
  const accept = (head: string): string => {
    const [, key = ''] = /Sec-WebSocket-Key: (\S+)/i.exec(head) ?? [];
    return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  };
  const opened = (head: string, more = ''): string =>
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept(head)}\r\n${more}\r\n`;
  const frame = (opcode: number, text: string | Uint8Array, final = true): Uint8Array =>
    serializeWebSocketFrame({ final, opcode, payload: new Uint8Array(Buffer.from(text)) });

  /** A server that does as it is told once somebody has asked; what else came, as it stood on the wire. */
  async function served(answer: (socket: Socket, head: string) => void) {
    const came: Buffer[] = [];
    await bench.serveRaw('10.0.0.2', 80, (socket) => {
      socket.once('data', (head: Buffer) => {
        socket.on('data', (bytes: Buffer) => came.push(bytes));
        answer(socket, head.toString('latin1'));
      });
    });
    return came;
  }

  function open(protocols: readonly string[] = [], url = `${originOf('web').replace('http', 'ws')}/chat`) {
    const { port1, port2 } = new MessageChannel();
    const told: SocketToPage[] = [];
    let wake = (): void => {};
    port1.onmessage = ({ data }: MessageEvent<SocketToPage>) => {
      told.push(data);
      wake();
    };
    void bench.preview('web').openSocket(url, protocols, port2);
    const next = async (): Promise<SocketToPage> => {
      while (told.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return told.shift() as SocketToPage;
    };
    return { port: port1, next };
  }

  it('speaks of messages, in both directions, and closes with what the server says', async () => {
    const came = await served((socket, head) => {
      expect(head).toMatch(/^GET \/chat HTTP\/1\.1\r\n/);
      expect(head).toContain('\r\nHost: web\r\n');
      expect(head).toContain('\r\nOrigin: http://web\r\n');
      socket.write(opened(head, 'Sec-WebSocket-Protocol: two\r\n'));
      socket.write(frame(opcodes.text, 'Grüße'));
      socket.write(Buffer.concat([frame(opcodes.binary, 'ab', false), frame(opcodes.ping, 'p'), frame(0, 'c')]));
      socket.write(frame(opcodes.close, Buffer.from([0x0f, 0xa0, 0x62, 0x79, 0x65])));
    });
    const { next, port } = open(['one', 'two']);
    expect(await next()).toEqual({ open: { protocol: 'two' } });
    expect(await next()).toEqual({ message: 'Grüße' });
    port.postMessage({ send: 'hello' });
    expect(await next()).toEqual({ message: new TextEncoder().encode('abc').buffer });
    expect(await next()).toMatchObject({ closed: { code: 4000, reason: 'bye' } });
    await turn();
    // A pong and the end, both masked.
    expect(Buffer.concat(came).includes(Buffer.from([0x8a, 0x81]))).toBe(true);
    expect(Buffer.concat(came).includes(Buffer.from([0x88, 0x82]))).toBe(true);
  });

  it.each([
    [
      'answers with a page',
      () => 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
      1006,
      /answered 404 Not Found/,
    ],
    [
      'accepts another key',
      () => opened('Sec-WebSocket-Key: other'),
      1002,
      /answered the handshake of the WebSocket wrongly/,
    ],
    ['masks its frames', (head: string) => `${opened(head)}\x81\x81\0\0\0\0x`, 1002, /masked/],
    ['sends a text that is none', (head: string) => `${opened(head)}\x81\x01\xff`, 1002, /no UTF-8/],
    ['ends at once', (head: string) => opened(head), 1006, /ended the connection/],
  ])('of a server that %s fails and says why', async (_, answer, code, why) => {
    await served((socket, head) => socket.end(answer(head), 'latin1'));
    const { next } = open();
    let told = await next();
    if ('open' in told) told = await next();
    expect(told).toMatchObject({ closed: { code, failed: expect.stringMatching(why) } });
  });

  it('goes to nobody outside', async () => {
    expect(await open([], 'ws://example.com/').next()).toMatchObject({ closed: { failed: 'example.com is outside' } });
  });

  it('holds a server back that sends more than its page takes', async () => {
    let written = 0;
    await served((socket, head) => {
      socket.write(opened(head));
      const piece = frame(opcodes.binary, Buffer.alloc(65_536));
      const more = (): void => {
        while (socket.write(piece)) written += piece.length;
        written += piece.length;
        socket.once('drain', more);
      };
      more();
    });
    const { next } = open();
    await next();
    let got = 0;
    while (got < 1_000_000) {
      const told = await next();
      if ('message' in told) got += (told.message as ArrayBuffer).byteLength;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(written).toBeLessThan(40_000_000);
  });
});
