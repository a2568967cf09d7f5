import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay, systemClock } from '../../src/base/clock';
import type { SeededRandom } from '../../src/base/seeded-random';
import { KillableStore } from '../../test/support/killable-store';
import { type NodeLab, shell, smallVm } from '../../test/support/node-lab';

/** Deaths in bursts, with time between them in which the store counts as sound again. */
const bursts = 10;
const deathsInBurst = 4;
const restMs = 11_000;

const mount = 'mkdir -p /tmp/disk && mount -t ext4 /dev/vda /tmp/disk && cd /tmp/disk';

/** The store dies again and again under a guest that writes past its cache; then every file is compared. */
export async function storeDeaths(lab: NodeLab, random: SeededRandom): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'strata-soak-'));
  const store = new KillableStore(join(directory, 'journal'));
  const { id } = await store.disks.create({ sizeMiB: 64 });
  const vm = lab.driver.create({ ...smallVm, disks: [{ sizeMiB: 64 }] }, store.resources(id));
  await vm.start();
  const run = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await shell(vm, command);
    if (code !== 0) throw new Error(`"${command}" ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  };
  await run(`mke2fs -F /dev/vda >/dev/null 2>&1 && ${mount}`);
  const writing = run(
    'cd /tmp/disk; i=0; while [ ! -e /tmp/stop ]; do i=$((i + 1)); f=f$((i % 60)); ' +
      'dd if=/dev/urandom of=$f bs=64k count=8 oflag=direct 2>/dev/null || exit 1; md5sum $f > /tmp/$f.sum; ' +
      '[ $((i % 5)) = 0 ] && sync; done; sync; echo $i',
  );
  for (let burst = 0; burst < bursts; burst += 1) {
    for (let death = 0; death < deathsInBurst; death += 1) {
      await delay(systemClock, 1000 + random.below(2000));
      store.kill();
    }
    await delay(systemClock, restMs);
  }
  await run('touch /tmp/stop');
  const files = (await writing).trim();
  await run(`cd /; umount /tmp/disk && echo 3 > /proc/sys/vm/drop_caches; ${mount} && md5sum -c /tmp/*.sum`);
  await run('! dmesg | grep -iE "I/O error|EXT4-fs error"');
  await vm.dispose();
  store.dispose();
  await rm(directory, { recursive: true });
  console.log(`The store died ${store.deaths} times under ${files} files of half a megabyte, and none was lost`);
}
