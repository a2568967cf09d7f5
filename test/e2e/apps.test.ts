import { type Browser, chromium, type Frame, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { InstanceState } from '../../src/api/instance';
import { openForeignFrame } from '../support/foreign-frame';
import { assemble } from '../support/guest-modules';
import { openPage, type StrataPage } from '../support/page-fleet';
import { dropFile, screenOf } from '../support/page-screen';
import { program, spinning } from '../support/wasi-programs';

/** Says its first argument, its first variable and its file, then what is typed; ends with the number of lines. */
const greeter = program(
  `(drop (call $args_get (i32.const 2048) (i32.const 2304))) (call $say (i32.load (i32.const 2052)) (i32.const 5))
   (call $line)
   (drop (call $environ_get (i32.const 4096) (i32.const 4352))) (call $say (i32.load (i32.const 4096)) (i32.const 9))
   (call $line)
   (drop (call $path_open (i32.const 3) (i32.const 1) (i32.const 256) (i32.const 11) (i32.const 0) (i64.const 2) (i64.const 0)
     (i32.const 0) (i32.const 32)))
   (i32.store (i32.const 16) (i32.const 8192)) (i32.store (i32.const 20) (i32.const 100))
   (drop (call $fd_read (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 24)))
   (call $say (i32.const 8192) (i32.load (i32.const 24)))
   (call $line)
   (block $over (loop $next
     (br_if $over (i32.le_u (local.tee $length (call $read)) (i32.const 1)))
     (local.set $count (i32.add (local.get $count) (i32.const 1)))
     (call $say (i32.const 272) (i32.const 5)) (call $say (i32.const 8192) (local.get $length)) (br $next)))
   (call $proc_exit (local.get $count))`,
  `(data (i32.const 256) "data/in.txt") (data (i32.const 272) "You: ") (data (i32.const 288) "\\0a")
   (func $line (call $say (i32.const 288) (i32.const 1)))`,
);

const wasix = assemble(
  '(module (import "wasix_32v1" "proc_id" (func (param i32) (result i32))) (memory (export "memory") 1) (func (export "_start")))',
);

/** Programs as a person meets them: dropped on the page, given what they need, typed to. */
describe('apps in the page', { timeout: 300_000 }, () => {
  let browser: Browser;
  const ends: (() => unknown)[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch(chromiumLaunch);
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(() => browser?.close());

  async function newPage(): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    ends.push(() => page.close());
    page.on('pageerror', (error) => complaints.push(String(error)));
    // The compiler that runs this file names functions by a helper that functions sent to the page lack.
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    return page;
  }

  /** The page by itself, isolated or not. */
  async function open(isolated: boolean): Promise<Page> {
    const server = await startServer({ site: siteDir, registry: registryDir, headers: { isolated } });
    ends.push(() => server.close());
    const page = await newPage();
    await openPage(page, server.url);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
    return page;
  }

  /** The page in a frame of a page of another site, neither of them isolated. */
  async function openFramed(): Promise<{ readonly page: Page; readonly frame: Frame }> {
    const headers = { isolated: false, frameAncestors: ['*'] };
    const server = await startServer({ site: siteDir, registry: registryDir, headers });
    ends.push(() => server.close());
    const page = await newPage();
    const { frame, close } = await openForeignFrame(page, server.url);
    ends.push(close);
    await frame.waitForFunction(() => 'strata' in globalThis);
    expect(await frame.evaluate(() => crossOriginIsolated)).toBe(false);
    return { page, frame };
  }

  const stateOf = (frame: Frame, name: string): Promise<InstanceState | undefined> =>
    frame.evaluate((wanted) => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      return lab.list().find((record) => record.name === wanted)?.state;
    }, name);

  const until = async (frame: Frame, name: string, phase: string): Promise<InstanceState> => {
    for (;;) {
      const state = await stateOf(frame, name);
      if (state?.phase === phase) return state;
      await frame.waitForTimeout(20);
    }
  };

  const shows = async (frame: Frame, expected: string): Promise<void> => {
    await expect.poll(() => screenOf(frame), { interval: 50 }).toContain(expected);
  };

  /** Drops the greeter, gives it what it asks for, and talks to it. */
  async function dropAndTalk(page: Page, frame: Frame): Promise<void> {
    await dropFile(frame, 'greeter.wasm', greeter);
    const dialog = frame.getByRole('dialog', { name: 'New app' });
    await dialog.getByLabel('Name', { exact: true }).fill('talker');
    await dialog.getByLabel('Arguments, one a line').fill('Hello');
    await dialog.getByLabel('Environment, one NAME=value a line').fill('WORLD=all');
    await dialog.getByRole('button', { name: 'Write a file' }).click();
    await dialog.getByRole('textbox', { name: 'Path' }).fill('data/in.txt');
    await dialog.getByRole('textbox', { name: 'Text' }).fill('What the file says');
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await shows(frame, 'What the file says');
    expect(await screenOf(frame)).toMatch(/Hello\s+WORLD=all\s+What the file says/);
    await frame.locator('.xterm').first().click();
    await page.keyboard.type('frist');
    for (let left = 4; left > 0; left -= 1) await page.keyboard.press('Backspace');
    // What is typed while it answers stands in the middle of the answer, as in any terminal.
    await page.keyboard.type('irst\n');
    await shows(frame, 'You: first');
    await page.keyboard.type('second\n');
    await shows(frame, 'You: second');
    await page.keyboard.press('Control+d');
    expect((await until(frame, 'talker', 'stopped')).exit).toMatchObject({ code: 2 });
    await frame.getByText('Exited with status 2').first().waitFor();
  }

  it('are dropped, given arguments, variables and files, and talked to', async () => {
    const page = await open(true);
    await dropAndTalk(page, page.mainFrame());
    await page.getByText('app, local/greeter').waitFor();
  });

  it('are the same in a frame of another site that is not isolated', async () => {
    const { page, frame } = await openFramed();
    await dropAndTalk(page, frame);
  });

  it('take a file of the user’s own, and are there again after a reload', async () => {
    const page = await open(true);
    await dropFile(page, 'greeter.wasm', greeter);
    const dialog = page.getByRole('dialog', { name: 'New app' });
    await dialog.getByLabel('Files that the program shall find').setInputFiles({
      name: 'in.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('A file that was chosen'),
    });
    await dialog.getByRole('textbox', { name: 'Path' }).fill('data/in.txt');
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await shows(page.mainFrame(), 'A file that was chosen');
    await page.reload();
    await page.waitForFunction(() => 'strata' in globalThis);
    await until(page.mainFrame(), 'greeter-1', 'running');
    await shows(page.mainFrame(), 'A file that was chosen');
  });

  it('are killed though they keep the CPU, and the page stays what it was', async () => {
    const page = await open(false);
    await dropFile(page, 'spin.wasm', spinning);
    await page.getByRole('dialog', { name: 'New app' }).getByRole('button', { name: 'Start it' }).click();
    await shows(page.mainFrame(), 'spinning');
    await page.getByText('100 %').first().waitFor();
    await page.getByRole('toolbar', { name: 'Machine spin-1' }).getByRole('button', { name: /^More/ }).click();
    await page.getByRole('menuitem', { name: /^Kill/ }).click();
    expect((await until(page.mainFrame(), 'spin-1', 'stopped')).exit).toMatchObject({ code: 137 });
  });

  it('say why they cannot run, and what would help', async () => {
    const page = await open(false);
    await dropFile(page, 'threads.wasm', wasix);
    const dialog = page.getByRole('dialog', { name: 'New app' });
    await dialog.getByText(/needs memory that is shared .* open the page in a tab of its own/i).waitFor();
    expect(await dialog.getByRole('button', { name: 'Start it' }).isDisabled()).toBe(true);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dropFile(page, 'component.wasm', Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0));
    await page.getByText(/a component \(WASI 0\.2\), which browsers cannot run: build it for wasm32-wasip1/).waitFor();
  });
});
