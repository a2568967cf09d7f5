import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { InstanceState, VmSpec } from '../../src/api/instance';
import type { VmInstance } from '../../src/runtime/vm/vm-instance';
import { ConsoleReader, createNodeLab, type NodeLab, oneProcess, shell, smallVm, threads } from '../support/node-lab';

describe.each([
  ['in a thread of its own', threads],
  ['in this process', oneProcess],
])('a vm %s', (_where, spawn) => {
  let lab: NodeLab;
  let vm: VmInstance;
  beforeAll(async () => {
    lab = await createNodeLab({ spawn });
    vm = lab.driver.create(smallVm);
    await vm.start();
  });
  afterAll(async () => {
    await vm.dispose();
    await lab.dispose();
  });

  it('starts from its snapshot and knows its own name and time', async () => {
    expect(vm.state.phase).toBe('running');
    expect(vm.startMethod).toBe('restored');
    expect((await shell(vm, 'hostname')).stdout).toBe('test\n');
    const seconds = Number((await shell(vm, 'date +%s')).stdout);
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(3);
  });

  it('answers at the console', async () => {
    const console = new ConsoleReader(vm);
    console.type('echo the answer is $((6 * 7))\n');
    await console.until('the answer is 42');
    console.dispose();
  });

  it('shows what the console printed before to who attaches later', async () => {
    const later = new ConsoleReader(vm);
    await later.until('the answer is 42');
    later.dispose();
  });

  it('tells the guest the size of the console', async () => {
    const console = new ConsoleReader(vm);
    const attachment = vm.attachConsole(() => {});
    attachment.resize({ columns: 101, rows: 37 });
    console.type('stty size\n');
    await console.until('37 101');
    attachment.dispose();
    console.dispose();
  });

  it('reports how programs end', async () => {
    expect(await shell(vm, 'echo out; echo err >&2; exit 3')).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' });
    expect((await shell(vm, 'kill -9 $$')).code).toBe(137);
    const missing = await vm.exec({ argv: ['/no/such/program'] });
    expect(await missing.exited).toBe(127);
  });

  it('reads statistics that grow', async () => {
    const before = await vm.stats();
    await shell(vm, 'i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done');
    const after = await vm.stats();
    expect(after.cpuMicros).toBeGreaterThan(before.cpuMicros);
    expect(after.memory.total).toBeGreaterThan(32 * 1024 * 1024);
    expect(after.memory.total).toBeLessThan(64 * 1024 * 1024);
    expect(after.processes).toBeGreaterThan(1);
  });

  it('stands still while paused and goes on with the right time', async () => {
    await vm.pause();
    await expect(vm.exec({ argv: ['true'] })).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await vm.resume();
    expect((await shell(vm, 'echo awake')).stdout).toBe('awake\n');
  });

  it('copies files in and out as tar streams', async () => {
    await shell(vm, 'mkdir -p /tmp/from /tmp/to && seq 1 20000 > /tmp/from/numbers && ln -s numbers /tmp/from/link');
    await vm.copyIn('/tmp/to', await vm.copyOut('/tmp/from'));
    expect(await shell(vm, 'cmp /tmp/from/numbers /tmp/to/from/numbers && readlink /tmp/to/from/link')).toMatchObject({
      code: 0,
      stdout: 'numbers\n',
    });
  });

  it('resets by a cold boot, and keeps the scrollback', async () => {
    await shell(vm, 'echo gone > /tmp/file');
    await vm.reset();
    expect(vm.startMethod).toBe('cold-boot');
    expect((await shell(vm, 'ls /tmp/file')).code).not.toBe(0);
    const console = new ConsoleReader(vm);
    await console.until('the answer is 42');
    console.dispose();
  });

  it('stops in an orderly way and starts again', async () => {
    const exit = await vm.stop(30_000);
    expect(exit).toEqual({ code: 0, reason: 'Powered off' });
    await vm.start();
    expect(vm.state.phase).toBe('running');
  });

  it('stops when the guest powers itself off', async () => {
    const ended = nextState(vm, 'stopped');
    await vm.exec({ argv: ['poweroff'] });
    expect((await ended).exit).toEqual({ code: 0, reason: 'Powered off' });
    await vm.start();
  });

  it('boots again when the guest restarts itself', async () => {
    const running = nextState(vm, 'starting').then(() => nextState(vm, 'running'));
    await vm.exec({ argv: ['reboot'] });
    await running;
    expect(vm.startMethod).toBe('cold-boot');
  });

  it('fails with the reason when the kernel panics', async () => {
    const failed = nextState(vm, 'failed');
    await vm.exec({ argv: ['/bin/sh', '-c', 'echo c > /proc/sysrq-trigger'] });
    expect((await failed).error?.message).toMatch(/kernel died: sysrq triggered crash/);
    await vm.start();
    expect(vm.state.phase).toBe('running');
  });

  it('ends at once when killed, with nothing left waiting', async () => {
    const process = await vm.exec({ argv: ['sleep', '1000'] });
    expect(await vm.kill()).toEqual({ code: 137, reason: 'Killed' });
    await expect(process.exited).rejects.toMatchObject({ code: 'Aborted' });
    await expect(process.stdout.getReader().read()).rejects.toMatchObject({ code: 'Aborted' });
    expect(lab.supervisor.count).toBe(0);
  });
});

describe('flavors', () => {
  let lab: NodeLab;
  let vm: VmInstance | undefined;
  beforeAll(async () => {
    lab = await createNodeLab();
  });
  afterEach(async () => {
    await vm?.dispose();
    vm = undefined;
  });
  afterAll(() => lab.dispose());

  const start = async (spec: Partial<VmSpec>): Promise<VmInstance> => {
    vm = lab.driver.create({ ...smallVm, ...spec });
    await vm.start();
    return vm;
  };

  it('boots a machine of 32 MiB from cold', async () => {
    const small = await start({ memoryMiB: 32 });
    expect(small.startMethod).toBe('cold-boot');
    expect(small.startNote).toMatch(/no snapshot/);
    expect((await shell(small, 'true')).code).toBe(0);
  });

  it('boots a machine with emulated devices, with their drivers', async () => {
    const emulated = await start({ devices: 'emulated' });
    expect((await shell(emulated, 'readlink /sys/class/net/eth0/device/driver')).stdout).toMatch(/ne2k-pci/);
  });

  it('restores a container host with its tools', async () => {
    const host = await start({ memoryMiB: 128, containerHost: true });
    expect(host.startMethod).toBe('restored');
    expect((await shell(host, 'crun --version && nft --version && /usr/sbin/ip -V')).code).toBe(0);
    expect((await shell(host, 'cat /sys/fs/cgroup/cgroup.controllers')).stdout.trim().split(' ')).toEqual(
      expect.arrayContaining(['cpu', 'cpuset', 'io', 'memory', 'pids']),
    );
  });
});

function nextState(vm: VmInstance, phase: InstanceState['phase']): Promise<InstanceState> {
  return new Promise((resolve) => {
    const subscription = vm.states((state) => {
      if (state.phase !== phase) return;
      subscription.dispose();
      resolve(state);
    });
  });
}
