import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instance } from '../../src/api/instance';
import { createImageLab, type ImageLab } from '../support/image-lab';
import { shell, smallVm } from '../support/node-lab';

/** Our kernel with hardware that it could have on iron: what virtio is compared with. */
describe('a machine with emulated devices', { timeout: 120_000 }, () => {
  let images: ImageLab;
  beforeAll(async () => {
    images = await createImageLab();
  });
  afterAll(() => images.dispose());

  const start = async (name: string, sizes: readonly number[]): Promise<Instance> => {
    const { lab } = images;
    const disks = sizes.map((sizeMiB) => ({ sizeMiB }));
    const { id } = await lab.create({ ...smallVm, name, devices: 'emulated', disks });
    await lab.start(id).finished;
    return lab.instance(id);
  };

  it('has its first two disks at the ATA controller, and a third by virtio', async () => {
    const vm = await start('three', [8, 16, 24]);
    expect((await shell(vm, 'cd /sys/block && grep . sd?/size vd?/size')).stdout).toBe(
      'sda/size:16384\nsdb/size:32768\nvda/size:49152\n',
    );
    expect((await shell(vm, 'readlink -f /sys/block/sda/device && grep ata_piix /proc/interrupts')).stdout).toMatch(
      /\/ata\d\//,
    );
  });

  it('keeps what it writes over a snapshot and a power cycle', async () => {
    const { lab } = images;
    const vm = await start('kept', [8]);
    const { id } = vm;
    const read = async (): Promise<string> =>
      (await shell(lab.instance(id), 'echo 3 > /proc/sys/vm/drop_caches; head -c 5 /dev/sda')).stdout;
    await shell(vm, 'echo first | dd of=/dev/sda conv=fsync');
    await lab.snapshot(id, { name: 'first' }).finished;
    await shell(vm, 'echo other | dd of=/dev/sda conv=fsync');
    expect(await read()).toBe('other');
    const [snapshot] = lab.snapshots().filter(({ name }) => name === 'first');
    await lab.restoreSnapshot(id, snapshot?.id ?? '').finished;
    expect(await read()).toBe('first');
    await lab.stop(id).finished;
    await lab.start(id).finished;
    expect(await read()).toBe('first');
  });
});
