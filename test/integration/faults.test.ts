import { afterEach, describe, expect, it } from 'vitest';
import type { MachineImageSource } from '../../src/api/machine';
import { ConsoleReader, createNodeLab, type NodeLab, shell, smallVm } from '../support/node-lab';

describe('when something is wrong with what a vm starts from', () => {
  let lab: NodeLab;
  afterEach(() => lab.dispose());

  const starting = async (images: (stored: MachineImageSource) => MachineImageSource) => {
    lab = await createNodeLab({ images });
    const vm = lab.driver.create(smallVm);
    await vm.start();
    return vm;
  };

  it('says that a snapshot is of another emulator, and boots cold, until there is one that fits', async () => {
    let other = true;
    const vm = await starting((stored) => ({
      ...stored,
      async describeSnapshot(config) {
        const snapshot = await stored.describeSnapshot(config);
        return snapshot && other ? { ...snapshot, v86: '0.4.0' } : snapshot;
      },
    }));
    expect(vm.startMethod).toBe('cold-boot');
    expect(vm.startNote).toBe('Booted from cold: the snapshot has emulator version 0.4.0, here is 0.5.462');
    expect((await shell(vm, 'hostname')).stdout).toBe('test\n');
    other = false;
    await vm.kill();
    await vm.start();
    expect([vm.startMethod, vm.startNote]).toEqual(['restored', undefined]);
  });

  it('heals a snapshot that is cut by a cold boot', async () => {
    const vm = await starting((stored) => ({
      ...stored,
      async loadSnapshot(config, operation) {
        const image = await stored.loadSnapshot(config, operation);
        return {
          ...image,
          layers: image.layers.map((layer) => ({ ...layer, bytes: layer.bytes.slice(0, 1_000_000) })),
        };
      },
    }));
    expect(vm.startMethod).toBe('cold-boot');
    expect(vm.startNote).toMatch(/should have \d+ bytes and has 1000000/);
  });

  it('heals a snapshot whose guest does not answer by a cold boot', async () => {
    const vm = await starting((stored) => ({
      ...stored,
      async loadSnapshot(config, operation) {
        const image = await stored.loadSnapshot(config, operation);
        // Everything behind the description is the guest's memory and devices: all zero, nothing runs in there.
        for (const { bytes } of image.layers) new Uint8Array(bytes, bytes.byteLength >> 1).fill(0);
        return image;
      },
    }));
    expect(vm.startMethod).toBe('cold-boot');
    expect((await shell(vm, 'echo alive')).stdout).toBe('alive\n');
  });
});

describe('when a vm goes wrong', () => {
  let lab: NodeLab;
  afterEach(() => lab.dispose());

  it('fails when its worker dies, and leaves its neighbour and no promise behind', async () => {
    lab = await createNodeLab();
    const [vm, neighbour] = [lab.driver.create(smallVm), lab.driver.create({ ...smallVm, name: 'neighbour' })];
    await Promise.all([vm.start(), neighbour.start()]);
    const process = await vm.exec({ argv: ['sleep', '1000'] });
    const failed = new Promise<void>((resolve) => {
      vm.states(({ phase }) => phase === 'failed' && resolve());
    });
    // Whether it was answered or not, it must not be left waiting.
    const stats = vm.stats().catch(() => undefined);
    lab.endWorker('vm-1');
    await failed;
    expect(vm.state.exit?.code).toBe(137);
    await expect(process.exited).rejects.toMatchObject({ name: 'SandboxError' });
    await stats;
    expect((await shell(neighbour, 'echo fine')).stdout).toBe('fine\n');
    await vm.start();
    expect((await shell(vm, 'echo back')).stdout).toBe('back\n');
  });

  it('says that there is too little memory for one more, before it starts', async () => {
    lab = await createNodeLab({ memoryBudgetMiB: 300 });
    const first = lab.driver.create(smallVm);
    const second = lab.driver.create({ ...smallVm, name: 'second' });
    await first.start();
    await expect(second.start()).rejects.toMatchObject({
      code: 'ResourceExhausted',
      message: expect.stringMatching(/needs 159 MiB, 141 of 300 MiB are free/),
    });
    expect(second.state.phase).toBe('created');
    await first.kill();
    await second.start();
    expect(second.state.phase).toBe('running');
  });

  it('can be canceled while it starts', async () => {
    lab = await createNodeLab();
    const vm = lab.driver.create({ ...smallVm, memoryMiB: 48 });
    const canceling = new AbortController();
    const started = vm.start({
      signal: canceling.signal,
      onProgress: ({ phase }) => phase === 'Booting the kernel' && canceling.abort(),
    });
    await expect(started).rejects.toMatchObject({ code: 'Canceled' });
    expect(vm.state).toMatchObject({ phase: 'stopped', exit: { code: 130 } });
    expect(lab.supervisor.count).toBe(0);
  });

  it('outlives a flood of its console, and says what was not shown', async () => {
    lab = await createNodeLab();
    const vm = lab.driver.create(smallVm);
    await vm.start();
    let shown = 0;
    let skipped = 0;
    // A reader that never says it has dealt with anything.
    const stuck = vm.attachConsole((output) => {
      shown += output.bytes.length;
      skipped += output.skipped;
    });
    stuck.write(new TextEncoder().encode('yes $(seq 1 250) | head -c 2000000; echo the flood is "over"\n'));
    const reader = new ConsoleReader(vm);
    await reader.until('the flood is over');
    expect(shown).toBeLessThan(600 * 1024);
    for (let round = 0; round < 20; round += 1) stuck.acknowledge(64 * 1024);
    expect(skipped).toBeGreaterThan(500_000);
    expect((await shell(vm, 'echo calm')).stdout).toBe('calm\n');
  });

  it('holds back a program whose output nobody reads, and nobody else', async () => {
    lab = await createNodeLab();
    const vm = lab.driver.create(smallVm);
    await vm.start();
    const unread = await vm.exec({ argv: ['yes'] });
    for (let round = 0; round < 5; round += 1) expect((await shell(vm, 'echo ok')).stdout).toBe('ok\n');
    unread.kill('SIGKILL');
    await unread.stdout.cancel();
    expect(await unread.exited).toBe(137);
  });
});
