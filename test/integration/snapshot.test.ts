import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../src/api/content-store';
import type { Checkpoint } from '../../src/api/instance';
import type { SavedMachine, StateLayer } from '../../src/api/machine';
import { createDeferred } from '../../src/base/deferred';
import { digestOf } from '../../src/formats/digest';
import { v86Version } from '../../src/runtime/vm/v86-internals';
import type { VmInstance } from '../../src/runtime/vm/vm-instance';
import {
  ConsoleReader,
  clockError,
  createNodeLab,
  type NodeLab,
  oneProcess,
  shell,
  smallVm,
} from '../support/node-lab';
import { NodeWire } from '../support/node-wire';

let lab: NodeLab;
let wire: NodeWire;
beforeEach(async () => {
  lab = await createNodeLab();
  wire = new NodeWire();
});
afterEach(() => lab.dispose());

const noDisks = async () => [];

/** Copies, since what is given to a machine is handed over. */
const copies = (layers: readonly StateLayer[]): StateLayer[] =>
  layers.map(({ digest, bytes }) => ({ digest, bytes: bytes.slice(0) }));

async function started(name = 'test'): Promise<{ vm: VmInstance; prepared: readonly StateLayer[] }> {
  const vm = lab.driver.create({ ...smallVm, name }, wire.station(name).resources);
  await vm.start();
  const { layers } = await lab.images.loadSnapshot({ memoryMiB: 64, devices: 'virtio', containerHost: false });
  return { vm, prepared: layers };
}

async function checkpoint(vm: VmInstance, below: readonly StateLayer[]) {
  const saved = await vm.checkpoint({ parent: copies(below).map(({ bytes }) => bytes), freezeDisks: noDisks });
  const digest = await digestOf(new Uint8Array(saved.layer));
  return { saved, layers: [...below, { digest, bytes: saved.layer }] };
}

const asSaved = ({ config }: Checkpoint, layers: readonly StateLayer[], continued = false): SavedMachine => ({
  config,
  layers: copies(layers),
  continued,
});

/** A number that a program in the guest counts up. */
const count = async (vm: VmInstance): Promise<number> => Number((await shell(vm, 'cat /tmp/count')).stdout);
const startCounting =
  '(i=0; while true; do i=$((i+1)); echo $i > /tmp/count.new; mv /tmp/count.new /tmp/count; usleep 20000; done) >/dev/null 2>&1 &';

async function untilCounted(vm: VmInstance, from: number): Promise<number> {
  for (;;) {
    const now = await count(vm);
    if (now > from) return now;
  }
}

