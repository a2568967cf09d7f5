import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';

type Server = Awaited<ReturnType<typeof startServer>>;

const isolation = ['cross-origin-opener-policy', 'cross-origin-embedder-policy', 'document-isolation-policy'];

describe.runIf(findProgram('chromium'))('the built page under its headers', () => {
  let browser: Browser;
  const servers: Server[] = [];
  let page: Page;
  let complaints: string[];
  const responses: { url: string; headers: Record<string, string> }[] = [];

  beforeAll(async () => {
    browser = await chromium.launch(chromiumLaunch);
  });

  afterEach(async () => {
    await page.close();
    for (const server of servers.splice(0)) await server.close();
  });

  afterAll(() => browser.close());

  /** Opens the page and waits until it stands and its store worker has answered. */
  async function open(isolated: boolean): Promise<void> {
    const server = await startServer({ site: siteDir, registry: registryDir, headers: { isolated } });
    servers.push(server);
    page = await browser.newPage();
    complaints = [];
    responses.length = 0;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('response', (response) => responses.push({ url: response.url(), headers: response.headers() }));
    const workerStarted = page.waitForEvent('worker');
    await page.goto(server.url);
    await workerStarted;
    await page.getByRole('button').first().waitFor();
  }

  it.each([true, false])('comes up with no violation of the policy, isolated: %s', async (isolated) => {
    await open(isolated);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
    expect(complaints.filter((text) => /policy|trusted/i.test(text))).toEqual([]);
  });

  it('gets every header with every response, worker scripts included', async () => {
    await open(true);
    const urls = responses.map(({ url }) => url);
    expect(urls).toContainEqual(expect.stringMatching(/\/assets\/worker-.+\.js$/));
    for (const { url, headers } of responses) {
      expect(headers['content-security-policy'], url).toContain("default-src 'self'");
      for (const name of isolation) expect(headers[name], `${name} of ${url}`).toBeDefined();
    }
  });

  it('isolates its workers as well', async () => {
    await open(true);
    const [worker] = page.workers();
    expect(await worker!.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  /**
   * Runs code of the page in a task of its own and gives the name of what it threw. What the debugger runs
   * directly may use eval whatever the policy says; a later task may not.
   */
  function attempt(source: string): Promise<string> {
    return page.evaluate(`new Promise((resolve) => setTimeout(() => {
      try { ${source}; resolve('done'); } catch (error) { resolve(error.name); }
    }))`);
  }

  it.each([
    ['eval', 'globalThis.eval("1")', 'EvalError'],
    ['a function from a string', 'new Function("return 1")', 'EvalError'],
    ['markup from a string', 'document.body.innerHTML = "<b>x</b>"', 'TypeError'],
    ['a worker from a string', 'new Worker("/assets/any.js")', 'TypeError'],
    ['a policy of another name', 'trustedTypes.createPolicy("other", {})', 'TypeError'],
    ['a second policy of our name', 'trustedTypes.createPolicy("strata", {})', 'TypeError'],
  ])('refuses %s', async (_what, source, error) => {
    await open(true);
    expect(await attempt(source)).toBe(error);
  });

  it('has no eval in its scripts, but in those of WASIX, whose SDK brings it and for which it is refused as well', async () => {
    const assets = join(siteDir, 'assets');
    const scripts = (await readdir(assets)).filter((name) => name.endsWith('.js') && !/wasix|app-threads/.test(name));
    expect(scripts.length).toBeGreaterThan(20);
    for (const name of scripts) {
      expect(await readFile(join(assets, name), 'utf8'), name).not.toMatch(
        /\beval\(|\bnew Function\(|[^.\w$]Function\(/,
      );
    }
  });

  it('refuses a script that stands in the markup', async () => {
    const server = await startServer({ site: await siteWith(inlineScript), registry: registryDir });
    servers.push(server);
    page = await browser.newPage();
    const refused = page.waitForEvent('console', (message) => /Content Security Policy/.test(message.text()));
    await page.goto(server.url);
    await refused;
    expect(await page.evaluate('globalThis.ran')).toBeUndefined();
  });
});

const inlineScript = '<!doctype html><title>Inline</title><script>globalThis.ran = true;</script>';

/** A site of one page. */
async function siteWith(html: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-site-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'index.html'), html);
  return folder;
}
