import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskId } from '../../src/api/disk';
import {
  createUnikernelLab,
  type HttpAnswer,
  httpRequest,
  readHttpAnswer,
  receiveAll,
  send,
  type UnikernelLab,
} from '../support/unikernel-lab';

let lab: UnikernelLab;
beforeEach(async () => {
  lab = await createUnikernelLab();
});
afterEach(() => lab.dispose());

const ask = async (
  address: string,
  method: string,
  path: string,
  { body = '', headers = [] as readonly string[], port = 80 } = {},
): Promise<HttpAnswer> => readHttpAnswer(await lab.ask(address, httpRequest(method, path, body, headers), port));

describe('httpd', () => {
  it('serves files of its own and those it was given, and says who it is', async () => {
    const station = lab.tender.wire.station('web');
    await lab.start(
      'httpd',
      { name: 'web', config: { '/www/given.txt': 'given\n', '/www/style.css': 'p {}' } },
      station,
    );
    const page = await ask(station.address, 'GET', '/');
    expect(page.status).toBe(200);
    expect(page.headers.get('x-served-by')).toBe('web');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.body).toContain('<title>');
    expect((await ask(station.address, 'GET', '/given.txt')).body).toBe('given\n');
    expect((await ask(station.address, 'GET', '/style.css')).body).toBe('p {}');
    expect((await ask(station.address, 'GET', '/../etc/passwd')).status).toBe(404);
  });

  it('answers ranges, conditions, HEAD and what it does not have', async () => {
    const station = lab.tender.wire.station('web');
    await lab.start('httpd', { config: { '/www/digits': '0123456789' } }, station);
    const with_ = (method: string, path: string, ...headers: readonly string[]) =>
      ask(station.address, method, path, { headers });
    const whole = await with_('GET', '/digits');
    const tag = whole.headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[0-9a-f]+"$/);
    expect(await with_('GET', '/digits', 'Range: bytes=2-4')).toMatchObject({ status: 206, body: '234' });
    expect(await with_('GET', '/digits', 'Range: bytes=-3')).toMatchObject({ status: 206, body: '789' });
    expect(await with_('GET', '/digits', 'Range: bytes=10-')).toMatchObject({ status: 416, body: '' });
    expect(await with_('GET', '/digits', 'Range: bytes=2-4', 'If-Range: "old"')).toMatchObject({ status: 200 });
    expect(await with_('GET', '/digits', `If-None-Match: "x", ${tag}`)).toMatchObject({ status: 304, body: '' });
    const head = await with_('HEAD', '/digits');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers.get('content-length')).toBe('10');
    expect(await with_('GET', '/none')).toMatchObject({ status: 404 });
    expect(await with_('PUT', '/digits')).toMatchObject({ status: 405 });
  });

  it('answers 500 requests that were sent at once, in their order', async () => {
    const station = lab.tender.wire.station('web');
    await lab.start('httpd', { config: { '/www/a': 'A', '/www/b': 'B' } }, station);
    const connection = await lab.stack.connect({ address: station.address, port: 80 });
    const one = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
    const sent = send(connection, `${(one('/a') + one('/b')).repeat(250)}${httpRequest('GET', '/a')}`);
    const text = new TextDecoder().decode(await receiveAll(connection));
    await sent;
    const bodies = text
      .split('HTTP/1.1 200 OK\r\n')
      .slice(1)
      .map((answer) => answer.at(-1));
    expect(bodies.join('')).toBe(`${'AB'.repeat(250)}A`);
  });
});

describe('kv', () => {
  it('keeps what was acknowledged when it is killed, at any instant', async () => {
    const { id } = await lab.tender.wire.disks.create({ sizeMiB: 1 });
    // What a key may have: the value that was acknowledged last, and those that were not.
    const possible: Possible = new Map();
    for (let life = 1; life <= 4; life += 1) {
      const [{ address }, instance] = await startKv(id);
      for (const [key, values] of possible) {
        const { status, body } = await ask(address, 'GET', `/${key}`);
        expect(status).toBe(200);
        expect(values).toContain(body);
        possible.set(key, new Set([body]));
      }
      const end = new AbortController();
      const writers = [0, 1, 2, 3].map((writer) => write(address, `${writer}`, life, possible, end.signal));
      const acknowledged = await Promise.race(writers.map(({ many }) => many));
      expect(acknowledged).toBe(10 * life);
      await instance.kill();
      end.abort();
      await Promise.all(writers.map(({ done }) => done));
    }
    expect(possible.size).toBeGreaterThan(8);
  });

  it('puts, lists and deletes, and says what it cannot do', async () => {
    const { id } = await lab.tender.wire.disks.create({ sizeMiB: 1 });
    const [{ address }] = await startKv(id);
    expect((await ask(address, 'PUT', '/a%2Fb', { body: 'one' })).status).toBe(201);
    expect((await ask(address, 'PUT', '/a/b', { body: 'two' })).status).toBe(204);
    expect((await ask(address, 'PUT', '/%C3%A9', { body: 'x' })).status).toBe(201);
    expect(JSON.parse((await ask(address, 'GET', '/')).body)).toEqual({ keys: ['a/b', 'é'], more: false });
    expect(JSON.parse((await ask(address, 'GET', '/?limit=1')).body)).toEqual({ keys: ['a/b'], more: true });
    expect(JSON.parse((await ask(address, 'GET', '/?after=a%2Fb')).body)).toEqual({ keys: ['é'], more: false });
    expect((await ask(address, 'GET', '/a/b')).body).toBe('two');
    expect((await ask(address, 'DELETE', '/a/b')).status).toBe(204);
    expect((await ask(address, 'DELETE', '/a/b')).status).toBe(404);
    expect((await ask(address, 'PUT', '/big', { body: 'x'.repeat(64 * 1024 + 1) })).status).toBe(413);
    expect((await ask(address, 'PUT', `/${'k'.repeat(513)}`, { body: 'x' })).status).toBe(400);
    expect((await ask(address, 'PUT', '/%01', { body: 'x' })).status).toBe(400);
    const statuses = [];
    for (let i = 0; i < 8; i += 1)
      statuses.push((await ask(address, 'PUT', `/${i}`, { body: 'x'.repeat(64 * 1024) })).status);
    expect(statuses).toEqual([201, 201, 201, 201, 201, 201, 507, 507]);
    expect((await ask(address, 'DELETE', '/0')).status).toBe(204);
    expect((await ask(address, 'PUT', '/7', { body: 'x'.repeat(64 * 1024) })).status).toBe(201);
  });

  async function startKv(disk: DiskId) {
    const station = lab.tender.wire.station('kv', { disks: [disk] });
    const instance = await lab.start('kv', { disks: [{ sizeMiB: 1 }] }, station);
    return [station, instance] as const;
  }
});

