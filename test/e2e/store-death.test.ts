import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { launch, openPage, recordsOf, runInGuest, smallVm } from '../support/page-fleet';

/** The store's worker ends as one does that crashes: nobody tells the machines, whose ports are simply silent. */
async function endStore(page: Page): Promise<void> {
  const worker = page.workers().find((each) => each.url().includes('/worker-store-'));
  if (!worker) throw new Error(`No store among ${page.workers().map((each) => each.url())}`);
  const closed = worker.waitForEvent('close');
  // Closing interrupts the very call that asks for it.
  await worker.evaluate('self.close()').catch(() => {});
  await closed;
}

describe('a page whose store ends', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let page: Page;
  let vm: string;

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    page = await (await browser.newContext()).newPage();
    // Compilers that keep names wrap functions in a helper that functions sent to the page lack.
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, server.url);
    vm = await launch(page, { ...smallVm, name: 'db', disks: [{ sizeMiB: 32 }] });
    await runInGuest(page, vm, 'mke2fs -F /dev/vda >/dev/null && mkdir /tmp/disk && mount -t ext4 /dev/vda /tmp/disk');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it('leaves its machines their disks, with all that they wrote', async () => {
    const writing = runInGuest(
      page,
      vm,
      'cd /tmp/disk; for i in 0 1 2 3 4 5; do dd if=/dev/urandom of=f$i bs=64k count=4 oflag=direct 2>/dev/null; ' +
        'md5sum f$i >> /tmp/sums; [ $((i % 3)) = 0 ] && sync; done; sync',
    ).catch((error: unknown) => error);
    for (const file of ['f1', 'f4']) {
      await runInGuest(page, vm, `while [ ! -e /tmp/disk/${file} ]; do usleep 20000; done`);
      await endStore(page);
    }
    expect(await writing).toBe('');
    const mount = 'mount -t ext4 /dev/vda /tmp/disk';
    const checked = await runInGuest(
      page,
      vm,
      `umount /tmp/disk && echo 3 > /proc/sys/vm/drop_caches && ${mount} && cd /tmp/disk && md5sum -c /tmp/sums | grep -c OK`,
    );
    expect(checked).toBe('6\n');
    expect(await runInGuest(page, vm, 'dmesg | grep -ciE "I/O error|EXT4-fs error" || true')).toBe('0\n');
  });

  it('can save them afterwards, and comes back with them after a reload', async () => {
    await runInGuest(page, vm, 'echo saved > /tmp/disk/note; sync');
    await endStore(page);
    await page.evaluate(
      `(async () => { const { lab } = strata; await lab.snapshot('${vm}', { name: 'After' }).finished; await lab.saveForReload(); })()`,
    );
    await page.reload();
    await page.waitForFunction(() => 'strata' in globalThis);
    const phase = async (): Promise<string | undefined> =>
      (await recordsOf(page)).find(({ id }) => id === vm)?.state.phase;
    await expect.poll(phase).toBe('running');
    expect(await runInGuest(page, vm, 'cat /tmp/disk/note')).toBe('saved\n');
  });
});