describe('a checkpoint', () => {
  it('brings back memory and programs, and lets the machine go on meanwhile', async () => {
    const { vm, prepared } = await started();
    expect(vm.origin).toEqual(prepared.map(({ digest }) => digest));
    await shell(vm, `echo precious > /tmp/file; ${startCounting}`);
    await untilCounted(vm, 2);
    const { saved, layers } = await checkpoint(vm, prepared);
    expect(saved.layer.byteLength).toBeLessThan((prepared[0]?.bytes.byteLength ?? 0) / 2);
    expect(saved.config).toMatchObject({
      v86: v86Version,
      machine: { memoryMiB: 64, devices: 'virtio', containerHost: false },
    });
    const counted = await untilCounted(vm, await count(vm));
    await shell(vm, 'rm /tmp/file; kill $(pgrep -f count.new) 2>/dev/null; echo changed > /tmp/other');
    await vm.restore(asSaved(saved, layers));
    expect(vm.startMethod).toBe('restored');
    expect(vm.origin).toEqual(layers.map(({ digest }) => digest));
    expect((await shell(vm, 'cat /tmp/file; ls /tmp/other')).stdout).toBe('precious\n');
    const back = await count(vm);
    expect(back).toBeGreaterThan(1);
    // A program that was started by the session before was hung up; one that ran by itself goes on.
    expect(await untilCounted(vm, back)).toBeGreaterThan(back);
    expect(counted).toBeGreaterThan(2);
    expect(await clockError(vm)).toBeLessThan(1);
  });

  it('holds less and less: each is told against those before it', async () => {
    const { vm, prepared } = await started();
    await shell(vm, 'dd if=/dev/urandom of=/tmp/random bs=1M count=8 2>/dev/null; md5sum /tmp/random > /tmp/sum');
    const first = await checkpoint(vm, prepared);
    await shell(vm, 'echo two > /tmp/two');
    const second = await checkpoint(vm, first.layers);
    await shell(vm, 'echo three > /tmp/three');
    const third = await checkpoint(vm, second.layers);
    expect(first.saved.layer.byteLength).toBeGreaterThan(8 << 20);
    expect(second.saved.layer.byteLength).toBeLessThan(6 << 20);
    await vm.kill();
    await vm.restore(asSaved(third.saved, third.layers));
    expect((await shell(vm, 'cat /tmp/two /tmp/three; md5sum -c /tmp/sum')).stdout).toBe(
      'two\nthree\n/tmp/random: OK\n',
    );
    await vm.restore(asSaved(second.saved, second.layers));
    expect((await shell(vm, 'cat /tmp/two; ls /tmp/three')).stdout).toBe('two\n');
  });

  it('is whole without a parent, and of a machine that was booted cold', async () => {
    const { vm } = await started();
    await vm.reset();
    expect(vm.origin).toEqual([]);
    await shell(vm, 'echo cold > /tmp/file');
    const { saved, layers } = await checkpoint(vm, []);
    await vm.restore(asSaved(saved, layers));
    expect((await shell(vm, 'cat /tmp/file')).stdout).toBe('cold\n');
  });

  it('is taken of a machine with emulated devices, too', async () => {
    const vm = lab.driver.create({ ...smallVm, devices: 'emulated' }, wire.station('test').resources);
    await vm.start();
    await shell(vm, 'echo old > /tmp/file');
    const { saved, layers } = await checkpoint(vm, []);
    await vm.restore(asSaved(saved, layers));
    expect((await shell(vm, 'cat /tmp/file')).stdout).toBe('old\n');
  });

  it('leaves a paused machine paused', async () => {
    const { vm, prepared } = await started();
    await vm.pause();
    const { saved, layers } = await checkpoint(vm, prepared);
    expect(vm.state.phase).toBe('paused');
    await vm.resume();
    expect((await shell(vm, 'echo awake')).stdout).toBe('awake\n');
    await vm.restore(asSaved(saved, layers));
    expect((await shell(vm, 'echo back')).stdout).toBe('back\n');
  });

  it('goes on without having saved anything when the disks cannot be frozen', async () => {
    const { vm } = await started();
    const freezeDisks = () => Promise.reject(new Error('The disk is on fire'));
    await expect(vm.checkpoint({ parent: [], freezeDisks })).rejects.toMatchObject({ message: 'The disk is on fire' });
    expect((await shell(vm, 'echo fine')).stdout).toBe('fine\n');
  });

  it('refuses a second thing at the same time', async () => {
    const { vm } = await started();
    const gate = createDeferred<void>();
    const frozen = createDeferred<void>();
    const freezeDisks = async () => {
      frozen.resolve();
      await gate.promise;
      return [];
    };
    const saving = vm.checkpoint({ parent: [], freezeDisks });
    await frozen.promise;
    await expect(vm.pause()).rejects.toMatchObject({ code: 'FailedPrecondition', message: /busy \(checkpoint\)/ });
    gate.resolve();
    await saving;
    await vm.pause();
  });
});

describe('a restore', () => {
  it('goes on as the machine that was saved, its programs included', async () => {
    const { vm, prepared } = await started();
    const program = await vm.exec({ argv: ['cat'] });
    const { saved, layers } = await checkpoint(vm, prepared);
    const id = (await vm.programs())[0]?.id ?? 'none';
    await vm.kill();
    await expect(program.exited).rejects.toMatchObject({ code: 'Aborted' });
    await vm.restore(asSaved(saved, layers, true));
    expect(await vm.programs()).toEqual([{ id, argv: ['cat'], running: true }]);
    const again = await vm.reattach(id);
    const writer = again.stdin.getWriter();
    await writer.write(new TextEncoder().encode('still here'));
    await writer.close();
    expect(await new Response(again.stdout).text()).toBe('still here');
    expect(await again.exited).toBe(0);
  });

  it('shows what the console had printed', async () => {
    const { vm, prepared } = await started();
    const console = new ConsoleReader(vm);
    console.type('echo the answer is $((6 * 7))\n');
    await console.until('the answer is 42');
    console.dispose();
    const { saved, layers } = await checkpoint(vm, prepared);
    const other = lab.driver.create({ ...smallVm, name: 'other' });
    await other.restore(asSaved(saved, layers));
    const reader = new ConsoleReader(other);
    await reader.until('the answer is 42');
    reader.type('echo typed $((1 + 1))\n');
    await reader.until('typed 2');
    reader.dispose();
  });

  it.each<[string, (saved: SavedMachine) => SavedMachine, RegExp]>([
    [
      'another emulator',
      (saved) => ({ ...saved, config: { ...saved.config, v86: '0.4.0' } }),
      /emulator version 0\.4\.0/,
    ],
    [
      'another kernel',
      (saved) => ({ ...saved, config: { ...saved.config, kernel: `sha256:${'a'.repeat(64)}` as Digest } }),
      /kernel sha256:a+/,
    ],
    [
      'more NICs',
      (saved) => ({ ...saved, config: { ...saved.config, machine: { ...saved.config.machine, nics: 2 } } }),
      /number of NICs 2, here is 1/,
    ],
  ])('is refused for %s, and what runs goes on', async (_what, change, words) => {
    const { vm, prepared } = await started();
    const { saved, layers } = await checkpoint(vm, prepared);
    await expect(vm.restore(change(asSaved(saved, layers)))).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: words,
    });
    expect((await shell(vm, 'echo untouched')).stdout).toBe('untouched\n');
  });

  it('fails with the reason when a layer is damaged, and never boots cold instead', async () => {
    const { vm, prepared } = await started();
    const { saved, layers } = await checkpoint(vm, prepared);
    const machine = asSaved(saved, layers);
    const cut = machine.layers.map((layer, index) =>
      index === 1 ? { ...layer, bytes: layer.bytes.slice(0, 9999) } : layer,
    );
    await expect(vm.restore({ ...machine, layers: cut })).rejects.toMatchObject({ code: 'DataLoss' });
    expect(vm.state).toMatchObject({ phase: 'failed', exit: { code: 137 } });
    await expect(vm.restore(asSaved(saved, layers.slice(1)))).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await vm.restore(asSaved(saved, layers));
    expect((await shell(vm, 'echo whole')).stdout).toBe('whole\n');
  });

  it('takes over from a start that is under way', async () => {
    const { vm, prepared } = await started();
    const { saved, layers } = await checkpoint(vm, prepared);
    await vm.kill();
    const starting = vm.start();
    const restored = vm.restore(asSaved(saved, layers));
    await expect(starting).rejects.toThrow();
    await restored;
    expect(vm.state.phase).toBe('running');
    expect((await shell(vm, 'hostname')).stdout).toBe('test\n');
  });
});

