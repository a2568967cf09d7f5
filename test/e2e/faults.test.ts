import { chromium, type Page, type Worker } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { launch, openPage, type StrataPage, smallVm } from '../support/page-fleet';

/** What is wrong with one machine stays its own: in a real page, with real workers. */
describe('faults in the page', () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let page: Page;

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  beforeEach(async () => {
    page = await (await browser.newContext()).newPage();
    // The compiler that runs this file names functions by a helper that functions sent to the page lack.
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, server.url);
  });
  afterEach(async () => {
    await page?.context().close();
  });

  /** Starts a machine and resolves with its id once it runs. */
  const startVm = (): Promise<string> => launch(page, smallVm);

  const phaseOf = (id: string): Promise<string> =>
    page.evaluate((which) => (globalThis as unknown as StrataPage).strata.lab.instance(which).state.phase, id);

  const echo = (id: string, text: string): Promise<string> =>
    page.evaluate(
      async ({ which, said }) => {
        const instance = (globalThis as unknown as StrataPage).strata.lab.instance(which);
        const process = await instance.exec({ argv: ['echo', said] });
        return new Response(process.stdout).text();
      },
      { which: id, said: text },
    );

  /** The workers of machines, the spare one too, by name. */
  async function vmWorkers(): Promise<Map<string, Worker>> {
    const found = new Map<string, Worker>();
    for (const worker of page.workers()) {
      const name = await worker
        .evaluate(() => (globalThis as unknown as { readonly name: string }).name)
        .catch(() => '');
      if (name.startsWith('vm-')) found.set(name, worker);
    }
    return found;
  }

  it('ends a machine whose worker spins for ever, and nothing else', async () => {
    const first = await startVm();
    const before = await vmWorkers();
    const second = await startVm();
    expect(await echo(second, 'here')).toBe('here\n');
    // Of the workers that were there when only the first machine ran, the oldest is its own.
    const name = [...before.keys()].sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)))[0] ?? '';
    const spinning = before.get(name)?.evaluate(() => {
      for (;;);
    });
    spinning?.catch(() => {});
    await expect.poll(() => phaseOf(first)).toBe('failed');
    expect(await phaseOf(second)).toBe('running');
    expect(await echo(second, 'still here')).toBe('still here\n');
    await page.evaluate((id) => (globalThis as unknown as StrataPage).strata.lab.start(id).finished, first);
    expect(await echo(first, 'back')).toBe('back\n');
  });

  it('answers clicks and starts another machine while a guest floods its console', async () => {
    const flooding = await startVm();
    await page.evaluate((id) => {
      const flood = { bytes: 0, end: '', type: (_: string): void => {} };
      const attachment = (globalThis as unknown as StrataPage).strata.lab
        .instance(id)
        .attachConsole(({ bytes, skipped }) => {
          flood.bytes += bytes.length + skipped;
          flood.end = (flood.end + new TextDecoder().decode(bytes)).slice(-200);
          queueMicrotask(() => attachment.acknowledge(bytes.length));
        });
      flood.type = (line) => attachment.write(new TextEncoder().encode(line));
      Object.assign(globalThis, { flood });
      flood.type('yes the console is full of this\r');
    }, flooding);
    const flooded = (): Promise<number> =>
      page.evaluate(() => (globalThis as unknown as { flood: { bytes: number } }).flood.bytes);
    await expect.poll(flooded).toBeGreaterThan(100_000);

    // A click that the page must answer with a machine of its own making, flood or not.
    const running = (): Promise<number> =>
      page.evaluate(() => {
        const { lab } = (globalThis as unknown as StrataPage).strata;
        return lab.list().filter(({ id }) => lab.instance(id).state.phase === 'running').length;
      });
    const duringClick = await flooded();
    await page
      .getByRole('button', { name: /new vm/i })
      .first()
      .click();
    await expect.poll(running).toBe(2);
    expect(await flooded()).toBeGreaterThan(duringClick);

    await page.evaluate(() => {
      const { flood } = globalThis as unknown as { flood: { type(text: string): void } };
      flood.type('\x03');
      flood.type('echo it is $((40 + 2)) again\r');
    });
    const end = (): Promise<string> =>
      page.evaluate(() => (globalThis as unknown as { flood: { end: string } }).flood.end);
    await expect.poll(end).toContain('it is 42 again');
  });
});
