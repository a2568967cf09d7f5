import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiskSpec } from '../../src/api/disk';
import type { Instance } from '../../src/api/instance';
import { printedRandom } from '../../src/base/seed-fixture';
import { hasFileSystemTools } from '../support/disk-templates';
import { shell, smallVm } from '../support/node-lab';
import { crashVolumes } from '../support/volume-crashes';
import { createVolumeLab, templateMiB, type VolumeLab } from '../support/volume-lab';

const ext4: DiskSpec = { sizeMiB: templateMiB, format: 'ext4' };

describe.runIf(hasFileSystemTools)('disks with a file system', () => {
  let volumes: VolumeLab;
  beforeAll(async () => {
    volumes = await createVolumeLab();
  });
  afterAll(() => volumes.dispose());

  const start = async (name: string, disks: readonly DiskSpec[]): Promise<Instance> => {
    const { lab } = volumes;
    const { id } = await lab.create({ ...smallVm, name, disks });
    await lab.start(id).finished;
    return lab.instance(id);
  };

  it('are mounted as they come, with a journal', async () => {
    const vm = await start('mounts', [ext4]);
    const mounted = await shell(
      vm,
      'mkdir /tmp/d && mount /dev/vda /tmp/d && echo hello > /tmp/d/file && sync && mount',
    );
    expect(mounted).toMatchObject({ code: 0 });
    expect(mounted.stdout).toMatch(/\/dev\/vda on \/tmp\/d type ext4/);
    expect((await shell(vm, 'dmesg')).stdout).toMatch(/EXT4-fs \(vda\): mounted filesystem with ordered data mode/);
    expect((await shell(vm, 'df -m /tmp/d')).stdout).toMatch(/\/dev\/vda +5\d /);
    // Nobody wrote inode tables or a journal of zeros.
    const [disk] = (await volumes.store.disks.list()).filter(({ base, storedBytes }) => base && storedBytes > 0);
    expect(disk?.storedBytes).toBeLessThan(1024 * 1024);
  });

  it.each(['machine', 'store'] as const)('have all that was acknowledged when the %s is killed', async (victim) => {
    const { kills, acknowledged } = await crashVolumes(volumes, [victim, victim], printedRandom(`killed ${victim}`));
    expect(kills).toBe(2);
    expect(acknowledged).toBeGreaterThan(1);
  });
});