describe('disks', () => {
  it('are frozen at the instant of the checkpoint, and come back with it', async () => {
    const { id } = await wire.disks.create({ sizeMiB: 16 });
    const spec = { ...smallVm, disks: [{ sizeMiB: 16 }] };
    const vm = lab.driver.create(spec, wire.station('test', { disks: [id] }).resources);
    await vm.start();
    const write = (text: string) => shell(vm, `echo ${text} | dd of=/dev/vda conv=fsync 2>/dev/null`);
    const read = async () => (await shell(vm, 'head -n 1 /dev/vda')).stdout.trim();
    expect(await write('before')).toMatchObject({ code: 0 });
    const saved = await vm.checkpoint({ parent: [], freezeDisks: () => wire.freeze([id]) });
    const layers = [{ digest: await digestOf(new Uint8Array(saved.layer)), bytes: saved.layer }];
    expect(saved.disks).toEqual([{ disk: id, generation: 1 }]);
    expect(saved.config.machine).toMatchObject({ disks: 1 });
    await write('after');
    expect(await read()).toBe('after');
    await vm.kill();
    for (const generation of saved.disks) await wire.disks.revert(generation);
    await vm.restore(asSaved(saved, layers));
    expect(await read()).toBe('before');
  });
});

describe('when a worker dies', () => {
  it('in the middle of a checkpoint, nobody is left waiting', async () => {
    const { vm } = await started();
    const freezeDisks = () => {
      lab.endWorker('vm-1');
      return new Promise<never>(() => {});
    };
    await expect(vm.checkpoint({ parent: [], freezeDisks })).rejects.toMatchObject({ name: 'SandboxError' });
    expect(vm.state.phase).toBe('failed');
    await vm.start();
    expect((await shell(vm, 'echo back')).stdout).toBe('back\n');
  });

  it('a kill in the middle of a checkpoint ends it', async () => {
    const { vm } = await started();
    const saving = vm.checkpoint({ parent: [], freezeDisks: () => new Promise<never>(() => void vm.kill()) });
    await expect(saving).rejects.toMatchObject({ code: 'Aborted' });
    expect(vm.state).toMatchObject({ phase: 'stopped', exit: { code: 137 } });
    expect(wire.ports()).toEqual([]);
  });

  it('in the middle of a restore, it fails and can be done again', async () => {
    const { vm, prepared } = await started();
    const { saved, layers } = await checkpoint(vm, prepared);
    const restoring = vm.restore(asSaved(saved, layers), {
      onProgress: () => lab.endWorker('vm-2'),
    });
    await expect(restoring).rejects.toMatchObject({ name: 'SandboxError' });
    expect(vm.state.phase).toBe('failed');
    expect(wire.ports()).toEqual([]);
    await vm.restore(asSaved(saved, layers));
    expect((await shell(vm, 'echo back')).stdout).toBe('back\n');
  });
});

describe('in one process', () => {
  it('saves and restores as well', async () => {
    const single = await createNodeLab({ spawn: oneProcess });
    try {
      const vm = single.driver.create(smallVm);
      await vm.start();
      await shell(vm, 'echo here > /tmp/file');
      const { saved, layers } = await checkpoint(vm, []);
      await vm.restore(asSaved(saved, layers));
      expect((await shell(vm, 'cat /tmp/file')).stdout).toBe('here\n');
    } finally {
      await single.dispose();
    }
  });
});
