import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SavedMachine, StateLayer } from '../../src/api/machine';
import type { ShareSpec } from '../../src/api/share';
import { digestOf } from '../../src/formats/digest';
import { buildLayer, file } from '../../src/runtime/files/layer-fixture';
import type { VmInstance } from '../../src/runtime/vm/vm-instance';
import { LayerShelf } from '../support/layer-shelf';
import { createNodeLab, type NodeLab, shell, smallVm } from '../support/node-lab';
import { NodeWire } from '../support/node-wire';

const large = new Uint8Array(3_000_000).map((_, index) => (index * 11) ^ (index >> 7));
/** What md5sum says of what the reader has not read yet. */
const restSum = `${createHash('md5').update(large.subarray(1000)).digest('hex')}  -\n`;

let lab: NodeLab;
let wire: NodeWire;
let shelf: LayerShelf;
let shares: readonly ShareSpec[];
beforeEach(async () => {
  lab = await createNodeLab();
  wire = new NodeWire();
  shelf = new LayerShelf();
  const base = shelf.add(buildLayer({ etc: { motd: file('hello\n') }, 'large.bin': file(large) }));
  const top = shelf.add(buildLayer({ etc: { motd: { kind: 'whiteout' }, issue: file('Strata\n') } }));
  shares = [
    { tag: 'base', layer: base },
    { tag: 'image', layers: [base, top] },
    { tag: 'work', folder: 'work', at: '/shared' },
  ];
  await shelf.addFolder('work');
});
afterEach(async () => {
  await lab.dispose();
  shelf.dispose();
});

function create(name: string): VmInstance {
  const resources = { ...wire.station(name).resources, openShares: shelf.openShares(shares) };
  return lab.driver.create({ ...smallVm, name, shares }, resources);
}

const options = 'trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro';
const mountAll = `mkdir /tmp/base /tmp/image && mount -t 9p -o ${options} base /tmp/base && mount -t 9p -o ${options} image /tmp/image`;
const joinAll =
  'mkdir /tmp/up && mount -t tmpfs up /tmp/up && mkdir /tmp/up/dir /tmp/up/work /tmp/root && ' +
  'mount -t overlay root -o lowerdir=/tmp/image/1:/tmp/image/0,upperdir=/tmp/up/dir,workdir=/tmp/up/work /tmp/root';

/** A program with a file open that has no name any more, and another that is appended to. */
const startWriter =
  'echo before > /shared/log; echo nameless > /shared/gone; (exec 3< /shared/gone 4>> /shared/log; rm /shared/gone; echo ready > /tmp/ready2; while [ ! -e /tmp/go ]; do sleep 0.05; done; cat <&3 >&4; echo done > /tmp/done) >/dev/null 2>&1 & while [ ! -e /tmp/ready2 ]; do sleep 0.05; done';
const finishWriter = 'while [ ! -e /tmp/done ]; do sleep 0.05; done; cat /shared/log; ls /shared';

/** A program with a file open, that reads on when it is told to. */
const startReader =
  '(exec 3< /tmp/base/large.bin; head -c 1000 <&3 >/dev/null; echo ready > /tmp/ready; while [ ! -e /tmp/go ]; do sleep 0.05; done; md5sum <&3 > /tmp/sum) >/dev/null 2>&1 & while [ ! -e /tmp/ready ]; do sleep 0.05; done';
const finishReader = 'touch /tmp/go; while [ ! -s /tmp/sum ]; do sleep 0.05; done; cat /tmp/sum';

async function prepare(vm: VmInstance): Promise<void> {
  expect(await shell(vm, `${mountAll} && ${joinAll}`)).toMatchObject({ code: 0, stderr: '' });
  await shell(vm, startReader);
  await shell(vm, startWriter);
}

async function expectWhole(vm: VmInstance): Promise<void> {
  const before = shelf.readBytes;
  expect((await shell(vm, finishReader)).stdout).toBe(restSum);
  expect(shelf.readBytes).toBeGreaterThan(before);
  expect((await shell(vm, finishWriter)).stdout).toBe('before\nnameless\nlog\n');
  const seen = await shell(vm, 'cat /tmp/base/etc/motd /tmp/root/etc/issue; ls /tmp/root/etc; ls /tmp/image');
  expect(seen.stdout).toBe('hello\nStrata\nissue\n0\n1\n');
}

describe('a machine with shares', () => {
  it('keeps mounts and open files when it moves to another worker', async () => {
    const vm = create('mover');
    await vm.start();
    await prepare(vm);
    await vm.migrate();
    await expectWhole(vm);
  });

  it.each([
    ['by the machine that goes on', true],
    ['by a clone', false],
  ])('keeps them over a checkpoint: restored %s', async (_, continued) => {
    const vm = create('saver');
    await vm.start();
    await prepare(vm);
    const { memoryMiB, devices, containerHost } = smallVm;
    const { layers: prepared } = await lab.images.loadSnapshot({ memoryMiB, devices, containerHost });
    const parent = prepared.map(({ bytes }) => bytes.slice(0));
    const { layer, config } = await vm.checkpoint({ parent, freezeDisks: async () => [] });
    expect(config.machine).toMatchObject({ shares: 3 });
    const layers: StateLayer[] = [...prepared, { digest: await digestOf(new Uint8Array(layer)), bytes: layer }];
    const saved: SavedMachine = { config, layers, continued };
    const restored = continued ? vm : create('clone');
    await restored.restore(saved);
    await expectWhole(restored);
  });

  it('waits for a store that is started again, and reads on', async () => {
    const vm = create('patient');
    await vm.start();
    await prepare(vm);
    shelf.restart();
    await expectWhole(vm);
  });

  it('boots cold with them, too', async () => {
    const vm = create('cold');
    await vm.start();
    await vm.reset();
    expect(vm.startMethod).toBe('cold-boot');
    await prepare(vm);
    await expectWhole(vm);
  });

  it('is refused when its shares cannot be', () => {
    const refuse = (wrong: readonly ShareSpec[]) =>
      expect(() => lab.driver.create({ ...smallVm, name: 'wrong', shares: wrong })).toThrow(
        expect.objectContaining({ code: 'InvalidArgument' }),
      );
    const [first] = shares;
    if (!first || !('layer' in first)) throw new Error('No share');
    refuse([{ tag: 'with space', layer: first.layer }]);
    refuse([{ tag: 'x'.repeat(32), layer: first.layer }]);
    refuse([first, first]);
    refuse([{ tag: 'none', layers: [] }]);
    refuse(Array.from({ length: 5 }, (_, index) => ({ ...first, tag: `t${index}` })));
  });
});
