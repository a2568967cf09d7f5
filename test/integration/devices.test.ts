import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../src/api/machine';
import { createDeferred } from '../../src/base/deferred';
import { Emitter, type Event } from '../../src/base/events';
import { SlabReader } from '../../src/formats/frame-slab';
import { BlockPortClient, type BlockTarget, serveBlockPort } from '../../src/rpc/block-port';
import { type ReceivedSlab, SlabPort, windowFrames } from '../../src/rpc/slab-port';
import type { DiskBacking } from '../../src/runtime/vm/devices/machine-disk';
import { joinNics, type LabMachine, type LabMachineOptions, startLabMachine } from '../support/machine-lab';
import { createNodeLab, type NodeLab } from '../support/node-lab';

const config: MachineConfig = { memoryMiB: 64, devices: 'virtio', containerHost: false };
const mib = 1024 * 1024;

let lab: NodeLab;
const machines: LabMachine[] = [];

beforeAll(async () => {
  lab = await createNodeLab();
});
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.dispose();
});
afterAll(() => lab.dispose());

async function start(options: Partial<LabMachineOptions> & { readonly number: number }): Promise<LabMachine> {
  const { number } = options;
  const defaults = { config, start: 'restored', mac: [2, 0, 0, 0, 0, number], address: `10.0.0.${number}` } as const;
  const machine = await startLabMachine(lab.images, { ...defaults, ...options });
  machines.push(machine);
  return machine;
}

/** Resolves when `condition` holds, which is looked at each time the event fires. */
function until(event: Event<void>, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!condition()) return;
      subscription.dispose();
      resolve();
    };
    const subscription = event(look);
    look();
  });
}

/** A disk in memory behind a real block port. */
function createDisk(sizeBytes: number, faults: Partial<BlockTarget> = {}) {
  const bytes = new Uint8Array(sizeBytes);
  const counts = { reads: 0, writes: 0, flushes: 0 };
  const { port1, port2 } = new MessageChannel();
  serveBlockPort(port1, {
    read: async (offset, length) => {
      counts.reads += 1;
      return bytes.slice(offset, offset + length);
    },
    write: async (offset, written) => {
      counts.writes += 1;
      bytes.set(written, offset);
    },
    flush: async () => {
      counts.flushes += 1;
    },
    extents: async () => new Uint32Array(0),
    close: async () => {},
    ...faults,
  });
  const backing: DiskBacking = { client: new BlockPortClient(port2), sizeBytes, id: 'strata-test' };
  return { bytes, counts, backing };
}

