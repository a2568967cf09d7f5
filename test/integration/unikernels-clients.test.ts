import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instance } from '../../src/api/instance';
import type { Reservation } from '../../src/api/network';
import type { InstanceDraft } from '../../src/engine/instance-record';
import { createGatewayLab, type GatewayLab } from '../support/gateway-lab';
import { ConsoleReader, type Outcome, shell } from '../support/node-lab';

/** Unikernels on the lab's network, with addresses by DHCP and names from its gateway, and a VM that uses them. */
describe('a machine and its busybox', () => {
  let made: GatewayLab;
  let client: Instance;

  beforeAll(async () => {
    made = await createGatewayLab();
    const machine = await start({ kind: 'vm', name: 'client', memoryMiB: 64, devices: 'virtio', containerHost: false });
    client = machine.instance;
    await made.until(({ kind }) => kind === 'running');
  });
  afterAll(() => made.dispose());

  const run = (command: string): Promise<Outcome> => shell(client, command);

  async function start(draft: InstanceDraft) {
    const { id } = await made.lab.create(draft);
    await made.lab.start(id).finished;
    const nics = made.lab.list().find((each) => each.id === id)?.nics ?? [];
    return { instance: made.lab.instance(id), addresses: nics.map(({ address }: Reservation) => address) };
  }

  /** One of ours, which asks for its address; resolves when it has it. */
  async function serve(program: string, change: Partial<InstanceDraft & { kind: 'unikernel' }> = {}): Promise<string> {
    const image = `strata/unikernel-${program}:1`;
    const draft = { kind: 'unikernel', name: program, image, args: [], config: {}, memoryMiB: 16 } as const;
    const { instance, addresses } = await start({ ...draft, addressing: 'dhcp', ...change });
    const reader = new ConsoleReader(instance);
    await reader.until(`Address ${addresses[0]},`);
    reader.dispose();
    return addresses[0] ?? '';
  }

  it('hears the greeting of hello, and pings it, by its name', async () => {
    await serve('hello', { args: ['client'] });
    expect((await run('nc hello 7 < /dev/null')).stdout).toBe('Hello, client! This is hello.\n');
    expect(await run('ping -c 2 -W 20 hello')).toMatchObject({ code: 0 });
  });

  it('goes on with a download from httpd where it broke off', async () => {
    const digits = '0123456789'.repeat(5000);
    await serve('httpd', { config: { '/www/digits': digits } });
    const outcome = await run(
      'cd /tmp && wget -q -O whole http://httpd/digits && head -c 12345 whole > digits && wget -S -c http://httpd/digits && cmp whole digits && wc -c < digits',
    );
    expect(outcome).toMatchObject({ code: 0, stdout: '50000\n' });
    expect(outcome.stderr).toMatch(/206 Partial Content/);
    expect(outcome.stderr).toContain('bytes 12345-49999/50000');
  });

  it('puts into kv and gets out of it', async () => {
    await serve('kv', { disks: [{ sizeMiB: 1 }] });
    const put =
      "printf 'PUT /greeting HTTP/1.1\\r\\nHost: kv\\r\\nConnection: close\\r\\nContent-Length: 5\\r\\n\\r\\nhello' | nc kv 80";
    expect((await run(put)).stdout).toMatch(/^HTTP\/1\.1 201 Created/);
    expect((await run('wget -q -O - http://kv/greeting')).stdout).toBe('hello');
    expect((await run('wget -q -O - http://kv/')).stdout).toBe('{"keys":["greeting"],"more":false}\n');
    expect(await run('wget -q -O - http://kv/nothing')).toMatchObject({ code: 1 });
  });

  it('resolves names of a zone by dns', async () => {
    const zone = [
      '$ORIGIN lab.test.',
      '$TTL 60',
      '@ SOA ns admin 1 2 3 4 5',
      'www A 10.9.8.7',
      'web CNAME www',
      '@ MX 5 www',
      '',
    ].join('\n');
    const address = await serve('dns', { config: { '/etc/zone': zone } });
    expect((await run(`nslookup www.lab.test ${address}`)).stdout).toContain('Address: 10.9.8.7');
    const alias = (await run(`nslookup web.lab.test ${address}`)).stdout;
    expect(alias).toContain('canonical name = www.lab.test');
    expect((await run(`nslookup -type=mx lab.test ${address}`)).stdout).toContain('mail exchanger = 5 www.lab.test');
    const nobody = await run(`nslookup none.lab.test ${address}`);
    expect(nobody.code).toBe(1);
    expect(nobody.stdout).toContain('NXDOMAIN');
  });

  it('is served by two httpd in turn through lb', async () => {
    const names = ['left', 'right'];
    const addresses: string[] = [];
    for (const name of names) addresses.push(await serve('httpd', { name }));
    await serve('lb', { args: addresses.map((address) => `${address}:80`) });
    const asked = await run(
      'for i in 1 2 3 4 5 6; do wget -S -q -O /dev/null http://lb/ 2>&1 | grep -i x-served-by; done',
    );
    const served = [...asked.stdout.matchAll(/X-Served-By: (\w+)/gi)].map(([, name]) => name);
    expect(served).toHaveLength(6);
    for (const [index, name] of served.entries()) expect(name).not.toBe(served[index + 1]);
    expect([...new Set(served)].sort()).toEqual(names);
    expect(JSON.parse((await run('wget -q -O - http://lb:8080/stats')).stdout).backends).toMatchObject([
      { connections: 3 },
      { connections: 3 },
    ]);
  });

  it('reaches another network through click as router, NAT and firewall', async () => {
    await made.lab.createNetwork({ name: 'inside', subnet: '10.7.0.0/24', mtu: 1500 });
    const nics = [{ network: 'inside' }];
    const web = await serve('httpd', { name: 'inner', nics });
    const hello = await serve('hello', { name: 'quiet', nics });
    const rules = [
      'router',
      `rewrite ${web}:80 in eth0 tcp to-port 8080`,
      'masquerade out eth1',
      'accept in eth0 tcp to-port 80',
      'accept in eth0 icmp',
      'default drop',
      '',
    ].join('\n');
    const { addresses } = await start({
      kind: 'unikernel',
      name: 'click',
      image: 'strata/unikernel-click:1',
      args: [],
      config: { '/etc/click': rules },
      memoryMiB: 4,
      addressing: 'static',
      nics: [{ network: 'default' }, { network: 'inside' }],
    });
    const served = async (url: string): Promise<string> => (await run(`wget -S -q -O /dev/null ${url}`)).stderr;
    // Without a route there is no way.
    expect((await run(`nc -w 3 ${web} 80 < /dev/null`)).code).not.toBe(0);
    await run(`ip route add 10.7.0.0/24 via ${addresses[0]}`);
    expect(await served(`http://${web}/`)).toMatch(/X-Served-By: inner/i);
    expect(await served(`http://${addresses[0]}:8080/`)).toMatch(/X-Served-By: inner/i);
    expect(await run(`ping -c 2 -W 20 ${web}`)).toMatchObject({ code: 0 });
    // The firewall: the same machine inside answers to ping, and not at a port that is closed.
    expect(await run(`ping -c 1 -W 20 ${hello}`)).toMatchObject({ code: 0 });
    expect((await run(`nc -w 3 ${hello} 7 < /dev/null`)).stdout).toBe('');
    await run('ip route del 10.7.0.0/24');
  });

  it('indexes and finds documents by search', async () => {
    await serve('search', { disks: [{ sizeMiB: 4 }] });
    const post = (path: string, body: string) =>
      run(`wget -q -O - --header 'Content-Type: application/json' --post-data '${body}' http://search:9200${path}`);
    const made = await post('/books/_doc/1', '{"title":"The Dispossessed","year":1974}');
    expect(JSON.parse(made.stdout)).toMatchObject({ _id: '1', result: 'created' });
    await post('/books/_doc/2', '{"title":"The Lathe of Heaven","year":1971}');
    const { hits } = JSON.parse((await run("wget -q -O - 'http://search:9200/books/_search?q=title:lathe'")).stdout);
    expect(hits.hits).toMatchObject([{ _id: '2', _source: { year: 1971 } }]);
    const found = await post('/books/_search', '{"query":{"match":{"title":"the dispossessed"}}}');
    expect(JSON.parse(found.stdout).hits.hits.map(({ _id }: { _id: string }) => _id)).toEqual(['1', '2']);
    expect((await run("wget -q -O - 'http://search:9200/_cat/indices?v'")).stdout).toMatch(/green +open +books .* 2 /);
    const deletion =
      "printf 'DELETE /books/_doc/1 HTTP/1.1\\r\\nHost: search\\r\\nConnection: close\\r\\n\\r\\n' | nc search 9200";
    expect((await run(deletion)).stdout).toContain('"result":"deleted"');
    expect(await run('wget -q -O - http://search:9200/books/_doc/1')).toMatchObject({ code: 1 });
  });
});
