import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instance } from '../../src/api/instance';
import type { Reservation } from '../../src/api/network';
import { systemClock } from '../../src/base/clock';
import type { NetworkStatus } from '../../src/engine/networks';
import { HttpClient } from '../../src/network/gateway/http-client';
import { createGatewayLab, type GatewayLab } from '../support/gateway-lab';
import { type Outcome, shell } from '../support/node-lab';

/** Two guests on the lab's default network, whose gateway gives them addresses, names and more. */
describe('the gateway of a network', () => {
  let made: GatewayLab;
  const guests = new Map<string, { readonly instance: Instance; readonly nic: Reservation }>();

  beforeAll(async () => {
    made = await createGatewayLab();
    const { lab } = made;
    for (const name of ['web', 'other']) {
      const draft = { kind: 'vm', name, memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
      const { id } = await lab.create(draft);
      await lab.start(id).finished;
      const [nic] = lab.list().find((each) => each.id === id)?.nics ?? [];
      if (!nic) throw new Error(`${name} has no address`);
      guests.set(name, { instance: lab.instance(id), nic });
    }
    await made.until(({ kind }) => kind === 'running');
  });
  afterAll(() => made.dispose());

  const guest = (name: string) => {
    const found = guests.get(name);
    if (!found) throw new Error(`No guest ${name}`);
    return found;
  };
  const run = (name: string, command: string): Promise<Outcome> => shell(guest(name).instance, command);

  it('is told to a guest with its address, before anybody asks', async () => {
    expect((await run('other', 'ip route')).stdout).toContain('default via 10.0.0.1');
    expect((await run('other', 'nslookup web')).stdout).toContain(`Address: ${guest('web').nic.address}`);
    expect((await run('other', 'cat /etc/resolv.conf')).stdout).toBe('search default.internal\nnameserver 10.0.0.1\n');
  });

  it('gives a guest by DHCP the very address that is reserved for it, and the rest of what it needs', async () => {
    const { nic } = guest('web');
    await run('web', 'ip addr flush dev eth0');
    const begin = performance.now();
    const outcome = await run('web', 'udhcpc -n -q -i eth0');
    console.log(`udhcpc: ${Math.round(performance.now() - begin)} ms`);
    expect(outcome.stdout + outcome.stderr).toContain(`lease of ${nic.address} obtained from 10.0.0.1`);
    expect((await run('web', 'ip -4 addr show eth0')).stdout).toContain(` ${nic.address}/16 `);
    expect((await run('web', 'ip route')).stdout).toContain('default via 10.0.0.1');
    expect((await run('web', 'cat /etc/resolv.conf')).stdout).toBe('nameserver 10.0.0.1\n');
  });

  it('answers for names and addresses, and for none that there are not', async () => {
    const { nic } = guest('other');
    expect((await run('web', 'nslookup other 10.0.0.1')).stdout).toContain(`Address: ${nic.address}`);
    expect((await run('web', 'nslookup other.default.internal')).stdout).toContain(`Address: ${nic.address}`);
    expect((await run('web', `nslookup ${nic.address}`)).stdout).toContain('name = other.default.internal');
    const nobody = await run('web', 'nslookup nobody.default.internal');
    expect(nobody.code).toBe(1);
    expect(nobody.stdout).toContain('NXDOMAIN');
  });

  it('answers pings', async () => {
    expect(await run('web', 'ping -c 2 -W 20 10.0.0.1')).toMatchObject({ code: 0 });
  });

  it('tells a guest about itself at the address of the clouds', async () => {
    const { nic, instance } = guest('web');
    const get = (path: string) => run('web', `wget -q -O - http://169.254.169.254/latest/meta-data/${path}`);
    expect((await get('hostname')).stdout).toBe('web.default.internal');
    expect((await get('local-ipv4')).stdout).toBe(nic.address);
    expect((await get('mac')).stdout).toBe(nic.mac);
    expect((await get('instance-id')).stdout).toBe(`i-${instance.id}`);
    expect((await get('')).stdout.split('\n')).toContain('network/');
    expect(await get('nothing')).toMatchObject({ code: 1 });
    // Where a route says that the address is near, it answers to ARP.
    await run('web', 'ip route add 169.254.0.0/16 dev eth0');
    expect((await get('hostname')).stdout).toBe('web.default.internal');
  });

  it('connects the page with a guest’s port', async () => {
    const { nic } = guest('web');
    await run('web', 'mkdir -p /tmp/www && echo from-the-guest > /tmp/www/index.html && httpd -p 8080 -h /tmp/www');
    const { readable, writable } = await made.lab.connect('default', { address: nic.address, port: 8080 });
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n'));
    expect(await new Response(readable).text()).toMatch(/^HTTP\/1\.[01] 200 OK\r\n[\s\S]*from-the-guest\n$/);
    await writer.close();
  });

  it('serves the page’s requests from a guest’s port', async () => {
    const { nic } = guest('web');
    const to = { address: nic.address, port: 8080 };
    const client = new HttpClient({ connect: () => made.lab.connect('default', to), clock: systemClock });
    const headers = [
      ['Host', 'web:8080'],
      ['Range', 'bytes=0-3'],
    ] as const;
    const took: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const begin = performance.now();
      const answer = await client.request({ method: 'GET', target: '/index.html', headers });
      expect(answer.status).toBe(206);
      expect(await new Response(answer.body).text()).toBe('from');
      took.push(performance.now() - begin);
    }
    console.log(`A request to busybox httpd: ${took.map(Math.round).join(', ')} ms`);
    client.dispose();
  });

  it('moves megabytes both ways, every byte in its place', async () => {
    const { nic } = guest('web');
    await run('web', 'setsid nc -l -p 7000 -e cat > /dev/null 2>&1 < /dev/null &');
    const { readable, writable } = await connectSoon(nic.address, 7000);
    const bytes = 2_000_000;
    const sending = (async () => {
      const writer = writable.getWriter();
      for (let at = 0; at < bytes; at += 50_000) await writer.write(pattern(at, 50_000));
      await writer.close();
    })();
    let got = 0;
    for await (const chunk of readable) {
      expect(Buffer.compare(chunk, pattern(got, chunk.length))).toBe(0);
      got += chunk.length;
    }
    await sending;
    expect(got).toBe(bytes);
  });

  it('says why it cannot connect', async () => {
    const { nic } = guest('web');
    const to = (address: string) => made.lab.connect('default', { address, port: 9 });
    await expect(to(nic.address)).rejects.toMatchObject({ code: 'Unavailable', details: { reason: 'refused' } });
    await expect(to('192.0.2.1')).rejects.toMatchObject({ code: 'Unavailable', details: { reason: 'unreachable' } });
    await expect(to('nowhere')).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(made.lab.connect('none', { address: nic.address, port: 9 })).rejects.toMatchObject({
      code: 'NotFound',
    });
  });

  it('lets no guest claim its address', async () => {
    // The guest asks for its neighbour from the gateway's address.
    await run(
      'other',
      'ip addr add 10.0.0.1/32 dev eth0; ping -c 1 -W 1 -I 10.0.0.1 10.0.0.99; ip addr del 10.0.0.1/32 dev eth0',
    );
    const { ports } = await new Promise<NetworkStatus>((resolve) => {
      const listener = made.lab.networkStatus((status) => {
        listener.dispose();
        resolve(status);
      });
    });
    const drops = ports.find(({ label }) => label === 'other eth0')?.counters.drops;
    expect(drops?.['arp-guard']).toBeGreaterThan(0);
    expect(ports.find(({ label }) => label === 'gateway')?.counters.drops).toMatchObject({ 'arp-guard': 0 });
  });

  it('gives a stranger an address of the pool, remembers it, and takes it back', async () => {
    const stranger = '02:00:00:00:99:99';
    await run('other', `ip addr flush dev eth0; ip link set eth0 address ${stranger}`);
    const first = await run('other', 'udhcpc -n -q -i eth0');
    expect(first.stdout + first.stderr).toContain('lease of 10.0.255.254 obtained');
    const leases = await made.stores.records.list('leases');
    expect(leases).toMatchObject([{ key: 'default/10.0.255.254', value: { mac: stranger, network: 'default' } }]);
    // It is nobody's to reserve now.
    const draft = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
    const nics = [{ network: 'default', address: '10.0.255.254' }];
    await expect(made.lab.create({ ...draft, name: 'late', nics })).rejects.toMatchObject({ code: 'AlreadyExists' });
    made.kill('gateways');
    await made.until(({ kind }) => kind === 'running');
    const again = await run('other', 'udhcpc -n -q -i eth0');
    expect(again.stdout + again.stderr).toContain('lease of 10.0.255.254 obtained');
    const { mac } = guest('other').nic;
    await run('other', `ip addr flush dev eth0; ip link set eth0 address ${mac}; udhcpc -n -q -i eth0`);
  });

  it('answers again after its worker was killed, and after the switch was', async () => {
    made.kill('gateways');
    await made.until(({ kind }) => kind === 'running');
    expect(await run('web', 'ping -c 1 -W 20 10.0.0.1')).toMatchObject({ code: 0 });
    made.kill('switch');
    expect(
      await run('web', 'for i in 1 2 3 4 5 6 7 8 9; do ping -c 1 -W 2 10.0.0.1 && exit 0; done; exit 1'),
    ).toMatchObject({
      code: 0,
    });
    expect((await run('web', 'nslookup other 10.0.0.1')).stdout).toContain(guest('other').nic.address);
  });

  async function connectSoon(address: string, port: number) {
    for (;;) {
      try {
        return await made.lab.connect('default', { address, port });
      } catch (error) {
        // The listener is not there yet.
        if ((error as { details?: { reason?: string } }).details?.reason !== 'refused') throw error;
      }
    }
  }
});

function pattern(start: number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => ((start + index) * 31) % 251);
}