describe('the virtio NIC', () => {
  it('moves segments from guest to guest in one piece, without losing or changing a byte', async () => {
    const [a, b] = [await start({ number: 1 }), await start({ number: 2 })];
    joinNics(a, b);
    expect((await a.shell('ping -c 3 -i 0.1 10.0.0.2')).stdout).toContain('3 packets received');

    const served = await b.shell(
      'mkdir /tmp/www && cat /bin/busybox /bin/busybox /bin/busybox > /tmp/www/file && httpd -p 80 -h /tmp/www && md5sum < /tmp/www/file',
    );
    const got = await a.shell('wget -q -O - http://10.0.0.2/file | md5sum');
    expect(got.stdout).toBe(served.stdout);

    const [card] = a.machine.nics;
    expect(card?.offload).toBe(true);
    const size = Number((await b.shell('wc -c < /tmp/www/file')).stdout);
    expect(card?.counters.rxBytes).toBeGreaterThan(size);
    // Cut to 1,448 bytes each it would be 4,400.
    expect(card?.counters.rxFrames).toBeLessThan(3_000);
    expect(card?.counters).toMatchObject({ droppedFull: 0, droppedMalformed: 0 });
  });

  it('passes nothing while it is down, and counts what it drops', async () => {
    const [a, b] = [await start({ number: 1 }), await start({ number: 2 })];
    joinNics(a, b);
    await a.shell('ping -c 1 10.0.0.2');
    const [down, up] = [a.machine.nics[0], b.machine.nics[0]];
    if (!down || !up) throw new Error('No NIC');
    down.up = false;
    const before = { down: { ...down.counters }, up: { ...up.counters } };
    expect((await a.shell('ping -c 2 -i 0.1 -W 1 10.0.0.2')).code).toBe(1);
    expect((await b.shell('ping -c 2 -i 0.1 -W 1 10.0.0.1')).code).toBe(1);
    expect(down.counters.rxFrames).toBe(before.down.rxFrames);
    expect(down.counters.txFrames).toBe(before.down.txFrames);
    expect(up.counters.rxFrames).toBe(before.up.rxFrames);
    expect(down.counters.droppedDown).toBeGreaterThanOrEqual(before.down.droppedDown + 4);
  });

  it('leaves in the ring what its port has no credit for, and loses none of it', async () => {
    const vm = await start({ number: 1 });
    const { port1, port2 } = new MessageChannel();
    const far = new SlabPort(port2);
    const [card] = vm.machine.nics;
    if (!card) throw new Error('No NIC');
    card.attach(new SlabPort(port1));
    card.up = true;
    const held: ReceivedSlab[] = [];
    const arrivals = new Emitter<void>();
    let frames = 0;
    far.received((slab) => {
      const reader = new SlabReader(slab);
      while (reader.next()) frames += 1;
      held.push(slab);
      arrivals.fire();
    });
    // 41 fragments of 1,500 bytes each, to a group that nobody answers for: 1,640 frames, more than the window.
    const pings = vm.shell('ip route add 224.0.0.0/4 dev eth0; ping -c 40 -i 0.01 -W 1 -s 60000 224.1.1.1');
    await until(arrivals.event, () => frames >= windowFrames);
    await vm.agent.ping();
    expect(frames).toBe(windowFrames);
    // The guest is told, too, once its own queue is full.
    expect((await pings).stderr).toContain('No buffer space available');
    expect(frames).toBe(windowFrames);
    far.received(() => {
      for (const slab of held.splice(0)) slab.release();
    });
    for (const slab of held.splice(0)) slab.release();
    const counted = Number((await vm.shell('cat /sys/class/net/eth0/statistics/tx_packets')).stdout);
    expect(counted).toBeGreaterThan(windowFrames);
    await until(arrivals.event, () => frames + card.counters.droppedDown >= counted);
    expect(card.counters).toMatchObject({ txFrames: frames, droppedFull: 0, droppedMalformed: 0 });
  });

  it('acknowledges only what its guest has taken', async () => {
    const vm = await start({ number: 1 });
    const { port1, port2 } = new MessageChannel();
    const far = new SlabPort(port2);
    const [card] = vm.machine.nics;
    if (!card) throw new Error('No NIC');
    card.attach(new SlabPort(port1));
    card.up = true;
    await vm.machine.pause();
    const before = card.counters.rxFrames;
    const frame = new Uint8Array(1000).fill(0xff, 0, 6);
    let sent = 0;
    while (far.send(frame)) sent += 1;
    expect(sent).toBe(windowFrames);
    const room = createDeferred<void>();
    far.drained(() => room.resolve());
    // The ring takes a slab of 256 frames; the rest waits, and the sender knows it.
    await room.promise.then(() => expect(far.pendingFrames).toBe(windowFrames - 256));
    await vm.machine.run();
    while (far.pendingFrames > 0) await vm.agent.ping();
    expect(card.counters.rxFrames - before).toBe(sent);
    expect(card.counters).toMatchObject({ droppedFull: 0, droppedMalformed: 0 });
  });

  it('lets the emulated ne2k talk to it', async () => {
    const virtio = await start({ number: 1 });
    const ne2k = await start({ number: 2, start: 'booted', config: { ...config, devices: 'emulated' } });
    joinNics(virtio, ne2k);
    expect((await virtio.shell('ping -c 3 -i 0.1 10.0.0.2')).stdout).toContain('3 packets received');
    expect(ne2k.machine.nics[0]).toMatchObject({ offload: false, mac: Uint8Array.of(2, 0, 0, 0, 0, 2) });
  });
});

