import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instance } from '../../src/api/instance';
import { egressWords } from '../../src/ui/text/egress-answers';
import { createGatewayLab, type GatewayLab } from '../support/gateway-lab';
import { shell } from '../support/node-lab';

/** A guest that asks outside by its gateway's proxy, with the programs that it has. */
describe('the way out of a network', () => {
  let made: GatewayLab;
  let server: Server;
  let port: number;
  let guest: Instance;

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      if (request.url === '/large') return void response.end(Buffer.alloc(1_000_000, 'x'));
      response.end(`outside heard ${request.method} ${request.url} ${await text(request)}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    made = await createGatewayLab(undefined, undefined, { fetch, words: egressWords });
    const draft = { kind: 'vm', name: 'web', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
    const { id } = await made.lab.create(draft);
    await made.lab.start(id).finished;
    guest = made.lab.instance(id);
    await made.until(({ kind }) => kind === 'running');
  });
  afterAll(async () => {
    await made.dispose();
    server.close();
  });

  const run = (command: string) => shell(guest, command);
  const proxied = (rest: string) => run(`http_proxy=http://10.0.0.1:3128 wget -q -O - ${rest}`);
  /** A request by hand, and all that comes back. */
  const raw = async (head: string): Promise<string> =>
    (await run(`printf '${head}\\r\\n\\r\\n' | nc 10.0.0.1 3128`)).stdout;
  /** Until the gateway has heard of it. */
  const until = async (head: string, expected: RegExp): Promise<void> => {
    for (;;) if (expected.test(await raw(head))) return;
  };

  it('is closed until somebody opens it', async () => {
    expect((await proxied(`http://127.0.0.1:${port}/`)).code).not.toBe(0);
    expect(await raw('GET http://127.0.0.1/ HTTP/1.0')).toBe('');
  });

  it('lets wget ask a host of the list, and no other', async () => {
    await made.lab.setEgress('default', { hosts: ['127.0.0.1'] });
    await until(`GET http://127.0.0.1:${port}/ HTTP/1.0`, /outside heard/);
    const got = await proxied(`http://127.0.0.1:${port}/a?b`);
    expect(got.stdout).toBe('outside heard GET /a?b ');
    // busybox wget makes a GET of it when there is a proxy.
    const posted = await raw(`POST http://127.0.0.1:${port}/p HTTP/1.0\\r\\nContent-Length: 5\\r\\n\\r\\nhello`);
    expect(posted).toContain('outside heard POST /p hello');
    const other = await raw('GET http://example.com/ HTTP/1.1\\r\\nHost: example.com');
    expect(other).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(other).toContain('example.com is not among the hosts that the network "default" may ask');
  });

  it('brings all of a large answer', async () => {
    const { stdout } = await proxied(`http://127.0.0.1:${port}/large | wc -c`);
    expect(Number(stdout)).toBe(1_000_000);
  });

  it.each([
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1', /^HTTP\/1\.1 501 .*cannot go through a browser/s],
    ['a path alone', 'GET / HTTP/1.1', /^HTTP\/1\.1 400 .*takes whole addresses/s],
    ['another scheme', 'GET ftp://127.0.0.1/ HTTP/1.1', /^HTTP\/1\.1 400 /],
    ['what is no request', 'HELO', /^HTTP\/1\.1 400 /],
    ['a body whose length is none', 'POST http://127.0.0.1/ HTTP/1.1\\r\\nContent-Length: x', /^HTTP\/1\.1 400 /],
  ])('says to %s what is wrong', async (_, head, expected) => {
    expect(await raw(head)).toMatch(expected);
  });

  it('says what the browser would not hand on', async () => {
    await made.lab.setEgress('default', { hosts: ['127.0.0.1', 'nowhere.invalid'] });
    await until('GET http://nowhere.invalid/ HTTP/1.0', /^HTTP\/1\.1 502 .*CORS/s);
  });

  it('is closed again, and stays as it was set over a reload', async () => {
    await made.lab.setEgress('default', undefined);
    await until(`GET http://127.0.0.1:${port}/ HTTP/1.0`, /^$/);
    await made.lab.setEgress('default', { hosts: ['127.0.0.1'] });
    expect(await made.stores.records.list('networks')).toMatchObject([
      { key: 'default', value: { name: 'default', egress: { hosts: ['127.0.0.1'] } } },
    ]);
    await expect(made.lab.setEgress('default', { hosts: [] })).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(made.lab.setEgress('none', undefined)).rejects.toMatchObject({ code: 'NotFound' });
  });
});
