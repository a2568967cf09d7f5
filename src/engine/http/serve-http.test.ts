import { describe, expect, it } from 'vitest';
import type { EngineApi } from '../../api/engine-api';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { FakeClock } from '../../base/fake-clock';
import { json } from './responses';
import { serveHttp } from './serve-http';

/** Answers with what was asked; what it takes over, it sends back. */
const echo: EngineApi = {
  async fetch(request, connection) {
    const { pathname } = new URL(request.url);
    if (pathname === '/upgrade' && connection) {
      return new Response(connection.input, { headers: { upgrade: 'tcp', connection: 'Upgrade' } });
    }
    if (pathname === '/nothing') return new Response(null, { status: 204 });
    return json({ method: request.method, pathname, body: await request.text() });
  },
};

function open(api = echo) {
  const clock = new FakeClock();
  const [up, down] = [new TransformStream<Uint8Array<ArrayBuffer>>(), new TransformStream<Uint8Array>()];
  const revoked = new AbortController();
  const served = serveHttp(api, { readable: up.readable, writable: down.writable }, clock, revoked.signal);
  const writer = up.writable.getWriter();
  const say = (text: string): void => void writer.write(new TextEncoder().encode(text)).catch(() => undefined);
  const end = (): void => void writer.close().catch(() => undefined);
  const readable = down.readable as ReadableStream<Uint8Array<ArrayBuffer>>;
  return { clock, served, revoked, say, end, readable };
}

/** The same, with all that is answered. */
function openAndRead(api = echo) {
  const { readable, ...line } = open(api);
  return { ...line, answer: new Response(readable).text() };
}

/** Answers with a line, and then with nothing more for ever. */
function endless() {
  const canceled = createDeferred<void>();
  const asked: Request[] = [];
  const api: EngineApi = {
    async fetch(request) {
      asked.push(request);
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new TextEncoder().encode('first\n')),
        cancel: () => canceled.resolve(),
      });
      const upgrades = new URL(request.url).pathname === '/upgrade';
      return new Response(body, { headers: upgrades ? { upgrade: 'tcp' } : {} });
    },
  };
  return { api, asked, canceled: canceled.promise };
}

