import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerHost, ContainerNic } from '../../src/api/container-host';
import type { Digest } from '../../src/api/content-store';
import type { NetworkStatus } from '../../src/engine/networks';
import { portName } from '../../src/runtime/container/port-guard';
import {
  type ContainerLab,
  createContainerLab,
  execIn,
  hasHostPrograms,
  outcomeOf,
  plainContainer,
} from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { shell } from '../support/node-lab';

const nicOf = (number: number): ContainerNic => ({
  name: 'eth0',
  network: 'default',
  mac: `02:5e:aa:00:00:0${number}`,
  address: `10.0.9.${number}`,
  prefixLength: 16,
  mtu: 1500,
});

/** A hang guard: two cold guests on a busy machine. */
const guardMs = 300_000;

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)(
  'containers on the networks of the lab',
  { timeout: guardMs },
  () => {
    let made: ContainerLab;
    let hosts: readonly ContainerHost[];
    let busybox: readonly Digest[];

    beforeAll(async () => {
      made = await createContainerLab();
      busybox = await made.loadImage('busybox');
      await made.hosts.create({ name: 'left' });
      await made.hosts.create({ name: 'right' });
      hosts = await Promise.all(['left', 'right'].map((name) => made.hosts.open(name)));
      await Promise.all(
        hosts.map((host, index) =>
          host.run(plainContainer(`c${index}`, busybox, ['sleep', '10000'], { nics: [nicOf(index + 1)] })),
        ),
      );
    }, guardMs);
    afterAll(() => made.dispose(), guardMs);

    it('talk to each other across hosts, each with its own MAC and address', async () => {
      const [left] = hosts;
      if (!left) throw new Error('No host');
      const { code, stdout } = await execIn(left, 'c0', 'ping -c 2 -w 20 10.0.9.2 && cat /proc/net/arp');
      expect({ code, stdout }).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/10\.0\.9\.2 .*02:5e:aa:00:00:02/),
      });
      const { fdb } = await new Promise<NetworkStatus>((resolve) => {
        const listening = made.lab.networkStatus((now) => {
          queueMicrotask(() => listening.dispose());
          resolve(now);
        });
      });
      const places = new Map(fdb.map(({ mac, port }) => [mac, port]));
      expect(places.get('02:5e:aa:00:00:01')).toBe(`${left.instance}/0`);
      expect(places.get('02:5e:aa:00:00:02')).toBe(`${hosts[1]?.instance}/0`);
    });

    it('reach the host that they are on by its own address', async () => {
      const [left] = hosts;
      const record = made.lab.list().find(({ id }) => id === left?.instance);
      const address = record?.nics[0]?.address;
      expect(left && (await execIn(left, 'c0', `ping -c 1 -w 20 ${address}`))).toMatchObject({ code: 0 });
    });

    it('are guarded by rules that nft reads as they are meant', async () => {
      const [left] = hosts;
      if (!left) throw new Error('No host');
      const { stdout } = await shell(made.lab.instance(left.instance), '/bin/nft -s list table bridge strata');
      const rules = stdout.split('\n').map((line) => line.trim());
      const { bridge, mac, address } = { bridge: 'br0', ...nicOf(1) };
      const name = portName({ bridge, mac, address });
      expect(rules).toEqual(
        expect.arrayContaining([
          'iifname . ether saddr != @macs counter drop comment "port-security"',
          'ether type @vlan-types @ll,112,16 & 0xfff == 0x0 counter drop comment "vlan-0"',
          'iifname . arp saddr ether != @macs counter drop comment "arp-guard"',
          'arp saddr ip != 0.0.0.0 iifname . arp saddr ip != @addresses counter drop comment "arp-guard"',
          'ip frag-off & 8191 == 0 udp sport 67 counter drop comment "dhcp-guard"',
          'ip frag-off & 8191 == 0 udp dport 68 counter drop comment "dhcp-guard"',
          'type filter hook prerouting priority filter; policy accept;',
          'meta protocol ip6 jump claims6',
          'icmpv6 type nd-router-advert counter drop comment "ra-guard"',
          'icmpv6 type nd-redirect counter drop comment "ra-guard"',
          'udp sport 547 counter drop comment "ra-guard"',
          'udp dport 546 counter drop comment "ra-guard"',
          'iifname "veth-*" jump claims',
        ]),
      );
      expect(stdout).toContain(`"${name}" . ${mac}`);
      expect(stdout).toContain(`"${name}" . ${address}`);
      expect(stdout).toMatch(/elements = \{ 8021q,\s+8021ad \}/);
    });

    it('are on a network that was made after their host, which is put on it then', async () => {
      const [left, right] = hosts;
      if (!left || !right) throw new Error('No host');
      await made.lab.createNetwork({ name: 'blue', subnet: '10.77.0.0/24', mtu: 1500 });
      const blue = (number: number): ContainerNic => {
        return { ...nicOf(number), network: 'blue', address: `10.77.0.1${number}`, prefixLength: 24 };
      };
      await right.run(plainContainer('c3', busybox, ['sleep', '10000'], { nics: [blue(3)] }));
      const spec = plainContainer('c4', busybox, ['ping', '-c', '2', '-w', '20', '10.77.0.13'], { nics: [blue(4)] });
      expect(await outcomeOf(await left.run(spec))).toMatchObject({ code: 0 });
      expect(await execIn(left, 'c0', 'ping -c 1 -w 2 10.77.0.13')).not.toMatchObject({ code: 0 });
    });

    it('run on a host that booted and was brought its programs, on a network whose frames are too small for IPv6', async () => {
      await made.lab.createNetwork({ name: 'thin', subnet: '10.79.0.0/24', mtu: 1200 });
      // Of no size that there is a snapshot of.
      const { name } = await made.hosts.create({ name: 'thin-host', memoryMiB: 160, networks: ['thin'] });
      const host = await made.hosts.open(name);
      const nic = { ...nicOf(6), network: 'thin', address: '10.79.0.66', prefixLength: 24, mtu: 1200 };
      const [own] =
        (await shell(made.lab.instance(host.instance), 'ip -o -4 addr show dev br0')).stdout.match(/10\.79\.0\.\d+/) ??
        [];
      const spec = plainContainer('thin', busybox, ['ping', '-c', '1', '-w', '20', own ?? ''], { nics: [nic] });
      expect(await outcomeOf(await host.run(spec))).toMatchObject({ code: 0 });
      await made.lab.remove(host.instance).finished;
    });

    it('leave their NIC to another network when theirs is removed, and say when there is none left', async () => {
      const [left] = hosts;
      if (!left) throw new Error('No host');
      const run = async (name: string, third: number) => {
        await made.lab.createNetwork({ name, subnet: `10.78.${third}.0/24`, mtu: 1500 });
        const nic = { ...nicOf(5), network: name, address: `10.78.${third}.9`, prefixLength: 24 };
        return outcomeOf(await left.run(plainContainer(`on-${name}`, busybox, ['true'], { nics: [nic] })));
      };
      expect(await run('one', 1)).toMatchObject({ code: 0 });
      expect(await run('two', 2)).toMatchObject({ code: 0 });
      await expect(run('three', 3)).rejects.toMatchObject({
        code: 'FailedPrecondition',
        message: expect.stringContaining('no network interface left for the network "three"'),
      });
      await made.lab.removeNetwork('one');
      expect(await run('four', 4)).toMatchObject({ code: 0 });
    });
  },
);
