import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { containersComeAndGo } from '../support/page-containers';
import { askEngine } from '../support/page-engine';
import { openPage, recordsOf, reloadSaved } from '../support/page-fleet';

const patience = { timeout: 90_000, interval: 250 };

/** Containers as a person meets them: run from an image that is not here yet, looked at from inside and outside. */
describe('containers in the page', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    await openPage(page, server.url);
    await page.getByRole('link', { name: 'Containers' }).click();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const view = () => page.locator('strata-containers-view');
  const tab = (name: string) => view().getByRole('navigation').getByRole('link', { name, exact: true });
  const action = (name: string) => view().getByRole('toolbar').getByRole('button', { name, exact: true });
  const terminal = async (): Promise<string> =>
    (await view().locator('.xterm-rows > div').allTextContents()).join('\n').replaceAll('\u00a0', ' ');

  const problems = async (): Promise<unknown> => {
    await page.evaluate(axe.source);
    return page.evaluate(
      "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html)))",
    );
  };

  it('are run from an image that is pulled first, on a host that starts by itself', async () => {
    await view().getByText('No containers yet').waitFor();
    await view().getByRole('button', { name: 'Run a container' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/^\s*Image/).fill('busybox');
    await dialog.getByLabel(/^\s*Name/).fill('counter');
    await dialog
      .getByLabel(/^\s*Command/)
      .fill(`sh -c 'trap exit TERM; i=0; while sleep 1; do i=$((i+1)); echo "line $i"; echo "err $i" >&2; done'`);
    await dialog.getByLabel(/^\s*Environment/).fill('GREETING=hello');
    await dialog.getByLabel(/^\s*Memory limit/).fill('24');
    await dialog.getByLabel(/^\s*When it ends/).selectOption('always');
    expect(await problems()).toEqual([]);
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await expect.poll(terminal, patience).toMatch(/line 1\nerr 1\n/);
    expect(await problems()).toEqual([]);
  });

  it('have a shell, which is inside', async () => {
    await tab('Terminal').click();
    await expect.poll(terminal, patience).toContain('/ # ');
    await view().locator('.xterm-helper-textarea').focus();
    await page.keyboard.type('echo $GREETING from pid $(cut -d" " -f1 /proc/1/stat), $(id -u); touch /mark\n');
    await expect.poll(terminal, patience).toContain('hello from pid 1, 0');
  });

  it('are seen from inside and from the kernel of their host', async () => {
    await tab('Inside and outside').click();
    const row = (name: string) => view().getByRole('row', { name: new RegExp(`^${name}`) });
    await row('Limits').getByText('25165824').first().waitFor();
    await row('Root file system').getByText('overlay').first().waitFor();
    await row('Network')
      .getByText(/eth0 is \S+ on br0/)
      .waitFor();
    for (const side of [0, 1]) await row('Capabilities').getByText('14 of 41').nth(side).waitFor();
    for (const side of [0, 1]) await row('System calls').getByText('filtered by seccomp').nth(side).waitFor();
    for (const side of [0, 1])
      await row('Mounts')
        .getByText(/^\/ +overlay +rw/)
        .nth(side)
        .waitFor();
    for (const side of [0, 1]) await row('Mounts').getByText('/proc/keys').nth(side).waitFor();
    await row('Namespaces')
      .getByRole('cell')
      .first()
      .getByText(/^pid:\[\d+\]$/)
      .waitFor();
    await row('Namespaces').getByText('its own').first().waitFor();
    // The first process is 1 inside, and another number outside.
    await row('Processes')
      .getByText(/^\s*1 root\s+sh -c trap exit TERM/m)
      .first()
      .waitFor();
    expect(await problems()).toEqual([]);
    // It looks again by itself; what it asks is no event.
    const start = `new Request('http://engine/containers/counter/exec', { method: 'POST', body: JSON.stringify({ Cmd: ['sleep', '7777'] }), headers: { 'Content-Type': 'application/json' } })`;
    await page.evaluate(
      `strata.engine.fetch(${start}).then((made) => made.json()).then(({ Id }) => strata.engine.fetch(new Request('http://engine/exec/' + Id + '/start', { method: 'POST', body: '{"Detach":true}', headers: { 'Content-Type': 'application/json' } })))`,
    );
    await row('Processes').getByText('sleep 7777').first().waitFor();
    const told = await page.evaluate(
      `strata.engine.fetch(new Request('http://engine/events?since=1&until=' + (Date.now() / 1000 | 0))).then((events) => events.text())`,
    );
    expect(told).toContain('exec_create: sleep 7777');
    expect(told).not.toContain('exec_create: /bin/sh"');
  });

  it('show what they use, what runs in them, what they changed and what docker inspect says', async () => {
    await tab('Stats').click();
    await view()
      .getByText(/ of 25/)
      .first()
      .waitFor();
    await tab('Processes').click();
    await view()
      .getByText(/sleep 1/)
      .first()
      .waitFor();
    await tab('Changes').click();
    await view()
      .getByRole('row', { name: /Added.*\/mark/ })
      .waitFor();
    await tab('Inspect').click();
    await view().getByText('"GREETING=hello"').first().waitFor();
    expect(await problems()).toEqual([]);
  });

  it('have files: browsed, brought, edited, deleted and had back, saved', async () => {
    await tab('Files').click();
    const file = (name: string | RegExp) => view().getByRole('treeitem', { name });
    const inside = (command: string) =>
      page.evaluate(
        `strata.engine.fetch(new Request('http://engine/containers/counter/exec', { method: 'POST', body: JSON.stringify({ AttachStdout: true, Tty: true, Cmd: ['sh', '-c', ${JSON.stringify(command)}] }), headers: { 'Content-Type': 'application/json' } })).then((made) => made.json()).then(({ Id }) => strata.engine.fetch(new Request('http://engine/exec/' + Id + '/start', { method: 'POST', body: '{"Tty":true}', headers: { 'Content-Type': 'application/json' } }))).then((said) => said.text())`,
      );
    await file(/^mark/).waitFor();
    await file(/^etc/).click();
    await file(/^hostname/).waitFor();
    await file(/^tmp/).click();
    await view()
      .locator('#upload')
      .setInputFiles({ name: 'a b', mimeType: '', buffer: Buffer.alloc(200_000, 'x') });
    await file(/^a b/).waitFor();
    expect(await inside("wc -c < '/tmp/a b'")).toBe('200000\r\n');
    expect(await inside('echo first > /tmp/note; chown 7:8 /tmp/note; chmod 640 /tmp/note')).toBe('');
    await view().getByRole('button', { name: 'Read again' }).click();
    await file(/^note/).focus();
    await page.keyboard.press('Enter');
    await view()
      .getByRole('textbox', { name: /^Content of/ })
      .fill('second\n');
    await page.keyboard.press('Control+s');
    await expect
      .poll(() => inside('cat /tmp/note; stat -c "%u %g %a" /tmp/note'), patience)
      .toBe('second\r\n7 8 640\r\n');
    expect(await problems()).toEqual([]);
    await view().getByRole('button', { name: 'Close' }).click();
    await file(/^note/).focus();
    await page.keyboard.press('Delete');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => inside('cat /tmp/note'), patience).toBe('second\r\n');
    await file(/^note/).click();
    const saved = page.waitForEvent('download');
    await view().getByRole('button', { name: 'Download' }).click();
    expect((await saved).suggestedFilename()).toBe('note');
  });

  it('are brought to a network and away from it', async () => {
    await page.evaluate(
      "strata.engine.fetch(new Request('http://engine/networks/create', { method: 'POST', body: '{\"Name\":\"talk\"}', headers: { 'Content-Type': 'application/json' } }))",
    );
    await tab('Network').click();
    const row = (name: RegExp) => view().getByRole('row', { name });
    await row(/^bridge 10\.\d+\.\d+\.\d+\/\d+ ([0-9a-f]{2}:){5}/).waitFor();
    await view().getByLabel('Another network').selectOption('talk');
    await view().getByRole('button', { name: 'Join', exact: true }).click();
    await row(/^talk .* counter, /).waitFor();
    expect(await problems()).toEqual([]);
    await view().getByRole('button', { name: 'Leave talk' }).click();
    await row(/^talk/).waitFor({ state: 'detached' });
    await view().getByLabel('Another network').waitFor();
  });

  it('are paused, resumed, killed and started again', async () => {
    await action('Pause').click();
    await view()
      .getByText(/Paused/)
      .first()
      .waitFor();
    await action('Resume').click();
    await action('Kill').click();
    await view()
      .getByText(/Exited \(137\)/)
      .first()
      .waitFor();
    await action('Start').click();
    await view()
      .getByText(/^\s*Up /)
      .first()
      .waitFor({ timeout: patience.timeout });
  });

  it('come back after a reload', async () => {
    await tab('Logs').click();
    await expect.poll(terminal, patience).toMatch(/line \d/);
    await reloadSaved(page);
    await view()
      .getByText(/^\s*Up /)
      .first()
      .waitFor({ timeout: patience.timeout });
    await expect.poll(terminal, patience).toMatch(/line \d/);
  });

  const dock = () => page.locator('strata-dock');
  const dockTab = (name: string) => dock().getByRole('tab', { name, exact: true });
  const docked = async (name: string): Promise<string> => {
    const rows = dock().getByRole('tabpanel', { name, exact: true }).locator('.xterm-rows > div');
    return (await rows.allTextContents()).join('\n').replaceAll('\u00a0', ' ');
  };

  it('are in the dock: what they print, split with a shell beside it, pinned, and there again after a reload', async () => {
    await view()
      .getByRole('button', { name: /^More: / })
      .click();
    await page.getByRole('menuitem', { name: 'Logs in the dock' }).click();
    await expect.poll(() => docked('counter logs'), patience).toMatch(/line \d/);
    await dock().getByRole('button', { name: 'More of the terminal' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Pin the tab' }).click();
    await dock().getByRole('button', { name: 'Split to the right' }).click();
    await expect.poll(() => docked('counter sh 1'), patience).toContain('/ # ');
    await page.keyboard.type('echo $GREETING from pid $(cut -d" " -f1 /proc/1/stat)\n');
    await expect.poll(() => docked('counter sh 1'), patience).toContain('hello from pid 1');
    expect(await problems()).toEqual([]);
    await reloadSaved(page);
    await expect.poll(() => docked('counter logs, pinned'), patience).toMatch(/line \d/);
    // A new shell: nothing is left of the one before.
    await expect.poll(() => docked('counter sh 1'), patience).toContain('/ # ');
    expect(await docked('counter sh 1')).not.toContain('hello from');
    expect(await dock().getByRole('tablist').count()).toBe(2);
  });

  it('are stopped and removed', async () => {
    await action('Stop').click();
    await action('Start').waitFor({ timeout: patience.timeout });
    await action('Remove').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await view().getByText('No containers yet').waitFor();
    await expect.poll(() => docked('counter logs, pinned'), patience).toContain('[No such container: counter]');
    await dockTab('counter sh 1').click();
    await dockTab('counter sh 1').press('Delete');
    await dock().getByRole('button', { name: 'More of the terminal' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Pin the tab' }).click();
    await dockTab('counter logs').press('Delete');
    expect(await problems()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('that come and go leave no container, no worker and no listener behind', { timeout: 600_000 }, async () => {
    // One is made ready for the first unikernel some seconds after the page has come.
    await expect
      .poll(() => page.workers().some((each) => each.url().includes('/worker-unikernel-')), patience)
      .toBe(true);
    const cdp = await context.newCDPSession(page);
    const { before, after } = await containersComeAndGo(page, cdp, 10);
    expect(after.containers).toBe(0);
    expect(after.workers).toBe(before.workers);
    // Not one for each of them.
    expect(after.listeners - before.listeners).toBeLessThan(10);
  });

  it('are named when the host is removed that they go with, which can be undone', async () => {
    await askEngine(page, 'POST', '/containers/create?name=left', {
      Image: 'busybox',
      HostConfig: { Binds: ['kept:/k'] },
    });
    await askEngine(page, 'POST', '/containers/left/start');
    const host = (await recordsOf(page)).find(({ spec }) => spec.kind === 'vm' && spec.containerHost);
    await page.evaluate((id) => {
      location.hash = `#/machines/${id}/summary`;
    }, host?.id);
    const shown = page.locator('strata-instance-view');
    await shown.getByRole('button', { name: /^More: / }).click();
    await page.getByRole('menuitem', { name: /Remove/ }).click();
    await page.getByText('With all that is on its disk: left, volume kept.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).first().click();
    expect((await recordsOf(page)).map(({ id }) => id)).toContain(host?.id);
  });
});
