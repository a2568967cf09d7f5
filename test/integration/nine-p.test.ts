import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileTree } from '../../src/api/file-tree';
import type { MachineConfig } from '../../src/api/machine';
import { parseFileName } from '../../src/formats/file-name';
import { Union } from '../../src/formats/layer/union';
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

/** Three layers with every way to hide, replace and describe what is below. */
const shared = file('lower', { key: 'shared' });
const layers = [
  buildLayer({
    kept: file('lower', { uid: 1000, gid: 50, mode: 0o640 }),
    replaced: file('lower'),
    gone: file('lower'),
    both: { kept: file('lower'), gone: file('lower'), deeper: { gone: file('lower'), kept: file('lower') } },
    hidden: { a: file('lower'), b: file('lower') },
    'gone-directory': { a: file('lower') },
    'back-again': { a: file('lower') },
    'now-a-file': { a: file('lower') },
    'now-a-directory': file('lower'),
    'now-a-link': file('lower'),
    described: directory({ below: directory({ a: file('lower') }, { mode: 0o711, uid: 7 }) }, { mode: 0o2750, gid: 9 }),
    links: { one: shared, two: shared },
    [parseFileName(Uint8Array.of(0x6e, 0xff, 0x2e))]: file('no UTF-8'),
  }),
  buildLayer({
    replaced: file('middle', { mode: 0o600 }),
    gone: { kind: 'whiteout' },
    both: { gone: { kind: 'whiteout' }, new: file('middle'), deeper: { gone: { kind: 'whiteout' } } },
    hidden: directory({ c: file('middle') }, { opaque: true }),
    'gone-directory': { kind: 'whiteout' },
    'back-again': { kind: 'whiteout' },
    'never-was': { kind: 'whiteout' },
    'now-a-file': file('middle'),
    'now-a-directory': directory({ a: file('middle') }),
    'now-a-link': { kind: 'symlink', target: 'kept', mode: 0o777 },
    // The tar has an entry for none of the two.
    described: directory({ below: directory({ b: file('middle') }, { implied: true }) }, { implied: true }),
    links: { three: { kind: 'whiteout' } },
  }),
  buildLayer({
    both: directory({ deeper: { top: file('top') } }, { implied: true, opaque: true }),
    'back-again': directory({ b: file('top') }, { mode: 0o700 }),
    hidden: directory({ d: file('top'), c: { kind: 'whiteout' } }, { mode: 0o750 }),
    described: directory({ below: directory({ a: { kind: 'whiteout' } }, { implied: true }) }, { implied: true }),
    sparse: file(new Uint8Array(0), {
      parts: [
        { start: 5, size: 3, offset: 512 },
        { start: 300_000, size: 2, offset: 513 },
      ],
      sparseSize: 400_000,
    }),
  }),
];

/** Each file of the page's union: path, mode, owner, and what it holds. */
function pageUnion(): readonly string[] {
  const entries = [...new Union(layers.map(({ index }) => index)).walk()];
  return entries.map(({ path, node }) => {
    const type = { directory: 'd', file: 'f', symlink: 'l' }[node.kind as 'directory' | 'file' | 'symlink'];
    const size = node.kind === 'directory' ? '' : node.kind === 'symlink' ? node.target : node.size;
    return `${path} ${type} ${node.mode.toString(8)} ${node.uid}:${node.gid} ${size}`;
  });
}

let lab: NodeLab;
let vm: LabMachine;
beforeAll(async () => {
  lab = await createNodeLab();
  const stack = new LayerStackTree(layers.map(layerSource));
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
  beforeAll(async () => {
    expect(await vm.shell(mount('stack', '/tmp/stack'))).toMatchObject({ code: 0 });
    const join =
      'mkdir /tmp/union && mount -t overlay union -o lowerdir=/tmp/stack/2:/tmp/stack/1:/tmp/stack/0 /tmp/union';
    expect(await vm.shell(join)).toMatchObject({ code: 0, stderr: '' });
  });

  it('are the tree that the page’s union shows: paths, kinds, modes, owners, sizes, targets', async () => {
    const script =
      'cd /tmp/union; find . -mindepth 1 | sed "s|^./||" | while read -r f; do [ -L "$f" ] && t=l s=$(readlink "$f") || { [ -d "$f" ] && t=d s= || { t=f; s=$(stat -c %s "$f"); }; }; ' +
      'echo "$f $t $(stat -c "%a %u:%g" "$f") $s"; done';
    const listed = Buffer.from((await vm.shell(`(${script}) | base64`)).stdout, 'base64');
    const found = parseFileName(listed).split('\n').slice(0, -1);
    expect(found.sort()).toEqual([...pageUnion()].sort());
    expect(found.length).toBeGreaterThan(20);
  });

  it('hold what the topmost layer of each file has', async () => {
    const content = (path: string) => vm.shell(`cat /tmp/union/${path}`).then(({ stdout }) => stdout);
    expect(await content('kept')).toBe('lower');
    expect(await content('replaced')).toBe('middle');
    expect(await content('both/deeper/top')).toBe('top');
    expect(await content('now-a-link')).toBe('lower');
    expect((await vm.shell('stat -c %i /tmp/union/links/one /tmp/union/links/two | uniq | wc -l')).stdout.trim()).toBe(
      '1',
    );
  });

  it('can be written to through an upper directory, and stay as they are', async () => {
    await vm.shell(
      'mkdir -p /tmp/up /tmp/root && mount -t tmpfs up /tmp/up && mkdir /tmp/up/dir /tmp/up/work && mount -t overlay root ' +
        '-o lowerdir=/tmp/stack/1:/tmp/stack/0,upperdir=/tmp/up/dir,workdir=/tmp/up/work /tmp/root',
    );
    await vm.shell('cd /tmp/root && echo changed > kept && rm -r both && mkdir both && echo new > both/x');
    expect((await vm.shell('cd /tmp/root && cat kept && ls both')).stdout).toBe('changed\nx\n');
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
        { tag: 'stack', tree: Promise.resolve(new LayerStackTree(layers.map(layerSource))) },
      ],
    });
    try {
      await again.shell('touch /tmp/go; while [ ! -s /tmp/sum ]; do sleep 0.1; done');
      expect((await again.shell('cat /tmp/sum')).stdout).toBe(expected);
      expect((await again.shell('cat /tmp/layer/etc/motd; cat /tmp/root/kept')).stdout).toBe('hello\nchanged\n');
    } finally {
      await again.dispose();
      await vm.machine.run();
    }
  });
});
