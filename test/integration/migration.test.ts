import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SandboxError } from '../../src/base/errors';
import type { SpawnWorker } from '../../src/rpc/worker-handle';
import type { VmInstance } from '../../src/runtime/vm/vm-instance';
import { ConsoleReader, clockError, createNodeLab, type NodeLab, shell, smallVm, threads } from '../support/node-lab';
import { NodeWire, type Station } from '../support/node-wire';

let lab: NodeLab;
let wire: NodeWire;
beforeEach(async () => {
  lab = await createNodeLab();
  wire = new NodeWire();
});
afterEach(() => lab.dispose());

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function start(name: string, station: Station = wire.station(name)): Promise<VmInstance> {
  const vm = lab.driver.create({ ...smallVm, name }, station.resources);
  await vm.start();
  return vm;
}

describe('a machine that moves to another worker', () => {
  it('keeps its memory, its programs with their streams, its console and its time', async () => {
    const vm = await start('mover');
    await shell(vm, 'echo kept > /tmp/file');
    const cat = await vm.exec({ argv: ['cat'] });
    const [input, output] = [cat.stdin.getWriter(), cat.stdout.getReader()];
    await input.write(encode('before'));
    expect((await output.read()).value).toEqual(encode('before'));
    const console = new ConsoleReader(vm);
    console.type('first=$((40 + 2))\n');
    const counter = await vm.exec({ argv: ['/bin/sh', '-c', 'for i in $(seq 1 300); do echo $i; usleep 5000; done'] });
    const counted = new Response(counter.stdout).text();
    const { origin } = vm;

    const { downtimeMs } = await vm.migrate();

    expect(downtimeMs).toBeGreaterThan(0);
    expect(vm.state.phase).toBe('running');
    expect(vm.origin).toEqual(origin);
    expect(lab.supervisor.count).toBe(1);
    expect((await shell(vm, 'cat /tmp/file; hostname')).stdout).toBe('kept\nmover\n');
    await input.write(encode('after'));
    expect((await output.read()).value).toEqual(encode('after'));
    await input.close();
    expect(await cat.exited).toBe(0);
    expect(await counted).toBe(Array.from({ length: 300 }, (_, index) => `${index + 1}\n`).join(''));
    console.type('echo the sum is $((first + 1))\n');
    await console.until('the sum is 43');
    console.dispose();
    expect(await clockError(vm)).toBeLessThan(1);
  });

  it('keeps its connections: a transfer over TCP goes on through three moves', async () => {
    const [server, client] = [await start('server'), await start('client')];
    const megabytes = 12;
    await shell(server, `mkdir /tmp/www && dd if=/dev/urandom of=/tmp/www/data bs=1M count=${megabytes} 2>/dev/null`);
    await shell(server, 'httpd -p 80 -h /tmp/www');
    const sum = (await shell(server, 'md5sum < /tmp/www/data')).stdout;
    const got = shell(client, `wget -q -O - http://server/data | tee /tmp/got | md5sum`);
    const arrived = async () => Number((await shell(client, 'stat -c %s /tmp/got 2>/dev/null || echo 0')).stdout);
    while ((await arrived()) === 0) await client.ping();
    const drops = () => wire.ports().map(({ label, up, counters }) => [label, up, counters.drops]);
    const before = drops();
    await server.migrate();
    await client.migrate();
    const atThirdMove = await arrived();
    await Promise.all([server.migrate(), client.migrate()]);
    expect(await got).toMatchObject({ code: 0, stdout: sum });
    expect(await arrived()).toBe(megabytes << 20);
    expect(atThirdMove).toBeGreaterThan(0);
    // Nobody noticed anything but that it took a while.
    expect(drops()).toEqual(before);
  });

  it('keeps its disks, and what was written there', async () => {
    const { id } = await wire.disks.create({ sizeMiB: 16 });
    const { resources } = wire.station('mover', { disks: [id] });
    const vm = lab.driver.create({ ...smallVm, name: 'mover', disks: [{ sizeMiB: 16 }] }, resources);
    await vm.start();
    const writing = shell(
      vm,
      'dd if=/dev/urandom of=/tmp/data bs=1M count=8 2>/dev/null; dd if=/tmp/data of=/dev/vda bs=64k conv=fsync 2>/dev/null',
    );
    await vm.migrate();
    expect(await writing).toMatchObject({ code: 0 });
    await vm.migrate();
    await shell(vm, 'echo 3 > /proc/sys/vm/drop_caches');
    expect((await shell(vm, 'head -c 8388608 /dev/vda | cmp - /tmp/data && echo same')).stdout).toBe('same\n');
    await vm.kill();
    await vm.start();
  });

  it('answers what was asked on the way', async () => {
    const vm = await start('mover');
    const moving = vm.migrate();
    const asked = await Promise.all([vm.stats(), vm.ping(), shell(vm, 'echo asked')]);
    await moving;
    expect(asked[0].memory.total).toBeGreaterThan(0);
    expect(asked[2].stdout).toBe('asked\n');
  });
});

