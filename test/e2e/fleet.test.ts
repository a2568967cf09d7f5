import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { launch, openPage, recordsOf, type StrataPage, shellIn, smallVm as small } from '../support/page-fleet';

/** The whole of the fleet's promise, in one browser, by the page's own lab. */
describe('a fleet on one wire', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await open();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const open = (): Promise<void> => openPage(page, server.url);
  const sh = (name: string, command: string): Promise<string> => shellIn(page, name, command);

  const act = (name: string, action: 'kill' | 'start'): Promise<void> =>
    page.evaluate(
      async ([which, what]) => {
        const { lab } = (globalThis as unknown as StrataPage).strata;
        await lab[what](lab.list().find((each) => each.name === which)?.id ?? '').finished;
      },
      [name, action] as const,
    );

  it('starts two machines that ping each other by name', async () => {
    await launch(page, { ...small, name: 'alpha', disks: [{ sizeMiB: 32 }] });
    await launch(page, { ...small, name: 'beta' });
    expect(await sh('alpha', 'ping -c 2 -W 5 beta')).toContain(' 0% packet loss');
    expect(await sh('beta', 'ping -c 2 -W 5 alpha')).toContain(' 0% packet loss');
  });

  it('clones one three times, each with an identity of its own, and all five ping each other', async () => {
    await page.evaluate(async () => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const beta = lab.list().find(({ name }) => name === 'beta');
      await lab.clone({ instance: beta?.id ?? '' }, { names: ['gamma', 'delta', 'epsilon'] }).finished;
    });
    const fleet = await recordsOf(page);
    expect(fleet.map(({ name, state }) => [name, state.phase])).toEqual(
      ['alpha', 'beta', 'gamma', 'delta', 'epsilon'].map((name) => [name, 'running']),
    );
    expect(new Set(fleet.map(({ nics }) => nics[0]?.mac)).size).toBe(5);
    for (const { name, nics } of fleet) {
      expect(await sh(name, 'hostname')).toBe(`${name}\n`);
      expect(await sh(name, 'cat /sys/class/net/eth0/address')).toBe(`${nics[0]?.mac}\n`);
      const clock = Number(await sh(name, 'date +%s'));
      expect(Math.abs(clock - Date.now() / 1000)).toBeLessThan(5);
      for (const other of fleet) {
        if (other.name !== name) expect(await sh(name, `ping -c 1 -W 5 ${other.name}`)).toContain(' 0% packet loss');
      }
    }
  });

  it('restores a snapshot: the change is gone, memory and disk are those of then, and the disk is clean', async () => {
    await sh(
      'alpha',
      'mke2fs -F /dev/vda && mkdir -p /mnt/d && mount /dev/vda /mnt/d && echo then > /mnt/d/file && sync',
    );
    await sh('alpha', 'echo then > /tmp/memory');
    await page.evaluate(async () => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const alpha = lab.list().find(({ name }) => name === 'alpha')?.id ?? '';
      await lab.snapshot(alpha, { name: 'then', notes: 'before the change' }).finished;
    });
    await sh('alpha', 'echo later > /mnt/d/file && echo later > /tmp/memory && touch /mnt/d/new && sync');
    await page.evaluate(async () => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const alpha = lab.list().find(({ name }) => name === 'alpha')?.id ?? '';
      const then = lab.snapshots().find(({ name }) => name === 'then')?.id ?? '';
      await lab.restoreSnapshot(alpha, then).finished;
    });
    expect(await sh('alpha', 'cat /mnt/d/file /tmp/memory; ls /mnt/d')).toBe('then\nthen\nfile\nlost+found\n');
    // Dropping the caches makes the guest read the disk itself.
    const reread = 'umount /mnt/d && echo 3 > /proc/sys/vm/drop_caches && mount /dev/vda /mnt/d && cat /mnt/d/file';
    expect(await sh('alpha', reread)).toBe('then\n');
    expect(await sh('alpha', 'ping -c 1 -W 5 gamma')).toContain(' 0% packet loss');
  });

  it('goes on after a reload with the processes that ran', async () => {
    await sh('gamma', 'setsid sh -c "while true; do date +%s > /tmp/beat; sleep 1; done" > /dev/null 2>&1 &');
    const uptimeBefore = Number.parseFloat(await sh('gamma', 'cut -d" " -f1 /proc/uptime'));
    await page.evaluate(() => (globalThis as unknown as StrataPage).strata.lab.saveForReload());
    await open();
    await expect
      .poll(async () => (await recordsOf(page)).map(({ name, state }) => `${name} ${state.phase}`), { timeout: 60_000 })
      .toEqual(['alpha running', 'beta running', 'gamma running', 'delta running', 'epsilon running']);
    expect(Number.parseFloat(await sh('gamma', 'cut -d" " -f1 /proc/uptime'))).toBeGreaterThan(uptimeBefore);
    const beat = await sh('gamma', 'cat /tmp/beat');
    await expect.poll(() => sh('gamma', 'cat /tmp/beat'), { interval: 500 }).not.toBe(beat);
    expect(await sh('alpha', 'cat /mnt/d/file; ping -c 1 -W 5 delta')).toMatch(/^then\n.* 0% packet loss/s);
  });

  it('moves a machine to another worker while somebody talks to it', async () => {
    await sh('delta', 'setsid sh -c "sleep 120 | nc -l -p 7000 > /tmp/heard" > /dev/null 2>&1 < /dev/null &');
    await expect.poll(() => sh('delta', 'netstat -ltn')).toContain(':7000');
    const lines = [1, 2, 3, 4, 5, 6].map((number) => `line ${number}\n`).join('');
    // It ends by its own limit, since nobody answers; what was heard tells.
    sh('beta', 'for n in 1 2 3 4 5 6; do echo line $n; sleep 1; done | nc -w 20 delta 7000').catch(() => {});
    await page.evaluate(async () => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const delta = lab.list().find(({ name }) => name === 'delta')?.id ?? '';
      await lab.migrate(delta).finished;
    });
    await expect.poll(() => sh('delta', 'cat /tmp/heard')).toBe(lines);
  });

  it('loses only the machine whose worker is killed', async () => {
    await act('epsilon', 'kill');
    const states = new Map((await recordsOf(page)).map(({ name, state }) => [name, state.phase]));
    expect(states.get('epsilon')).toBe('stopped');
    expect(await sh('beta', 'ping -c 1 -W 5 gamma')).toContain(' 0% packet loss');
    await act('epsilon', 'start');
    expect(await sh('epsilon', 'ping -c 1 -W 5 gamma')).toContain(' 0% packet loss');
  });

  it('left no error behind', () => {
    expect(complaints).toEqual([]);
  });
});