describe('devices that the prepared snapshot does not know', () => {
  it('are found by a machine that was restored from it, and last over its own snapshots', async () => {
    const disk = createDisk(16 * mib);
    const larger = { ...config, nics: 4, disks: 1 };
    const first = await start({ number: 1, config: larger, disks: [disk.backing] });
    expect(first.machine.hasNewDevices).toBe(true);
    expect((await first.shell('ls /sys/class/net; cat /sys/block/vda/size /sys/block/vda/serial')).stdout).toBe(
      `bonding_masters\neth0\neth1\neth2\neth3\nlo\n${(16 * mib) / 512}\nstrata-test`,
    );
    await first.shell('mke2fs -F /dev/vda && mkdir /tmp/disk && mount -t ext4 /dev/vda /tmp/disk');
    await first.shell('echo kept > /tmp/disk/file && sync');
    expect(disk.counts.flushes).toBeGreaterThan(0);

    await first.machine.pause();
    await first.machine.disks[0]?.drain();
    const state = await first.machine.save();
    const second = await start({ number: 2, config: larger, disks: [disk.backing], start: state });
    expect(second.machine.hasNewDevices).toBe(false);
    await second.shell('echo 3 > /proc/sys/vm/drop_caches');
    expect((await second.shell('cat /tmp/disk/file')).stdout).toBe('kept\n');

    const third = await start({ number: 3, config: larger });
    joinNics(second, third, 3);
    await third.shell('ip address add 10.3.0.3/24 dev eth3 && ip link set eth3 up');
    await second.shell('ip address add 10.3.0.2/24 dev eth3 && ip link set eth3 up');
    expect((await third.shell('ping -c 3 -i 0.1 10.3.0.2')).stdout).toContain('3 packets received');
  });
});

describe('the virtio disk', () => {
  it('is there after a cold boot, and keeps what a guest wrote to its file system', async () => {
    const disk = createDisk(48 * mib);
    const vm = await start({ number: 1, start: 'booted', config: { ...config, disks: 1 }, disks: [disk.backing] });
    const written = await vm.shell(
      'mke2fs -F /dev/vda >/dev/null && mkdir /tmp/disk && mount -t ext4 /dev/vda /tmp/disk && ' +
        'cat /bin/busybox /bin/busybox > /tmp/disk/file && md5sum < /tmp/disk/file && umount /tmp/disk',
    );
    expect(written.code).toBe(0);
    const read = await vm.shell(
      'echo 3 > /proc/sys/vm/drop_caches; mount -t ext4 /dev/vda /tmp/disk && md5sum < /tmp/disk/file',
    );
    expect(read.stdout).toBe(written.stdout);
    expect(disk.counts.reads).toBeGreaterThan(4);
  });

  it('answers a flush only when its port has', async () => {
    let release = (): void => {};
    let asked = (): void => {};
    const flushAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const flush = () =>
      new Promise<void>((resolve) => {
        release = resolve;
        asked();
      });
    const disk = createDisk(mib, { flush });
    const vm = await start({ number: 1, config: { ...config, disks: 1 }, disks: [disk.backing] });
    let synced = false;
    const sync = vm.shell('echo data | dd of=/dev/vda conv=fsync 2>/dev/null').then((outcome) => {
      synced = true;
      return outcome;
    });
    await flushAsked;
    // The guest runs on, and its program still waits.
    await vm.agent.ping();
    expect(synced).toBe(false);
    expect(vm.machine.disks[0]?.inFlight).toBe(1);
    release();
    expect((await sync).code).toBe(0);
    await vm.machine.disks[0]?.drain();
  });

  it('tells the guest of an I/O error', async () => {
    const broken = createDisk(mib, {
      write: async () => {
        throw new Error('The store is full');
      },
    });
    const vm = await start({ number: 1, config: { ...config, disks: 1 }, disks: [broken.backing] });
    const outcome = await vm.shell('echo data | dd of=/dev/vda conv=fsync');
    expect(outcome.code).not.toBe(0);
    expect(outcome.stderr).toContain('Input/output error');
  });
});
