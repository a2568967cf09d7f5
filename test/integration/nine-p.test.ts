import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileTree } from '../../src/api/file-tree';
import type { MachineConfig } from '../../src/api/machine';
import { createConformanceLayer, testLayerFiles } from '../../src/runtime/files/layer-files.conformance';
import { buildLayer, directory, file, layerSource } from '../../src/runtime/files/layer-fixture';
import { LayerStackTree } from '../../src/runtime/files/layer-stack-tree';
import { LayerTree } from '../../src/runtime/files/layer-tree';
import { guestFiles } from '../support/guest-files';
import { type LabMachine, startLabMachine } from '../support/machine-lab';
import { createNodeLab, type NodeLab } from '../support/node-lab';

const config: MachineConfig = { memoryMiB: 64, devices: 'virtio', containerHost: false, shares: 2 };
const mount = (tag: string, at: string, more = '') =>
  `mkdir -p ${at} && mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro${more} ${tag} ${at}`;

const conformance = createConformanceLayer();
const layer = (): FileTree => new LayerTree(layerSource(conformance));

/** Every kind of whiteout, over a layer that has something to hide. */
const lower = buildLayer({
  kept: file('lower'),
  replaced: file('lower'),
  gone: file('lower'),
  both: { kept: file('lower'), gone: file('lower'), deeper: { gone: file('lower'), kept: file('lower') } },
  hidden: { a: file('lower'), b: file('lower') },
  'gone-directory': { a: file('lower') },
  'now-a-file': { a: file('lower') },
  'now-a-directory': file('lower'),
});
const upper = buildLayer({
  replaced: file('upper', { mode: 0o600 }),
  gone: { kind: 'whiteout' },
  both: { gone: { kind: 'whiteout' }, new: file('upper'), deeper: { gone: { kind: 'whiteout' } } },
  hidden: directory({ c: file('upper') }, { opaque: true }),
  'gone-directory': { kind: 'whiteout' },
  'never-was': { kind: 'whiteout' },
  'now-a-file': file('upper'),
  'now-a-directory': directory({ a: file('upper') }),
});
const union = [
  './both/deeper/kept lower',
  './both/kept lower',
  './both/new upper',
  './hidden/c upper',
  './kept lower',
  './now-a-directory/a upper',
  './now-a-file upper',
  './replaced upper',
];

let lab: NodeLab;
let vm: LabMachine;
beforeAll(async () => {
  lab = await createNodeLab();
  const stack = new LayerStackTree([lower, upper].map(layerSource));
  vm = await startLabMachine(lab.images, {
    config,
    mac: [2, 0, 0, 0, 0, 1],
    start: 'restored',
    shares: [
      { tag: 'layer', tree: Promise.resolve(layer()) },
      { tag: 'stack', tree: Promise.resolve(stack) },
    ],
  });
});
afterAll(async () => {
  await vm?.dispose();
  await lab.dispose();
});

describe('a layer that a guest has mounted over 9P', () => {
  beforeAll(async () => {
    expect(await vm.shell(mount('layer', '/tmp/layer'))).toMatchObject({ code: 0, stderr: '' });
  });
  testLayerFiles(() => guestFiles((command) => vm.shell(command), '/tmp/layer'));

  it('runs programs from it, and reads the same when nothing is cached any more', async () => {
    const before = await vm.shell('md5sum /tmp/layer/large.bin');
    await vm.shell('echo 3 > /proc/sys/vm/drop_caches');
    expect((await vm.shell('md5sum /tmp/layer/large.bin')).stdout).toBe(before.stdout);
  });
});

describe('layers that a guest’s overlayfs joins', () => {
  it('are one tree without what whiteouts and opaque directories hide', async () => {
    expect(await vm.shell(mount('stack', '/tmp/stack'))).toMatchObject({ code: 0 });
    await vm.shell(
      'mkdir -p /tmp/up /tmp/union && mount -t tmpfs up /tmp/up && mkdir /tmp/up/dir /tmp/up/work && ' +
        'mount -t overlay union -o lowerdir=/tmp/stack/1:/tmp/stack/0,upperdir=/tmp/up/dir,workdir=/tmp/up/work /tmp/union',
    );
    const found = await vm.shell('cd /tmp/union && find . -type f | sort | while read f; do echo "$f $(cat $f)"; done');
    expect(found.stdout.trim().split('\n')).toEqual(union);
    expect((await vm.shell('cd /tmp/union && find . ! -type f ! -type d')).stdout).toBe('');
    expect((await vm.shell('stat -c %a /tmp/union/replaced')).stdout).toBe('600\n');
  });

  it('can be written to through an upper directory, and stay as they are', async () => {
    await vm.shell('cd /tmp/union && echo changed > kept && rm -r both && mkdir both && echo new > both/x');
    expect((await vm.shell('cd /tmp/union && cat kept && ls both')).stdout).toBe('changed\nx\n');
    expect((await vm.shell('cat /tmp/stack/0/kept && ls /tmp/stack/0/both')).stdout).toBe('lowerdeeper\ngone\nkept\n');
  });
});

describe('a machine with mounted shares that is saved', () => {
  it('goes on with its mounts and open files', async () => {
    await vm.shell(
      '(exec 3< /tmp/layer/large.bin; head -c 1000 <&3 >/dev/null; echo ready > /tmp/ready; while [ ! -e /tmp/go ]; do sleep 0.1; done; md5sum <&3 > /tmp/sum) >/dev/null 2>&1 & while [ ! -e /tmp/ready ]; do sleep 0.1; done',
    );
    const expected = (await vm.shell('tail -c +1001 /tmp/layer/large.bin | md5sum')).stdout;
    await vm.shell('echo 3 > /proc/sys/vm/drop_caches');
    await vm.machine.pause();
    await Promise.all(vm.machine.shares.map((share) => share.drain()));
    const state = await vm.machine.save();
    const again = await startLabMachine(lab.images, {
      config,
      mac: [2, 0, 0, 0, 0, 1],
      start: state,
      shares: [
        { tag: 'layer', tree: Promise.resolve(layer()) },
        { tag: 'stack', tree: Promise.resolve(new LayerStackTree([lower, upper].map(layerSource))) },
      ],
    });
    try {
      await again.shell('touch /tmp/go; while [ ! -s /tmp/sum ]; do sleep 0.1; done');
      expect((await again.shell('cat /tmp/sum')).stdout).toBe(expected);
      expect((await again.shell('cat /tmp/layer/etc/motd; cat /tmp/union/kept')).stdout).toBe('hello\nchanged\n');
    } finally {
      await again.dispose();
      await vm.machine.run();
    }
  });
});