/** Wraps a worker's port so that the call of that name ends the worker instead. */
function dyingAt(method: string, spawn: SpawnWorker): SpawnWorker {
  return (name) => {
    const handle = spawn(name);
    const post = handle.port.postMessage.bind(handle.port) as (message: unknown, transfer?: Transferable[]) => void;
    const dying = (message: { path?: readonly string[] }, transfer?: Transferable[]): void => {
      post(message, transfer);
      if (message.path?.[0] === method) handle.terminate();
    };
    handle.port.postMessage = dying as typeof handle.port.postMessage;
    return handle;
  };
}

describe('when the new worker dies', () => {
  it.each(['prepare', 'receive', 'load', 'adopt'])('at "%s", the machine goes on where it was', async (method) => {
    await lab.dispose();
    lab = await createNodeLab({ spawnOn: () => dyingAt(method, threads) });
    const vm = await start('mover');
    const neighbour = await start('neighbour');
    await shell(vm, 'echo kept > /tmp/file');
    await expect(vm.migrate('elsewhere')).rejects.toMatchObject({ name: 'SandboxError' });
    expect(vm.state.phase).toBe('running');
    expect((await shell(vm, 'cat /tmp/file')).stdout).toBe('kept\n');
    expect((await shell(neighbour, 'ping -c 1 -W 10 mover')).code).toBe(0);
    expect(lab.supervisor.count).toBe(2);
    await vm.migrate();
    expect((await shell(vm, 'cat /tmp/file')).stdout).toBe('kept\n');
  });

  it('after it has taken over, the instance fails', async () => {
    await lab.dispose();
    lab = await createNodeLab({ spawnOn: () => dyingAt('go', threads) });
    const vm = await start('mover');
    await expect(vm.migrate('elsewhere')).rejects.toMatchObject({ name: 'SandboxError' });
    expect(vm.state.phase).toBe('failed');
    expect(wire.ports()).toEqual([]);
    await vm.start();
  });

  it('and when the old one dies first, the instance fails and no worker is left', async () => {
    await lab.dispose();
    lab = await createNodeLab({ spawnOn: () => threads });
    const vm = await start('mover');
    const moving = vm.migrate('elsewhere');
    lab.endWorker('vm-1');
    await expect(moving).rejects.toMatchObject({ name: 'SandboxError' });
    expect(vm.state.phase).toBe('failed');
    expect(lab.supervisor.count).toBe(0);
  });

  it('ends with the instance when that is killed on the way', async () => {
    const vm = await start('mover');
    const program = await vm.exec({ argv: ['sleep', '1000'] });
    const moving = vm.migrate();
    await vm.kill();
    await expect(moving).rejects.toMatchObject({ name: 'SandboxError' });
    await expect(program.exited).rejects.toMatchObject({ code: 'Aborted' });
    expect(vm.state.phase).toBe('stopped');
    expect(lab.supervisor.count).toBe(0);
    expect(wire.ports()).toEqual([]);
  });
});

describe('another host', () => {
  it('gets the machine, and compiles the emulator itself', async () => {
    await lab.dispose();
    const hosts: string[] = [];
    lab = await createNodeLab({
      spawnOn(host) {
        if (host !== 'tab-2') throw new SandboxError('NotFound', `No such host: ${host}`);
        return (name) => {
          hosts.push(`${host} ${name}`);
          return threads(name);
        };
      },
    });
    const vm = await start('mover');
    await vm.migrate('tab-2');
    expect(hosts).toEqual(['tab-2 vm-2']);
    expect((await shell(vm, 'echo here')).stdout).toBe('here\n');
    await expect(vm.migrate('tab-3')).rejects.toMatchObject({ code: 'NotFound' });
    expect((await shell(vm, 'echo still here')).stdout).toBe('still here\n');
  });

  it('is refused when there is none', async () => {
    const vm = await start('mover');
    await expect(vm.migrate('tab-2')).rejects.toMatchObject({ code: 'Unimplemented' });
    expect((await shell(vm, 'echo here')).stdout).toBe('here\n');
  });
});