/** Reads until that much has been said. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, pattern: RegExp): Promise<void> {
  const decoder = new TextDecoder();
  let said = '';
  while (!pattern.test(said)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`It ended with: ${said}`);
    said += decoder.decode(value, { stream: true });
  }
}

const upgrade = 'POST /upgrade HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n';

describe('the Engine API on a connection', () => {
  it('answers one request after the other, with bodies however they come', async () => {
    const { say, end, answer } = openAndRead();
    say('GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 4\r\n\r\nab');
    say('cdPOST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n');
    say('0\r\n\r\nDELETE /nothing HTTP/1.1\r\n\r\nHEAD /d HTTP/1.1\r\n\r\n');
    end();
    const said = await answer;
    expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(
      ['200', '200', '200', '204', '200'].map((code) => `HTTP/1.1 ${code}`),
    );
    for (const asked of ['"GET","pathname":"/a","body":""', '"/b","body":"abcd"', '"/c","body":"xy"']) {
      expect(said).toContain(asked);
    }
    expect(said).not.toContain('"/d"');
  });

  it('ends the connection with the answer for those that want it so, and tells them to go on sending', async () => {
    const { say, answer } = openAndRead();
    say('POST /old HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab');
    const said = await answer;
    expect(said).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(said).toMatch(/Connection: close\r\n\r\n\{"method":"POST","pathname":"\/old","body":"ab"\}\n$/);
  });

  it('hands the connection over, with what came along', async () => {
    const { say, end, answer } = openAndRead();
    say('POST /upgrade HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}fir');
    say('st');
    end();
    expect(await answer).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n[\s\S]*upgrade: tcp\r\n\r\nfirst$/);
  });

  it.each([
    ['what is no request', 'hello\r\n\r\n'],
    ['a head without an end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}`],
    ['a length that is none', 'POST /b HTTP/1.1\r\nContent-Length: x\r\n\r\n'],
    ['a length and a coding', 'POST /b HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['TRACE', 'TRACE /a HTTP/1.1\r\n\r\n'],
    ['CONNECT', 'CONNECT other:80 HTTP/1.1\r\n\r\n'],
    ['an address that is none', 'GET http://[/ HTTP/1.1\r\n\r\n'],
    ['chunks before an upgrade that are none', `${upgrade}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
  ])('refuses %s', async (_, text) => {
    const { say, answer } = openAndRead();
    say(text);
    expect(await answer).toMatch(/^HTTP\/1\.1 400 Error\r\n[\s\S]*\{"message":".*"\}\n$/);
  });

  it('ends one on which nothing comes, and one that breaks off', async () => {
    const silent = openAndRead();
    await silent.clock.advance(60_000);
    expect(await silent.answer).toBe('');
    const broken = openAndRead();
    broken.say('POST /b HTTP/1.1\r\nContent-Length: 4\r\n\r\nab');
    broken.end();
    await broken.answer.catch(() => undefined);
    await broken.served;
  });

  it('gives up an answer without an end a while after its client has closed its side', async () => {
    const { api, canceled } = endless();
    const { clock, served, say, end, readable } = open(api);
    const reader = readable.getReader();
    say('GET /events HTTP/1.1\r\n\r\n');
    await readUntil(reader, /first\n/);
    const ending = reader.read();
    end();
    await clock.advance(10_000);
    await expect(ending).rejects.toMatchObject({ code: 'Canceled' });
    await canceled;
    await served;
    expect(clock.pending).toBe(0);
  });

  it('gives up one that nobody has answered yet when the client goes, and the answer that comes after all', async () => {
    const late = createDeferred<Response>();
    const asked = createDeferred<Request>();
    const api: EngineApi = {
      fetch: (request) => {
        asked.resolve(request);
        return late.promise;
      },
    };
    const { served, say, readable } = open(api);
    say('POST /wait HTTP/1.1\r\nContent-Length: 0\r\n\r\n');
    const { signal } = await asked.promise;
    await readable.cancel();
    await served;
    expect(signal.aborted).toBe(true);
    const canceled = createDeferred<void>();
    late.resolve(new Response(new ReadableStream({ cancel: () => canceled.resolve() })));
    await canceled.promise;
  });

  it('lets a client read on that has closed its side, as long as there is something to read', async () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const api: EngineApi = {
      fetch: async () =>
        new Response(
          new ReadableStream({
            start: (given) => {
              controller = given;
            },
          }),
        ),
    };
    const { clock, served, say, end, answer } = openAndRead(api);
    say('GET /logs HTTP/1.0\r\n\r\n');
    end();
    for (const piece of ['one ', 'two ', 'three']) {
      await clock.advance(9000);
      controller?.enqueue(new TextEncoder().encode(piece));
    }
    await clock.advance(0);
    controller?.close();
    expect(await answer).toMatch(/\r\n\r\none two three$/);
    await served;
  });

  it.each([
    ['an answer', 'GET /events HTTP/1.1\r\n\r\n'],
    ['an upgraded connection', `${upgrade}\r\n`],
  ])('ends %s when it is taken back, and answers nothing more', async (_, text) => {
    const { api, asked, canceled } = endless();
    const { served, revoked, say, readable } = open(api);
    const reader = readable.getReader();
    say(text);
    await readUntil(reader, /first\n/);
    say('GET /more HTTP/1.1\r\n\r\n');
    const ending = reader.read();
    revoked.abort(new SandboxError('FailedPrecondition', 'Taken back'));
    await expect(ending).rejects.toThrow('Taken back');
    await canceled;
    await served;
    expect(asked).toHaveLength(1);
  });

  it('ends a connection that waits for its next request when it is taken back', async () => {
    const { clock, served, revoked, say, readable } = open();
    const reader = readable.getReader();
    say('GET /a HTTP/1.1\r\n\r\n');
    await readUntil(reader, /0\r\n\r\n$/);
    revoked.abort();
    await served;
    expect(clock.pending).toBe(0);
  });
});
