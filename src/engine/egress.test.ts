import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Egress } from '../api/network';
import { systemClock } from '../base/clock';
import { FakeClock } from '../base/fake-clock';
import type { EgressRequest } from '../network/gateway/egress-service';
import { askOutside, type EgressWords } from './egress';

const words: EgressWords = {
  off: (network) => `${network} is off`,
  notAllowed: (host, network) => `${host} is not for ${network}`,
  refused: (host, why) => `${host}: ${why}`,
  late: (host, seconds) => `${host} took ${seconds} s`,
};

let server: Server;
let port: number;
let hung: () => void;
beforeEach(async () => {
  server = createServer(async (request, response) => {
    if (request.url === '/hang') return hung();
    if (request.url === '/moved') return void response.writeHead(302, { Location: '/there' }).end();
    response.setHeader('X-Own', 'yes');
    response.end(JSON.stringify({ url: request.url, headers: request.headers, body: await text(request) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const nothing = new Uint8Array(0);
const get = (path = '/', change: Partial<EgressRequest> = {}): EgressRequest => ({
  method: 'GET',
  url: `http://127.0.0.1:${port}${path}`,
  headers: [],
  body: nothing,
  ...change,
});
const here: Egress = { hosts: ['127.0.0.1'] };
const ask = (request: EgressRequest, egress: Egress | undefined = here, fetching = fetch) =>
  askOutside(request, { name: 'lab', ...(egress && { egress }) }, { fetch: fetching, words }, systemClock);

describe('what a guest asks outside', () => {
  it('is asked with what a browser may send, and answered', async () => {
    const headers = [
      ['Authorization', 'Bearer key'],
      ['Cookie', 'secret=1'],
      ['X-Other', 'no'],
      ['Content-Type', 'text/plain'],
    ] as const;
    const body = new TextEncoder().encode('sent');
    const answer = await ask(get('/a?b', { method: 'POST', headers, body }));
    expect(answer.status).toBe(200);
    expect(answer.headers).toContainEqual(['x-own', 'yes']);
    const heard = JSON.parse(await new Response(answer.body).text());
    expect(heard).toMatchObject({ url: '/a?b', body: 'sent', headers: { authorization: 'Bearer key' } });
    expect(heard.headers).not.toHaveProperty('cookie');
    expect(heard.headers).not.toHaveProperty('x-other');
  });

  it('is refused where nothing leaves, and where the host is not on the list', async () => {
    const off = askOutside(get(), { name: 'lab' }, { fetch, words }, systemClock);
    await expect(off).rejects.toMatchObject({ code: 'FailedPrecondition', message: 'lab is off' });
    await expect(ask(get(), { hosts: ['example.com'] })).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: '127.0.0.1 is not for lab',
    });
  });

  it('is asked of the relay, where there is one, but only for hosts on the list', async () => {
    const relay = `http://127.0.0.1:${port}/relay?to={url}`;
    const answer = await ask(get('/', { url: 'http://example.com/x' }), { hosts: ['example.com'], relay });
    const { url } = JSON.parse(await new Response(answer.body).text());
    expect(url).toBe('/relay?to=https%3A%2F%2Fexample.com%2Fx');
    await expect(ask(get(), { hosts: ['example.com'], relay })).rejects.toMatchObject({ code: 'FailedPrecondition' });
  });

  it('is asked by HTTPS unless a port is named', async () => {
    const asked: string[] = [];
    const record: typeof fetch = async (input) => {
      asked.push(String(input));
      return new Response('x');
    };
    await ask(get('/', { url: 'http://example.com/x' }), { hosts: ['example.com'] }, record);
    await ask(get('/', { url: 'http://example.com:8080/x' }), { hosts: ['example.com'] }, record);
    expect(asked).toEqual(['https://example.com/x', 'http://example.com:8080/x']);
  });

  it('fails in plain words where it is led elsewhere, or nobody answers', async () => {
    await expect(ask(get('/moved'))).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/^127\.0\.0\.1: /),
    });
    const clock = new FakeClock(0);
    const arrived = new Promise<void>((resolve) => {
      hung = resolve;
    });
    const asking = askOutside(get('/hang'), { name: 'lab', egress: here }, { fetch, words }, clock);
    asking.catch(() => {});
    await arrived;
    await clock.advance(30_000);
    await expect(asking).rejects.toMatchObject({ code: 'Unavailable', message: '127.0.0.1 took 30 s' });
  });
});
