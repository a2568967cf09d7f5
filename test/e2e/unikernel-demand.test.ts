import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { InstanceRecord } from '../../src/engine/instance-record';
import { launch, openPage, recordsOf, type StrataPage, shellIn, smallVm } from '../support/page-fleet';

/** A key-value store that sleeps when nobody asks it, as a person and a machine meet it. */
describe('a unikernel on demand in the page', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('pageerror', (error) => complaints.push(String(error)));
    // The compiler that runs this file names functions by a helper that functions sent to the page lack.
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const until = async (name: string, holds: (record: InstanceRecord) => boolean): Promise<InstanceRecord> => {
    for (;;) {
      const found = (await recordsOf(page)).find((each) => each.name === name);
      if (found && holds(found)) return found;
      await page.waitForTimeout(20);
    }
  };
  const asleep = (): Promise<InstanceRecord> => until('kv', ({ demand }) => demand?.asleep === true);

  it('wakes on the first request of a machine and still has its data', async () => {
    await launch(page, { ...smallVm, name: 'client' });
    const image = 'strata/unikernel-kv:1';
    const spec = { kind: 'unikernel', name: 'kv', image, args: [], config: {}, memoryMiB: 4 } as const;
    const more = { disks: [{ sizeMiB: 1 }], addressing: 'static', onDemand: { idleMs: 500 } } as const;
    const id = await launch(page, { ...spec, ...more });
    const put = 'PUT /colour HTTP/1.1\\r\\nHost: kv\\r\\nContent-Length: 4\\r\\nConnection: close\\r\\n\\r\\nblue';
    expect(await shellIn(page, 'client', `printf '${put}' | nc kv 80`)).toContain('201 Created');
    const wakes = (await asleep()).demand?.wakes ?? 0;
    await page.evaluate((which) => {
      location.hash = `#/machines/${which}/summary`;
    }, id);
    await page.getByText('It sleeps, and wakes on the first connection.').waitFor();
    await page.getByText('On demand: sleeps after 500 ms without traffic').waitFor();
    expect(await shellIn(page, 'client', 'wget -q -O - http://kv/colour')).toBe('blue');
    const { demand } = await until('kv', (record) => record.demand?.wakes === wakes + 1);
    console.log(`kv was up ${demand?.lastWakeMs?.toFixed(1)} ms after the machine's first packet`);
    await page.getByText(/^Woken (once|\d+ times); the last time it was up after \d+ ms\.$/).waitFor();
  });

  it('stays off when it is stopped in its sleep, and wakes again once it was started', async () => {
    await asleep();
    const toolbar = page.getByRole('toolbar', { name: 'Machine kv' });
    await toolbar.getByRole('button', { name: 'Stop' }).click();
    await until('kv', ({ demand }) => demand === undefined);
    expect(await shellIn(page, 'client', 'wget -T 2 -q -O - http://kv/colour || echo unheard')).toContain('unheard');
    await toolbar.getByRole('button', { name: 'Start' }).click();
    await asleep();
    expect(await shellIn(page, 'client', 'wget -q -O - http://kv/colour')).toBe('blue');
  });

  it('sleeps after a reload, and wakes with its data', async () => {
    await asleep();
    await page.reload();
    await page.waitForFunction(() => 'strata' in globalThis);
    await asleep();
    // It goes on if there was time to save it.
    await page.evaluate(async () => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const { id, state } = lab.list().find(({ name }) => name === 'client') ?? { id: '', state: { phase: '' } };
      if (state.phase === 'created') await lab.start(id).finished;
    });
    await until('client', ({ state }) => state.phase === 'running');
    expect(await shellIn(page, 'client', 'wget -q -O - http://kv/colour')).toBe('blue');
    // The machine may go on with connections that it had when it was saved, which wake it, too.
    expect((await until('kv', ({ demand }) => (demand?.wakes ?? 0) > 0)).demand?.lastWakeMs).toBeGreaterThan(0);
  });

  it('wakes more often than a page has room for modules, beside others that always run', async () => {
    const spec = { kind: 'unikernel', image: 'strata/unikernel-httpd:1', args: [], config: {}, memoryMiB: 4 } as const;
    // As many as there are workers, so that none of these is ever empty.
    for (let count = 0; count < 4; count += 1) await launch(page, { ...spec, addressing: 'static' });
    const id = await launch(page, { ...spec, name: 'often', addressing: 'static', onDemand: { idleMs: 20 } });
    const refused = await page.evaluate(
      async ([which, times]) => {
        const { lab } = (globalThis as unknown as StrataPage).strata;
        const failures: string[] = [];
        lab.notWoken(({ error }) => failures.push(error.message));
        const record = () => lab.list().find((each) => each.id === which);
        for (let time = 0; time < times; time += 1) {
          await new Promise<void>((resolve) => {
            const check = (): void => {
              if (!record()?.demand?.asleep) return;
              listening.dispose();
              resolve();
            };
            const listening = lab.changes(check);
            check();
          });
          const address = record()?.nics[0]?.address ?? '';
          const { readable, writable } = await lab.connect('default', { address, port: 80 });
          const writer = writable.getWriter();
          await writer.write(new TextEncoder().encode('GET / HTTP/1.1\r\nHost: often\r\nConnection: close\r\n\r\n'));
          const answer = await new Response(readable).text();
          await writer.close();
          if (!answer.startsWith('HTTP/1.1 200 ')) failures.push(answer);
        }
        return failures;
      },
      [id, 150] as const,
    );
    expect(refused).toEqual([]);
    expect((await until('often', () => true)).demand?.wakes).toBeGreaterThanOrEqual(150);
    expect(complaints).toEqual([]);
  });
});
