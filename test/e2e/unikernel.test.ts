import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { InstanceRecord } from '../../src/engine/instance-record';
import { assemble, data, guest, never, withSection } from '../support/guest-modules';
import { launch, openPage, recordsOf, type StrataPage, shellIn, smallVm } from '../support/page-fleet';
import { dropFile } from '../support/page-screen';
import { unikernelModule } from '../support/unikernel-lab';

/** Unikernels as a person meets them: brought as files, started on the page, talked to by a machine. */
describe('unikernels in the page', { timeout: 300_000 }, () => {
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

  const drop = (file: string, bytes: Uint8Array): Promise<void> => dropFile(page, file, bytes);

  /** Stores a module and starts an instance of it; its id. */
  const start = (name: string, bytes: Uint8Array): Promise<string> =>
    page.evaluate(
      async ([called, content]) => {
        const { lab } = (globalThis as unknown as StrataPage).strata;
        const { image } = await lab.bringUnikernel(`${called}.wasm`, Uint8Array.from(content).buffer);
        const draft = { kind: 'unikernel', name: called, image, args: [], config: {}, memoryMiB: 4 } as const;
        const { id } = await lab.create({ ...draft, addressing: 'static' });
        await lab.start(id).finished;
        return id;
      },
      [name, [...bytes]] as const,
    );

  const record = async (name: string): Promise<InstanceRecord | undefined> =>
    (await recordsOf(page)).find((each) => each.name === name);

  const until = async (name: string, phase: string): Promise<InstanceRecord> => {
    for (;;) {
      const found = await record(name);
      if (found?.state.phase === phase) return found;
      await page.waitForTimeout(20);
    }
  };

  /** All that an instance has printed so far, as its console shows it. */
  const consoleOf = (name: string): Promise<string> =>
    page.evaluate((which) => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const id = lab.list().find((each) => each.name === which)?.id ?? '';
      let printed = '';
      lab
        .instance(id)
        .attachConsole(({ bytes }) => {
          printed += new TextDecoder().decode(bytes);
        })
        .dispose();
      return printed;
    }, name);

  it('starts one from a file that is dropped, and a machine fetches from it by its name', async () => {
    await drop('httpd.wasm', unikernelModule('httpd'));
    const dialog = page.getByRole('dialog', { name: 'New unikernel' });
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await until('httpd-1', 'running');
    await page.getByText('unikernel, local/httpd').waitFor();
    await launch(page, { ...smallVm, name: 'client' });
    expect(await shellIn(page, 'client', 'ping -c 2 -W 5 httpd-1')).toContain(' 0% packet loss');
    expect(await shellIn(page, 'client', 'wget -S -O /dev/null http://httpd-1/')).toMatch(/X-Served-By: httpd-1/i);
    expect(await consoleOf('httpd-1')).toContain('Address 10.0.');
  });

  it('says what is wrong with a file that is none', async () => {
    await drop('notes.wasm', new TextEncoder().encode('no module'));
    await page.getByText('Could not take notes.wasm').waitFor();
    await page.getByText(/does not begin as WebAssembly does/).waitFor();
    const unknown = withSection(
      assemble('(module (import "env" "fetch" (func)) (memory (export "memory") 1))'),
      'solo5.manifest',
      '{"type":"solo5.manifest","version":1,"devices":[]}',
    );
    await drop('curious.wasm', unknown);
    await page.getByText(/imports env\.fetch \(function\)/).waitFor();
  });

  it('lets a blocking one wait, without a build of its own', async () => {
    const waits = guest({
      more: data(0, 'before after'),
      main: `(call $console_write (i32.const 0) (i32.const 7))
        (call $yield (i64.add (call $clock_monotonic) (i64.const 20000000)) (i32.const 64))
        (call $console_write (i32.const 7) (i32.const 5)) (i32.const 6)`,
    });
    await start('waits', waits);
    expect((await until('waits', 'stopped')).state.exit).toMatchObject({ code: 6 });
    expect(await consoleOf('waits')).toBe('before after');
  });

  it('ends one that keeps the CPU, by name, and its neighbours answer again', async () => {
    // As many as there are workers, so that one of them has httpd for a neighbour.
    const spins = guest({ poll: `(loop $l (br $l)) ${never}` });
    const names = ['spin-a', 'spin-b', 'spin-c', 'spin-d'];
    for (const name of names) await start(name, spins);
    for (const name of names) {
      const { state } = await until(name, 'failed');
      expect(state.error?.message).toMatch(new RegExp(`^${name} did not give the CPU back`));
    }
    await until('httpd-1', 'running');
    expect(await shellIn(page, 'client', 'wget -q -O - http://httpd-1/ | head -c 15')).not.toBe('');
  });

  it('starts it anew after a reload', async () => {
    await page.reload();
    await page.waitForFunction(() => 'strata' in globalThis);
    await until('httpd-1', 'running');
    expect((await record('waits'))?.state.phase).toBe('created');
    await page.evaluate(async () => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const { id, state } = lab.list().find(({ name }) => name === 'client') ?? { id: '', state: { phase: '' } };
      if (state.phase === 'created') await lab.start(id).finished;
    });
    await until('client', 'running');
    expect(await shellIn(page, 'client', 'wget -S -O /dev/null http://httpd-1/')).toMatch(/X-Served-By: httpd-1/i);
    expect(complaints).toEqual([]);
  });
});
