import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerCreateBody } from '../../src/api/container';
import type { LabContainerHosts } from '../../src/engine/container-hosts';
import type { LabContainers } from '../../src/engine/containers/engine';
import { hostLabel } from '../../src/engine/containers/placement';
import type { NetworkStatus } from '../../src/engine/networks';
import { hasHostPrograms } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { createEngineLab, type EngineLab } from '../support/engine-lab';
import { textOf } from '../support/output-text';
import { portDrops } from '../support/port-drops';

/** A hang guard: two cold guests on a busy machine. */
const guardMs = 300_000;

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)(
  'containers on two hosts, their networks and their volumes',
  { timeout: guardMs },
  () => {
    let made: EngineLab;
    let engine: LabContainers;

    beforeAll(async () => {
      made = await createEngineLab();
      ({ engine } = made);
      const hosts = engine.hosts as LabContainerHosts;
      for (const name of ['left', 'right']) await hosts.create({ name });
    }, guardMs);
    afterAll(async () => {
      await made?.lab.close();
      await made?.dispose();
    }, guardMs);
    afterEach(async () => {
      for (const { Id } of await engine.containers.list({ all: true })) {
        await engine.containers.remove(Id, { force: true });
      }
    }, guardMs);

    const on = (host: string) => ({ Labels: { [hostLabel]: host } });

    async function run(command: string, more: Partial<ContainerCreateBody> = {}): Promise<string> {
      const { Id } = await engine.containers.create({ Image: 'busybox', Cmd: ['sh', '-c', command], ...more });
      const { output } = await engine.containers.attach(Id, { stream: true, stdout: true, stderr: true });
      await engine.containers.start(Id);
      return textOf(output);
    }

    async function sleeper(name: string, more: Partial<ContainerCreateBody> = {}): Promise<string> {
      const body = { Image: 'busybox', Cmd: ['sleep', '10000'], StopSignal: 'SIGKILL', ...more };
      const { Id } = await engine.containers.create(body, { name });
      await engine.containers.start(Id);
      return Id;
    }

    async function exec(container: string, command: string): Promise<string> {
      const { Id } = await engine.execs.create(container, {
        Cmd: ['sh', '-c', command],
        AttachStdout: true,
        AttachStderr: true,
      });
      return textOf((await engine.execs.start(Id, { detach: false })).output);
    }

    const endpoint = async (name: string, network: string) =>
      (await engine.containers.inspect(name)).NetworkSettings.Networks[network];

    const hostOf = (name: string): string => engine.hosts.hosts.find((each) => each.name === name)?.instance ?? '';

    /** A script of the host's own root. */
    async function onHost(host: string, script: string): Promise<string> {
      const process = await made.lab.instance(hostOf(host)).exec({ argv: ['/bin/sh', '-c', script] });
      return new Response(process.stdout).text();
    }

    it('join a network while they run, by an alias and at an address, and leave it', async () => {
      await engine.networks.create({ Name: 'back', IPAM: { Config: [{ Subnet: '172.31.0.0/24' }] } });
      await sleeper('store', { ...on('left'), HostConfig: { NetworkMode: 'back' } });
      const store = await endpoint('store', 'back');
      await sleeper('web', on('right'));
      expect(await exec('web', `ping -c 1 -w 1 ${store?.IPAddress} > /dev/null || echo away`)).toContain('away');
      await engine.networks.connect('back', {
        Container: 'web',
        EndpointConfig: { Aliases: ['front'], IPAMConfig: { IPv4Address: '172.31.0.77' } },
      });
      expect(await exec('web', `ping -c 1 -w 30 ${store?.IPAddress} > /dev/null && echo there`)).toBe('there\n');
      expect(await exec('web', 'ip -o -4 addr show eth1 | grep -o "172[0-9./]*" | head -1')).toBe('172.31.0.77/24\n');
      expect(engine.namesOn('back')).toContainEqual(expect.objectContaining({ name: 'front', address: '172.31.0.77' }));
      expect(await endpoint('web', 'back')).toMatchObject({ IPAddress: '172.31.0.77', Aliases: ['front'] });
      await engine.networks.disconnect('back', 'web');
      expect(await exec('web', 'ls /sys/class/net | grep eth')).toBe('eth0\n');
      expect(await endpoint('web', 'back')).toBeUndefined();
      await engine.networks.connect('back', { Container: 'web' });
      expect(await exec('web', `ping -c 1 -w 30 ${store?.IPAddress} > /dev/null && echo again`)).toBe('again\n');
      await expect(engine.networks.connect('back', { Container: 'web' })).rejects.toThrow('already exists in network');
    });

    it('leave their first network for the next one, and one whose interface they have taken away themselves', async () => {
      const { Id: network } = await engine.networks.create({
        Name: 'next',
        IPAM: { Config: [{ Subnet: '172.30.0.0/24' }] },
      });
      await sleeper('mover', { ...on('left'), HostConfig: { CapAdd: ['NET_ADMIN'] } });
      await engine.networks.connect('next', { Container: 'mover' });
      const way = 'ip route show default | grep -o "via [0-9.]*"';
      expect(await exec('mover', way)).toBe('via 10.0.0.1\n');
      await engine.networks.disconnect('bridge', 'mover');
      expect(await exec('mover', way)).toBe('via 172.30.0.1\n');
      expect(await exec('mover', 'grep nameserver /etc/resolv.conf')).toBe('nameserver 172.30.0.1\n');
      await exec('mover', 'ip link del eth1');
      await engine.networks.disconnect('next', 'mover');
      expect(await endpoint('mover', 'next')).toBeUndefined();
      await engine.containers.remove('mover', { force: true });
      await engine.networks.remove(network);
    });

    it.each(['left', 'right'])(
      'cannot take the MAC or the address of a container on left, being on %s',
      async (host) => {
        await sleeper('victim', on('left'));
        await sleeper('peer', on('left'));
        await sleeper('thief', { ...on(host), HostConfig: { CapAdd: ['NET_ADMIN'] } });
        const { IPAddress: address, MacAddress: mac = '' } = (await endpoint('victim', 'bridge')) ?? {};
        const { IPAddress: server, MacAddress: serverMac } = (await endpoint('thief', 'bridge')) ?? {};
        const attack = async (script: string, reason: string): Promise<void> => {
          const before = (await portDrops(made.lab, hostOf(host)))[reason] ?? 0;
          await exec('thief', script);
          expect((await portDrops(made.lab, hostOf(host)))[reason], script).toBeGreaterThan(before);
        };
        // The peer believes whatever comes to it.
        expect(await exec('peer', `ping -c 1 -w 30 ${address} > /dev/null && echo there`)).toBe('there\n');
        await attack(`ip addr add ${address}/16 dev eth0; arping -c 2 -A -I eth0 ${address}`, 'arp-guard');
        const tagged = 'ip link add link eth0 name tagged type vlan id 0; ip link set tagged up';
        await attack(`${tagged}; arping -c 2 -A -I tagged ${address}; ip link del tagged`, 'vlan-0');
        await exec('thief', `ip addr del ${address}/16 dev eth0`);
        await attack(
          `ip link set eth0 down; ip link set eth0 address ${mac}; ip link set eth0 up; arping -c 2 -A -I eth0 ${server}`,
          'port-security',
        );
        expect(await exec('peer', `ping -c 1 -w 30 ${address} > /dev/null && echo still`)).toBe('still\n');
        expect(await exec('peer', `grep "^${address} " /proc/net/arp`)).toContain(mac);
        await exec('thief', `ip link set eth0 down; ip link set eth0 address ${serverMac}; ip link set eth0 up`);
        expect(await exec('peer', `ping -c 1 -w 30 ${server} > /dev/null && echo itself`)).toBe('itself\n');
      },
    );

    it('cannot be robbed of their MAC or their address by the root of another host', async () => {
      await sleeper('victim', on('left'));
      const victim = await endpoint('victim', 'bridge');
      await sleeper('witness', on('right'));
      const drops = async (reason: 'port-security' | 'arp-guard'): Promise<number> => {
        const port = `${hostOf('right')}/0`;
        const { ports } = await new Promise<NetworkStatus>((resolve) => {
          const listening = made.lab.networkStatus((now) => {
            queueMicrotask(() => listening.dispose());
            resolve(now);
          });
        });
        return ports.find(({ id }) => id === port)?.counters.drops[reason] ?? 0;
      };
      const stolen = (what: string, peer: string) => `
        /bin/ip link add thief0 type veth peer name thief1 ${peer}
        /bin/ip link set thief0 master br0 up
        /bin/ip link set thief1 up
        /bin/ip addr add ${what}/16 dev thief1
        arping -c 2 -A -I thief1 ${what}
        /bin/ip link del thief0`;
      const claims = await drops('arp-guard');
      await onHost('right', stolen(victim?.IPAddress ?? '', ''));
      expect(await drops('arp-guard')).toBeGreaterThan(claims);
      const frames = await drops('port-security');
      await onHost('right', stolen('10.0.200.1', `address ${victim?.MacAddress}`));
      expect(await drops('port-security')).toBeGreaterThan(frames);
      expect(
        await exec(
          'victim',
          `ping -c 1 -w 30 ${(await endpoint('witness', 'bridge'))?.IPAddress} > /dev/null && echo there`,
        ),
      ).toBe('there\n');
    });

    it('have the host’s network where they ask for it, and join no other then', async () => {
      const name = await sleeper('inside', { ...on('left'), HostConfig: { NetworkMode: 'host' } });
      const left = made.lab.list().find((each) => each.name === 'left');
      expect(await exec(name, 'ip -o -4 addr show br0')).toContain(`${left?.nics[0]?.address}/16`);
      expect(await exec(name, 'hostname')).toBe('left\n');
      expect(await exec(name, 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).toBe('1024\n');
      await expect(engine.networks.connect('bridge', { Container: name })).rejects.toThrow(
        'container sharing network namespace with another container or host cannot be connected to any other network',
      );
    });

    it('let anybody inside listen on any port and send pings', async () => {
      const listens =
        '(echo heard | nc -l -p 80 || kill $$) & until nc 127.0.0.1 80 2> /dev/null; do :; done; cat /proc/sys/net/ipv4/ping_group_range';
      const HostConfig = { CapDrop: ['ALL'] };
      expect(await run(listens, { User: '1000', HostConfig })).toBe('heard\n0\t2147483647\n');
      const Sysctls = { 'net.ipv4.ip_unprivileged_port_start': '1024' };
      expect(await run('nc -l -p 80', { User: '1000', HostConfig: { ...HostConfig, Sysctls } })).toMatch(
        /Permission denied/,
      );
    });

    it('find their volume where they are, moved there when nobody uses it', async () => {
      const HostConfig = { Binds: ['kept:/data'] };
      await run('echo moved > /data/file; ln -s file /data/link; chmod 600 /data/file', { ...on('left'), HostConfig });
      expect(await engine.volumes.inspect('kept')).toMatchObject({ Status: { Host: 'left' } });
      // Where nobody says, a container goes to its volume.
      expect(await run('cat /data/link', { HostConfig })).toBe('moved\n');
      expect(await engine.volumes.inspect('kept')).toMatchObject({ Status: { Host: 'left' } });
      expect(await run('cat /data/link; stat -c %a /data/file', { ...on('right'), HostConfig })).toBe('moved\n600\n');
      expect(await engine.volumes.inspect('kept')).toMatchObject({ Status: { Host: 'right' } });
      await sleeper('user', { HostConfig });
      await expect(run('true', { ...on('left'), HostConfig })).rejects.toMatchObject({
        code: 'FailedPrecondition',
        message: 'The volume kept is used by container user on host right: stop it, or run this one there',
      });
      expect(await exec('user', 'cat /data/file')).toBe('moved\n');
    });
  },
);
