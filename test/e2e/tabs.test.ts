import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { launch, openPage, recordsOf, type StrataPage, shellIn, smallVm } from '../support/page-fleet';

/** Two tabs of one origin: one has the lab, the other can lend it a hand, or take it over. */
describe('two tabs', () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let context: BrowserContext;
  let owner: Page;

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    context = await browser.newContext();
    owner = await context.newPage();
    await openPage(owner, server.url);
    await launch(owner, { ...smallVm, name: 'stays' });
    await launch(owner, { ...smallVm, name: 'moves' });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const secondTab = async (): Promise<Page> => {
    const page = await context.newPage();
    await openPage(page, server.url);
    return page;
  };
  const hosts = (): Promise<readonly string[]> =>
    owner.evaluate(() => (globalThis as unknown as StrataPage).strata.lab.hosts().map(({ id }) => id));

  it('let one move a running machine to the other, with its connections', async () => {
    const second = await secondTab();
    await second.getByText('Strata is open in another tab').waitFor();
    await expect.poll(hosts).toHaveLength(1);
    const [host = ''] = await hosts();
    const pinging = shellIn(owner, 'stays', 'ping -c 10 -i 0.5 -W 5 moves');
    await owner.evaluate(async (tab) => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const moves = lab.list().find(({ name }) => name === 'moves')?.id ?? '';
      await lab.migrate(moves, tab).finished;
    }, host);
    expect(await pinging).toContain(' 0% packet loss');
    expect(await shellIn(owner, 'moves', 'ping -c 1 -W 5 stays && hostname')).toMatch(/ 0% packet loss.*moves\n$/s);
    await second.close();
    await expect
      .poll(async () => (await recordsOf(owner)).map(({ name, state }) => `${name} ${state.phase}`), {
        timeout: 20_000,
      })
      .toEqual(['stays running', 'moves failed']);
    expect(await shellIn(owner, 'stays', 'echo still here')).toBe('still here\n');
  });

  it('let the other take the lab over, and its machines go on there', async () => {
    await shellIn(owner, 'stays', 'echo mine > /tmp/kept');
    const second = await secondTab();
    await second.getByRole('button', { name: 'Use Strata in this tab' }).click();
    await owner.getByText('Another tab has taken over').waitFor();
    await expect
      .poll(async () => (await recordsOf(second)).map(({ name, state }) => `${name} ${state.phase}`), {
        timeout: 60_000,
      })
      .toEqual(['stays running', 'moves created']);
    expect(await shellIn(second, 'stays', 'cat /tmp/kept')).toBe('mine\n');
  });
});
