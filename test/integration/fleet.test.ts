import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StateLayer } from '../../src/api/machine';
import { digestOf } from '../../src/formats/digest';
import type { VmInstance } from '../../src/runtime/vm/vm-instance';
import { clockError, createNodeLab, type NodeLab, shell, smallVm } from '../support/node-lab';
import { NodeWire, type Station } from '../support/node-wire';

/** One machine, saved, and three clones of it on one wire. */
describe('clones of one state', () => {
  let lab: NodeLab;
  let wire: NodeWire;
  const stations = new Map<string, Station>();
  const vms = new Map<string, VmInstance>();
  const names = ['clone-1', 'clone-2', 'clone-3'];

  beforeAll(async () => {
    lab = await createNodeLab();
    wire = new NodeWire();
    for (const name of ['original', ...names]) stations.set(name, wire.station(name));
    const make = (name: string): VmInstance => {
      const vm = lab.driver.create({ ...smallVm, name }, stations.get(name)?.resources);
      vms.set(name, vm);
      return vm;
    };
    const original = make('original');
    await original.start();
    await shell(original, 'echo inherited > /tmp/file');
    const prepared = await lab.images.loadSnapshot({ memoryMiB: 64, devices: 'virtio', containerHost: false });
    const parent = prepared.layers.map(({ bytes }) => bytes.slice(0));
    const saved = await original.checkpoint({ parent, freezeDisks: async () => [] });
    const layers: StateLayer[] = [
      ...prepared.layers,
      { digest: await digestOf(new Uint8Array(saved.layer)), bytes: saved.layer },
    ];
    const copy = () => layers.map(({ digest, bytes }) => ({ digest, bytes: bytes.slice(0) }));
    await Promise.all(
      names.map((name) => make(name).restore({ config: saved.config, layers: copy(), continued: false })),
    );
  });
  afterAll(() => lab.dispose());

  const vm = (name: string): VmInstance => {
    const found = vms.get(name);
    if (!found) throw new Error(`No machine ${name}`);
    return found;
  };

  it('have memory of one, and names, addresses, time and randomness of their own', async () => {
    const seen = new Set<string>();
    for (const name of names) {
      expect((await shell(vm(name), 'cat /tmp/file; hostname; cat /etc/hostname')).stdout).toBe(
        `inherited\n${name}\n${name}\n`,
      );
      const { mac, address } = stations.get(name) as Station;
      expect((await shell(vm(name), 'cat /sys/class/net/eth0/address')).stdout).toBe(`${mac}\n`);
      expect((await shell(vm(name), 'ip -4 addr show eth0')).stdout).toContain(` ${address}/24 `);
      expect(await clockError(vm(name))).toBeLessThan(1);
      seen.add((await shell(vm(name), 'head -c 16 /dev/urandom | md5sum')).stdout);
    }
    expect(seen.size).toBe(names.length);
  });

  it('all reach each other by name', async () => {
    const all = [...vms.keys()];
    for (const from of all) {
      for (const to of all) {
        if (from === to) continue;
        expect(await shell(vm(from), `ping -c 1 -W 20 ${to}`)).toMatchObject({ code: 0 });
      }
    }
  });

  it('never sent a frame with an address that is not theirs', () => {
    // Port security and the ARP guard are on at each port.
    for (const { counters } of wire.ports()) {
      expect(counters.drops).toMatchObject({ 'port-security': 0, 'arp-guard': 0 });
    }
  });

  it('learn of a new neighbour while they run, and of a new name', async () => {
    const late = wire.station('latecomer');
    stations.set('latecomer', late);
    const original = vm('original');
    // What somebody has set up in the guest stays.
    await shell(original, 'ip addr add 192.168.77.1/24 dev eth0');
    await original.updateHosts();
    const latecomer = lab.driver.create({ ...smallVm, name: 'latecomer' }, late.resources);
    await latecomer.start();
    expect(await shell(original, 'ping -c 1 -W 20 latecomer')).toMatchObject({ code: 0 });
    expect((await shell(original, 'ip -4 addr show eth0')).stdout).toContain('192.168.77.1/24');
    await original.rename('renamed');
    expect(original.spec.name).toBe('renamed');
    expect((await shell(original, 'hostname; cat /etc/hostname')).stdout).toBe('renamed\nrenamed\n');
    await expect(original.rename('No name')).rejects.toMatchObject({ code: 'InvalidArgument' });
    await latecomer.pause();
    await latecomer.rename('sleeper');
    await latecomer.resume();
    expect((await shell(latecomer, 'hostname')).stdout).toBe('sleeper\n');
  });
});

describe('a machine with two NICs and a disk', () => {
  it('starts from the prepared snapshot, which has neither', async () => {
    const lab = await createNodeLab();
    const wire = new NodeWire();
    try {
      const { id } = await wire.disks.create({ sizeMiB: 16 });
      const network = { network: 'net' };
      const spec = { ...smallVm, nics: [network, network], disks: [{ sizeMiB: 16 }] };
      const router = lab.driver.create(
        { ...spec, name: 'router' },
        wire.station('router', { nics: 2, disks: [id] }).resources,
      );
      const peer = lab.driver.create(
        { ...smallVm, name: 'peer', nics: [network, network] },
        wire.station('peer', { nics: 2 }).resources,
      );
      await Promise.all([router.start(), peer.start()]);
      expect(router.startMethod).toBe('restored');
      for (const subnet of [1, 2]) {
        expect(await shell(router, `ping -c 1 -W 20 10.${subnet}.0.3`)).toMatchObject({ code: 0 });
      }
      expect((await shell(router, 'cat /sys/block/vda/size')).stdout).toBe('32768\n');
      await router.migrate();
      expect(await shell(router, 'ping -c 1 -W 20 10.2.0.3')).toMatchObject({ code: 0 });
      const saved = await router.checkpoint({ parent: [], freezeDisks: () => wire.freeze([id]) });
      expect(saved.config.machine).toMatchObject({ nics: 2, disks: 1 });
      const digest = await digestOf(new Uint8Array(saved.layer));
      await router.kill();
      await router.restore({ config: saved.config, layers: [{ digest, bytes: saved.layer }], continued: false });
      expect(await shell(router, 'ping -c 1 -W 20 10.2.0.3')).toMatchObject({ code: 0 });
    } finally {
      await lab.dispose();
    }
  });
});
