import type { Page } from 'playwright-core';
import { runInGuest, type StrataPage } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { atLeast, type Row } from '../row';
import { median } from '../statistics';

const megabytes = 64;
/** What is written, again and again: not zeros, which are not stored. It has to fit into the guest's memory. */
const patternMegabytes = 16;
const runs = 5;
const bytes = megabytes * 1024 * 1024;

/** A guest reads and writes a disk in one go: raw, and through ext4 (the guest's mke2fs has no journal). */
export async function guestDisk(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  try {
    await page.goto(lab.url);
    await page.waitForFunction(() => 'strata' in globalThis);
    const vm = await startVm(page);
    await runInGuest(page, vm, `dd if=/dev/urandom of=/tmp/pattern bs=1M count=${patternMegabytes}`);
    const raw = await measure(page, vm, '/dev/vda');
    await runInGuest(page, vm, 'mke2fs -F /dev/vda >/dev/null 2>&1; mkdir /tmp/d; mount -t ext4 /dev/vda /tmp/d');
    const files = await measure(page, vm, '/tmp/d/file');
    return [
      {
        name: 'guest disk, sequential read',
        value: raw.read,
        unit: 'MB/s',
        goal: atLeast(100),
        peer: `ext4 ${files.read.toFixed(0)}`,
      },
      {
        name: 'guest disk, sequential write with fsync',
        value: raw.write,
        unit: 'MB/s',
        goal: atLeast(15, 30),
        peer: `ext4 ${files.write.toFixed(0)}`,
      },
    ];
  } finally {
    await close();
  }
}

/** Medians, MB/s. The page's cache is emptied before each read; writes overwrite what is there. */
async function measure(
  page: Page,
  vm: string,
  path: string,
): Promise<{ readonly read: number; readonly write: number }> {
  const writes: number[] = [];
  const reads: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const parts = Array.from({ length: megabytes / patternMegabytes }, (_, part) => part * patternMegabytes);
    const write = parts.map((seek) => `dd if=/tmp/pattern of=${path} bs=1M seek=${seek} conv=notrunc`).join(' && ');
    writes.push(await rate(page, vm, `${write} && dd if=/dev/null of=${path} count=0 conv=notrunc,fsync`));
    await runInGuest(page, vm, 'sync; echo 3 > /proc/sys/vm/drop_caches');
    reads.push(await rate(page, vm, `dd if=${path} of=/dev/null bs=1M count=${megabytes}`));
  }
  return { read: median(reads), write: median(writes) };
}

async function rate(page: Page, vm: string, command: string): Promise<number> {
  const seconds = await page.evaluate(
    async ([which, line]) => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const begun = performance.now();
      const process = await lab.instance(which).exec({ argv: ['/bin/sh', '-c', `exec >/dev/null 2>&1; ${line}`] });
      const code = await process.exited;
      if (code !== 0) throw new Error(`"${line}" ended with ${code}`);
      return (performance.now() - begun) / 1000;
    },
    [vm, command] as const,
  );
  return bytes / 1e6 / seconds;
}

function startVm(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const { lab } = (globalThis as unknown as StrataPage).strata;
    const { id } = await lab.create({
      kind: 'vm',
      name: 'disk',
      memoryMiB: 64,
      devices: 'virtio',
      containerHost: false,
      disks: [{ sizeMiB: 256 }],
    });
    await lab.start(id).finished;
    return id;
  });
}
