import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DiskId } from '../../src/api/disk';
import type { Instance } from '../../src/api/instance';
import { digestOf } from '../../src/formats/digest';
import { KillableStore } from '../support/killable-store';
import { createNodeLab, type NodeLab, shell, smallVm } from '../support/node-lab';

const mount = 'mkdir -p /tmp/disk && mount -t ext4 /dev/vda /tmp/disk';

describe('a machine whose store is killed', () => {
  let directory: string;
  let lab: NodeLab;
  let store: KillableStore;
  const journal = () => join(directory, 'journal');

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'strata-disks-'));
    lab = await createNodeLab();
  });
  afterAll(async () => {
    await lab.dispose();
    await rm(directory, { recursive: true, force: true });
  });
  // One each: a store is not started again when it has died too often in a short time.
  beforeEach(() => {
    store = new KillableStore(journal());
  });
  afterEach(() => store.dispose());

  const create = async (): Promise<{ readonly vm: Instance; readonly disk: DiskId }> => {
    const { id: disk } = await store.disks.create({ sizeMiB: 48 });
    const vm = lab.driver.create({ ...smallVm, disks: [{ sizeMiB: 48 }] }, store.resources(disk));
    await vm.start();
    const made = await shell(vm, `mke2fs -F /dev/vda >/dev/null 2>&1 && ${mount}`);
    expect(made).toMatchObject({ code: 0 });
    return { vm, disk };
  };

  it('has lost nothing that it wrote, before, while or after; its file system is whole', async () => {
    const { vm } = await create();
    // Past the guest's cache, and flushed now and then only: the store dies with writes that nobody else has.
    const writing = shell(
      vm,
      'cd /tmp/disk; for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do ' +
        'dd if=/dev/urandom of=f$i bs=64k count=8 oflag=direct 2>/dev/null || exit 1; [ $((i % 4)) = 0 ] && sync; md5sum f$i >> /tmp/sums; done; sync',
    );
    for (let death = 0; death < 3; death += 1) {
      await shell(vm, `while [ ! -e /tmp/disk/f${4 * death + 2} ]; do usleep 20000; done`);
      store.kill();
    }
    expect(await writing).toMatchObject({ code: 0 });
    expect(store.deaths).toBe(3);
    const check = 'umount /tmp/disk && echo 3 > /proc/sys/vm/drop_caches';
    expect(await shell(vm, `${check} && ${mount} && cd /tmp/disk && md5sum -c /tmp/sums`)).toMatchObject({ code: 0 });
    expect((await shell(vm, 'dmesg | grep -iE "I/O error|EXT4-fs error"')).stdout).toBe('');

    // And what the guest believes is on the disk is what is in the store.
    await shell(vm, 'cp /tmp/sums /tmp/disk/sums; cd /; umount /tmp/disk');
    await vm.reset();
    const after = await shell(vm, `${mount} && cd /tmp/disk && md5sum -c sums | grep -c OK`);
    expect(after.stdout).toBe('16\n');
    expect(store.failures).toEqual([]);
    await vm.dispose();
  });

  it('moves to another worker with what is not flushed', async () => {
    const { vm } = await create();
    await shell(vm, 'echo before > /tmp/disk/file; sync; echo moved > /tmp/disk/file; sync &');
    await vm.migrate();
    store.kill();
    await vm.migrate();
    expect((await shell(vm, 'cat /tmp/disk/file; echo after > /tmp/disk/file && sync')).stdout).toBe('moved\n');
    await vm.pause();
    store.kill();
    await vm.resume();
    const read = await shell(vm, `umount /tmp/disk && ${mount} && cat /tmp/disk/file`);
    expect(read).toMatchObject({ code: 0, stdout: 'after\n' });
    await vm.dispose();
  });

  it('is saved only with a disk that has what it wrote', async () => {
    const { vm, disk } = await create();
    await shell(vm, 'echo saved > /tmp/disk/file');
    let killing = true;
    const freezeDisks = async (marks: readonly string[]) => {
      if (killing) store.kill();
      return [await store.disks.freeze(disk, marks[0])];
    };
    await expect(vm.checkpoint({ parent: [], freezeDisks })).rejects.toMatchObject({ code: 'Unavailable' });
    killing = false;
    // It goes on, and can be saved when the disk is there again.
    await shell(vm, 'sync');
    const saved = await vm.checkpoint({ parent: [], freezeDisks });
    await shell(vm, 'echo later > /tmp/disk/file; sync');
    await vm.kill();
    const [generation] = saved.disks;
    if (!generation) throw new Error('No generation');
    await store.disks.close(disk);
    await store.disks.revert(generation);
    const digest = await digestOf(new Uint8Array(saved.layer));
    await vm.restore({ config: saved.config, layers: [{ digest, bytes: saved.layer }], continued: false });
    expect((await shell(vm, `umount /tmp/disk && ${mount} && cat /tmp/disk/file`)).stdout).toBe('saved\n');
    await vm.dispose();
  });

  it('gets I/O errors from a disk that somebody else has had meanwhile, and that is said', async () => {
    const { vm, disk } = await create();
    await shell(vm, 'sync');
    const before = store.deaths;
    // A second store over the same disks comes first.
    const thief = new KillableStore(journal());
    await thief.disks.info(disk);
    store.kill();
    await thief.disks.freeze(disk);
    thief.dispose();
    const outcome = await shell(vm, 'echo lost > /tmp/disk/file && sync && dd if=/dev/vda of=/dev/null bs=64k');
    expect(outcome.code).not.toBe(0);
    expect(store.deaths).toBe(before + 1);
    expect(store.failures).toMatchObject([{ code: 'FailedPrecondition', details: { disk } }]);
    expect((await shell(vm, 'echo alive')).stdout).toBe('alive\n');
    await vm.dispose();
  });
});