type Possible = Map<string, ReadonlySet<string>>;

/** Puts one value after the other, until the server is gone. `many` resolves when some have been acknowledged. */
function write(address: string, writer: string, life: number, possible: Possible, signal: AbortSignal) {
  let reached: (count: number) => void = () => {};
  const many = new Promise<number>((resolve) => {
    reached = resolve;
  });
  const gone = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
  const putOne = async (i: number): Promise<void> => {
    const [key, value] = [`${writer}-${i % 8}`, `${life}/${i} ${'x'.repeat((i * 397) % 3000)}`];
    const before = possible.get(key);
    if (before) possible.set(key, new Set([...before, value]));
    const answer = await Promise.race([ask(address, 'PUT', `/${key}`, { body: value }), gone]);
    if (!answer) return;
    if (answer.status !== 201 && answer.status !== 204) throw new Error(`PUT was answered with ${answer.status}`);
    possible.set(key, new Set([value]));
    if (i === 10 * life) reached(i);
  };
  const run = async (): Promise<void> => {
    for (let i = 0; !signal.aborted; i += 1) await putOne(i);
  };
  return { many, done: run() };
}

describe('lb', () => {
  it('spreads connections, drains, and moves on when a backend dies, losing none while backends change', async () => {
    const stations = ['one', 'two', 'three'].map((name) => lab.tender.wire.station(name));
    const backends = await Promise.all(
      stations.map((station, index) => lab.start('httpd', { name: ['one', 'two', 'three'][index] ?? '' }, station)),
    );
    const balancer = lab.tender.wire.station('lb');
    const addresses = stations.map(({ address }) => `${address}:80`);
    await lab.start('lb', { args: [...addresses, '--check-interval=200'] }, balancer);
    const servedBy = async (): Promise<string> =>
      (await ask(balancer.address, 'HEAD', '/')).headers.get('x-served-by') ?? 'nobody';
    const admin = (method: string, path: string) => ask(balancer.address, method, path, { port: 8080 });
    const several = async (count: number): Promise<readonly string[]> => {
      const names = [];
      for (let i = 0; i < count; i += 1) names.push(await servedBy());
      return names.sort();
    };

    expect(await several(6)).toEqual(['one', 'one', 'three', 'three', 'two', 'two']);
    expect((await admin('POST', `/backends/${addresses[0]}/drain`)).status).toBe(204);
    expect(await several(4)).toEqual(['three', 'three', 'two', 'two']);
    expect((await admin('PUT', `/backends/${addresses[0]}`)).status).toBe(204);

    let over = false;
    const asked: string[] = [];
    const clients = Array.from({ length: 4 }, async () => {
      while (!over) asked.push(await servedBy());
    });
    for (let i = 0; i < 12; i += 1) {
      const address = addresses[i % 3];
      expect((await admin('DELETE', `/backends/${address}`)).status).toBe(204);
      expect((await admin('PUT', `/backends/${address}`)).status).toBeLessThan(205);
    }
    over = true;
    await Promise.all(clients);
    expect(asked.length).toBeGreaterThan(12);
    expect(asked).not.toContain('nobody');

    await backends[0]?.kill();
    const after = await several(6);
    expect(after).not.toContain('one');
    expect(after).not.toContain('nobody');
    const stats = JSON.parse((await admin('GET', '/stats')).body);
    expect(stats).toMatchObject({ algorithm: 'round-robin', refused: 0 });
    expect(stats.backends).toHaveLength(3);
  });
});

describe('click', () => {
  it('leads connections from one network to a server on another, which sees only the router', async () => {
    const far = await createUnikernelLab(1);
    try {
      const { wire } = far.tender;
      const [web, router] = [wire.station('web'), wire.station('router', { nics: 2 })];
      await far.start('httpd', { name: 'web' }, web);
      const rules = `router\nrewrite ${web.address}:80 in eth1 tcp to-port 8080\nmasquerade out eth0\ndefault accept\n`;
      const nics = [{ network: 'net-0' }, { network: 'net-1' }];
      await far.start('click', { nics, config: { '/etc/click': rules } }, router);
      const address = router.address.replace('10.1.', '10.2.');
      for (let i = 0; i < 3; i += 1) {
        const answer = readHttpAnswer(await far.ask(address, httpRequest('GET', '/'), 8080));
        expect(answer).toMatchObject({ status: 200 });
        expect(answer.headers.get('x-served-by')).toBe('web');
      }
    } finally {
      await far.dispose();
    }
  });
});
