import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { InstanceState } from '../../src/api/instance';
import { openPage, recordsOf, type StrataPage } from '../support/page-fleet';
import { dropFile, screenOf } from '../support/page-screen';
import { unikernelModule } from '../support/unikernel-lab';
import { client, echoServer, spinning, talker, trapping } from '../support/wasix-programs';

/** Programs of WASIX in a page that is isolated: run by Wasmer's SDK, on our network. */
describe('programs of WASIX in the page', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
  });
  afterEach(async () => {
    await page?.close();
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(): Promise<void> {
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (process.env['LOUD']) console.log(message.type(), message.text());
      if (/policy|trusted/i.test(message.text())) complaints.push(message.text());
    });
    // The compiler that runs this file names functions by a helper that functions sent to the page lack.
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
  }

  /** Drops a program and starts it with these arguments. */
  async function start(name: string, program: Uint8Array, args = ''): Promise<void> {
    await dropFile(page, `${name}.wasm`, program);
    const dialog = page.getByRole('dialog', { name: 'New app' });
    await dialog.getByText('run by Wasmer, with an address on the network').waitFor();
    await dialog.getByLabel('Arguments, one a line').fill(args);
    await dialog.getByRole('button', { name: 'Write a file' }).click();
    await dialog.getByRole('textbox', { name: 'Path' }).fill('data/in.txt');
    await dialog.getByRole('textbox', { name: 'Text' }).fill('What the file says');
    await dialog.getByRole('button', { name: 'Start it' }).click();
  }

  const until = async (name: string, phase: string): Promise<InstanceState> => {
    for (;;) {
      const found = (await recordsOf(page)).find((each) => each.name === name)?.state;
      if (found?.phase === phase) return found;
      await page.waitForTimeout(50);
    }
  };

  const shows = async (expected: string | RegExp): Promise<void> => {
    await expect.poll(() => screenOf(page), { timeout: 90_000, interval: 100 }).toMatch(expected);
  };

  it('are given arguments and files, and talked to', async () => {
    await open();
    await openPage(page, server.url);
    await start('talker', talker, 'Hello');
    await shows(/Hello\s+What the file says/);
    await page.locator('.xterm').first().click();
    await page.keyboard.type('first\n');
    await shows('You: first');
    await page.keyboard.press('Control+d');
    expect((await until('talker-1', 'stopped')).exit).toMatchObject({ code: 4 });
  });

  it('connect to a neighbour by its name, and listen at an address of their own', async () => {
    await open();
    await openPage(page, server.url);
    await page.evaluate(
      async ([content]) => {
        const { lab } = (globalThis as unknown as StrataPage).strata;
        const { image } = await lab.bringUnikernel('httpd.wasm', Uint8Array.from(content).buffer);
        const draft = { kind: 'unikernel', name: 'web', image, args: [], config: {}, memoryMiB: 4 } as const;
        const { id } = await lab.create({ ...draft, addressing: 'static' });
        await lab.start(id).finished;
      },
      [[...unikernelModule('httpd')]] as const,
    );
    const request = 'GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n';
    await start('client', client('web', 80, request));
    await shows(/HTTP\/1\.1 200 OK[\s\S]*X-Served-By: web/i);
    expect((await until('client-1', 'stopped')).exit).toMatchObject({ code: 0 });

    await start('echo', echoServer(7000));
    await shows('listening');
    const [echo] = (await recordsOf(page)).filter(({ name }) => name === 'echo-1');
    const answersTo = (texts: readonly string[]): Promise<readonly string[]> =>
      page.evaluate(
        async ([address, all]) => {
          const { lab } = (globalThis as unknown as StrataPage).strata;
          const answers: string[] = [];
          for (const said of all) {
            const connection = await lab.connect('default', { address, port: 7000 });
            const writer = connection.writable.getWriter();
            await writer.write(new TextEncoder().encode(said));
            await writer.close();
            answers.push(await new Response(connection.readable).text());
          }
          return answers;
        },
        [echo?.nics[0]?.address ?? '', texts] as const,
      );
    const texts = ['one', 'two', 'x'.repeat(20_000)];
    expect(await answersTo(texts)).toEqual(texts);

    // The switch dies under it: everybody gets another cable.
    await page
      .workers()
      .find((worker) => /worker-switch/.test(worker.url()))
      ?.evaluate(() => close());
    await expect
      .poll(() => answersTo(['again']).catch(() => 'not yet'), { timeout: 60_000, interval: 500 })
      .toEqual(['again']);
  });

  it('have failed when they trap, and are killed though they keep the CPU, their threads too', async () => {
    await open();
    await openPage(page, server.url);
    await start('trap', trapping);
    expect(await until('trap-1', 'failed')).toMatchObject({
      exit: { code: 139 },
      error: { message: 'The program crashed: unreachable' },
    });
    await start('spin', spinning);
    await shows('spinning');
    // The spare worker of machines comes and goes as it likes.
    const ours = (): number => page.workers().filter((worker) => /worker-app/.test(worker.url())).length;
    expect(ours()).toBeGreaterThan(1);
    await page.getByRole('toolbar', { name: 'Machine spin-1' }).getByRole('button', { name: /^More/ }).click();
    await page.getByRole('menuitem', { name: /^Kill/ }).click();
    expect((await until('spin-1', 'stopped')).exit).toMatchObject({ code: 137 });
    // Threads of a thread that was ended are given a moment by the browser.
    await expect.poll(ours).toBe(0);
  });

  it('are begun again in another worker when their runtime does not come up', async () => {
    await open();
    let asked = 0;
    await page.context().route('**/wasmer_sdk_js_bg-*.wasm', async (route) => {
      asked += 1;
      // The first is never answered, as if the runtime had hung.
      if (asked > 1) await route.continue();
    });
    await openPage(page, server.url);
    await start('talker', talker, 'Hello');
    await shows(/did not begin within 20 s: beginning again \(2 of 3\)[\s\S]*Hello/);
    await until('talker-1', 'running');
    expect(asked).toBe(2);
  });
});
