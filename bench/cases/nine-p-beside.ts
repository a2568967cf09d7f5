import type { MachineConfig } from '../../src/api/machine';
import { buildLayer, type Folder, file, layerSource } from '../../src/runtime/files/layer-fixture';
import { LayerTree } from '../../src/runtime/files/layer-tree';
import { emulatorTag, plugEmulatorFiles } from '../../test/support/emulator-files';
import { type LabMachine, startLabMachine } from '../../test/support/machine-lab';
import { createNodeLab } from '../../test/support/node-lab';
import type { Row } from '../row';
import { median } from '../statistics';

const config: MachineConfig = { memoryMiB: 64, devices: 'virtio', containerHost: false, shares: 1 };
const megabytes = 16;
const [directories, filesOfEach] = [20, 100];
const runs = 5;

const forget = 'echo 3 > /proc/sys/vm/drop_caches';

/** Our 9P server beside v86's own, mounted by the same guest on the same emulator in Node, in turns. */
export async function besideEmulatorFiles(): Promise<readonly Row[]> {
  const lab = await createNodeLab();
  const content = new Uint8Array(megabytes * 1_000_000).map((_, index) => (index * 31) ^ (index >> 9));
  const tree = new LayerTree(layerSource(buildLayer({ 'large.bin': file(content), many: manyFiles() })));
  const vm = await startLabMachine(lab.images, {
    config,
    mac: [2, 0, 0, 0, 0, 1],
    start: 'restored',
    shares: [{ tag: 'layer', tree: Promise.resolve(tree) }],
  });
  try {
    const own = await plugEmulatorFiles(vm);
    await own.CreateBinaryFile('large.bin', 0, content);
    const many = own.CreateDirectory('many', 0);
    for (const [name, folder] of Object.entries(manyFiles())) {
      const directory = own.CreateDirectory(name, many);
      for (const each of Object.keys(folder)) await own.CreateBinaryFile(each, directory, Uint8Array.of(116));
    }
    const [ours, theirs] = [await mount(vm, 'layer', '/tmp/ours'), await mount(vm, emulatorTag, '/tmp/theirs')];
    const read = (at: string) => `dd if=${at}/large.bin of=/dev/null bs=1M 2>/dev/null`;
    const list = (at: string) => `ls -lR ${at}/many > /dev/null`;
    const reads = await inTurns(vm, read(ours), read(theirs));
    const lists = await inTurns(vm, list(ours), list(theirs));
    const rate = (ms: number): number => (megabytes / ms) * 1000;
    const files = directories * filesOfEach;
    return [
      row('9P in Node: guest read', rate(reads.ours), 'MB/s', `v86's own ${rate(reads.theirs).toFixed(0)}`),
      row(`9P in Node: ls -lR of ${files} files`, lists.ours, 'ms', `v86's own ${lists.theirs.toFixed(0)}`),
    ];
  } finally {
    await vm.dispose();
    await lab.dispose();
  }
}

function row(name: string, value: number, unit: string, peer: string): Row {
  return { name, value, unit, peer };
}

function manyFiles(): Record<string, Folder> {
  const folder = (index: number): Folder =>
    Object.fromEntries(Array.from({ length: filesOfEach }, (_, each) => [`file-${index}-${each}`, file('t')]));
  return Object.fromEntries(Array.from({ length: directories }, (_, index) => [String(index), folder(index)]));
}

async function mount(vm: LabMachine, tag: string, at: string): Promise<string> {
  const options = 'trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro';
  await run(vm, `mkdir ${at} && mount -t 9p -o ${options} ${tag} ${at}`);
  return at;
}

/** Milliseconds of each, nothing cached: once to warm the emulator's code, then the medians of some runs in turns. */
async function inTurns(vm: LabMachine, ours: string, theirs: string) {
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let turn = 0; turn <= runs; turn += 1) {
    for (const [who, command] of [
      ['ours', ours],
      ['theirs', theirs],
    ] as const) {
      await run(vm, forget);
      const began = performance.now();
      await run(vm, command);
      if (turn > 0) times[who].push(performance.now() - began);
    }
  }
  return { ours: median(times.ours), theirs: median(times.theirs) };
}

async function run(vm: LabMachine, command: string): Promise<void> {
  const { code, stderr } = await vm.shell(command);
  if (code !== 0) throw new Error(`"${command}" ended with ${code}: ${stderr}`);
}
