import { type Browser, chromium, type Frame, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { InstanceDraft, InstanceRecord } from '../../src/engine/instance-record';
import { openForeignFrame } from '../support/foreign-frame';
import { buildLinuxHttpd, canBuildLinuxHttpd, copyHttpdIn, startLinuxHttpd } from '../support/linux-httpd';
import { launch, openPage, recordsOf, type StrataPage, shellIn, smallVm } from '../support/page-fleet';
import { dropFile, screenOf } from '../support/page-screen';
import { saying } from '../support/wasi-programs';

const patience = { timeout: 60_000, interval: 50 };

const ofUnikernel = (name: string, image: string, more: Partial<InstanceDraft> = {}): InstanceDraft =>
  ({
    kind: 'unikernel',
    name,
    image: `strata/unikernel-${image}:1`,
    args: [],
    config: {},
    memoryMiB: 4,
    addressing: 'static',
    ...more,
  }) as InstanceDraft;

/** Requests to a page of 2,700 bytes, and the status of their answers. */
const requests = [
  ['GET /page HTTP/1.1\\r\\nConnection: close', 200],
  ['GET /page HTTP/1.1\\r\\nRange: bytes=5-20\\r\\nConnection: close', 206],
  ['GET /page HTTP/1.1\\r\\nRange: bytes=5000-\\r\\nConnection: close', 416],
  ['HEAD /page HTTP/1.0', 200],
  ['GET /none HTTP/1.0', 404],
  ['PUT /page HTTP/1.0', 405],
  ['no HTTP', 400],
] as const;

/**
 * The three kinds together on one network, as a lecture would show them: in a tab of their own, and in a frame of
 * another site's page, where there is no isolation, no SharedArrayBuffer and no second origin.
 */
describe.each(['a tab', 'a frame of another site'] as const)('a cloud in %s', { timeout: 300_000 }, (where) => {
  let browser: Browser;
  let page: Page;
  let frame: Frame;
  const ends: (() => unknown)[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch(chromiumLaunch);
    const framed = where === 'a frame of another site';
    const headers = framed ? { isolated: false, frameAncestors: ['*'] } : {};
    const server = await startServer({ site: siteDir, registry: registryDir, headers });
    ends.push(() => server.close());
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => complaints.push(String(error)));
    // The compiler that runs this file names functions by a helper that functions sent to the page lack.
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    frame = framed ? await openFramed(server.url) : await openTab(server.url);
    await frame.waitForFunction(() => 'strata' in globalThis);
    expect(await frame.evaluate(() => crossOriginIsolated)).toBe(!framed);
  });
  afterAll(async () => {
    await browser?.close();
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function openTab(url: string): Promise<Frame> {
    await openPage(page, url);
    return page.mainFrame();
  }

  async function openFramed(url: string): Promise<Frame> {
    const { frame: found, close } = await openForeignFrame(page, url);
    ends.push(close);
    return found;
  }

  const recordOf = async (name: string): Promise<InstanceRecord> => {
    const found = (await recordsOf(frame)).find((record) => record.name === name);
    if (!found) throw new Error(`There is no ${name}`);
    return found;
  };

  /** Who served it, as the balancer's client sees. */
  const served = async (): Promise<string> => {
    const printed = await shellIn(frame, 'client', 'wget -S -q -O /dev/null http://lb/');
    return /X-Served-By: (\S+)/i.exec(printed)?.[1] ?? '';
  };
  const servers = async (requests: number): Promise<readonly string[]> => {
    const all = new Set<string>();
    for (let request = 0; request < requests; request += 1) all.add(await served());
    return [...all].sort();
  };

  it('starts two web servers and a balancer, which a machine fetches through', async () => {
    await launch(frame, { ...smallVm, name: 'client' });
    const startedMs = await frame.evaluate(
      async ([web1, web2, balancer]) => {
        const { lab } = (globalThis as unknown as StrataPage).strata;
        const begun = performance.now();
        const webs = await Promise.all([web1, web2].map((draft) => lab.create(draft)));
        const args = webs.map(({ nics }) => `${nics[0]?.address}:80`);
        const lb = await lab.create({ ...balancer, args: [...args, '--check-interval=100'] } as typeof balancer);
        await Promise.all([...webs, lb].map(({ id }) => lab.start(id).finished));
        return performance.now() - begun;
      },
      [ofUnikernel('web-1', 'httpd'), ofUnikernel('web-2', 'httpd'), ofUnikernel('lb', 'lb')] as const,
    );
    console.log(`two httpd and an lb were created and started in ${startedMs.toFixed(0)} ms`);
    await expect.poll(() => servers(4), patience).toEqual(['web-1', 'web-2']);
  });

  it('shows what they serve in the preview pane', async () => {
    const { id } = await recordOf('lb');
    await frame.evaluate((hash) => {
      location.hash = hash;
    }, `#/machines/${id}/ports`);
    await frame.getByLabel('Port', { exact: true }).fill('80');
    await frame.getByRole('button', { name: 'Publish' }).click();
    await frame
      .frameLocator('strata-preview iframe')
      .getByRole('heading', { name: 'It works' })
      .waitFor({ timeout: 60_000 });
  });

  it('moves on when one of them is killed', async () => {
    const { id } = await recordOf('web-1');
    await frame.evaluate((which) => (globalThis as unknown as StrataPage).strata.lab.kill(which).finished, id);
    await expect.poll(() => servers(3), patience).toEqual(['web-2']);
  });

  it('wakes a store that sleeps at its first request, with its data', async () => {
    await launch(frame, ofUnikernel('kv', 'kv', { disks: [{ sizeMiB: 1 }], onDemand: { idleMs: 500 } }));
    const put = 'PUT /colour HTTP/1.1\\r\\nHost: kv\\r\\nContent-Length: 4\\r\\nConnection: close\\r\\n\\r\\nblue';
    expect(await shellIn(frame, 'client', `printf '${put}' | nc kv 80`)).toContain('201 Created');
    await expect.poll(async () => (await recordOf('kv')).demand?.asleep, patience).toBe(true);
    const before = (await recordOf('kv')).demand?.wakes ?? 0;
    expect(await shellIn(frame, 'client', 'wget -q -O - http://kv/colour')).toBe('blue');
    expect((await recordOf('kv')).demand?.wakes).toBe(before + 1);
  });

  it.runIf(canBuildLinuxHttpd)('serves the same by the same program on a machine as in a unikernel', async () => {
    const page = { '/www/page': 'the same\n'.repeat(300) };
    await launch(frame, ofUnikernel('small', 'httpd', { config: page }));
    const id = await launch(frame, { ...smallVm, name: 'large' });
    await copyHttpdIn(frame, id, buildLinuxHttpd());
    await shellIn(
      frame,
      'large',
      `mkdir /www && yes 'the same' | head -n 300 > /www/page && ${startLinuxHttpd('large')}`,
    );
    const ask = (server: string, head: string): Promise<string> =>
      shellIn(frame, 'client', `printf '${head}\\r\\nHost: web\\r\\n\\r\\n' | nc ${server} 80`);
    const alike = (answer: string): string => answer.replace(/^(Date|X-Served-By): .*\r\n/gm, '');
    const served = /X-Served-By: (.*)\r\n/;
    for (const [head, status] of requests) {
      const [small, large] = [await ask('small', head), await ask('large', head)];
      // What is no HTTP is refused before anybody serves it.
      if (status !== 400) expect([small, large].map((answer) => served.exec(answer)?.[1])).toEqual(['small', 'large']);
      expect(small).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(alike(large)).toBe(alike(small));
    }
  });

  it('runs a program that is dropped on it', async () => {
    await dropFile(frame, 'hello.wasm', saying('Hello from WASI.\n', 7));
    await frame.getByRole('dialog', { name: 'New app' }).getByRole('button', { name: 'Start it' }).click();
    await expect.poll(() => screenOf(frame), patience).toContain('Hello from WASI.');
    await expect.poll(async () => (await recordOf('hello-1')).state.exit?.code, patience).toBe(7);
    expect(complaints).toEqual([]);
  });
});
