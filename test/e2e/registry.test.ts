import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildBenchPage } from '../../bench/pages/build-page';
import type { PullBench, WatchedPull } from '../../bench/pages/pull-page';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { Credentials } from '../../src/api/distribution';
import type { Descriptor } from '../../src/formats/oci';
import { type ImageFixture, makeImage } from '../../src/storage/registry/image-fixture';
import { RegistryFixture } from '../../src/storage/registry/registry-fixture';
import { LayoutFixture } from '../fixtures/oci-layout';
import { DockerRegistry } from '../support/docker-registry';

const program = findProgram('docker-registry') ?? '';

interface BenchPage {
  readonly bench: PullBench;
}

/** Registries as a browser lets a page use them: the store in IndexedDB, CORS, and the page's own policy are real. */
describe('a page', { timeout: 120_000 }, () => {
  let folder: string;
  let layout: LayoutFixture;
  let tiny: Descriptor;
  let server: Awaited<ReturnType<typeof startServer>>;
  let open: RegistryFixture;
  let closed: RegistryFixture;
  let unnamed: RegistryFixture;
  let image: ImageFixture;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-registry-page-'));
    await buildBenchPage('pull', folder);
    layout = await LayoutFixture.create();
    tiny = await layout.addImage('strata/tiny:1');
    [open, closed, unnamed] = [
      await RegistryFixture.start(),
      await RegistryFixture.start(),
      await RegistryFixture.start(),
    ];
    image = await makeImage({ layers: { base: 40_000, app: 30_000, more: 200 } });
    // Any port of this machine but that of one registry.
    const connect = [open, closed].map(({ name }) => `http://${name}`);
    server = await startServer({ site: folder, registry: layout.dir, headers: { connect } });
    browser = await chromium.launch(chromiumLaunch);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    for (const each of [open, closed, unnamed]) await each?.[Symbol.asyncDispose]();
    await layout?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    for (const each of [open, closed, unnamed]) {
      each.reset();
      each.addImage('team/web', image, '1');
    }
    open.fault = (request, response) => allow(request, response);
    context = await browser.newContext();
    page = await context.newPage();
    await load();
  });
  afterEach(() => context.close());

  /** What a registry for pages says with every answer, and to the question before a request. */
  const allow = (request: IncomingMessage, response: ServerResponse): boolean => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Accept, Cache-Control');
    response.setHeader('Access-Control-Expose-Headers', 'WWW-Authenticate, Docker-Content-Digest');
    if (request.method !== 'OPTIONS') return false;
    response.writeHead(204).end();
    return true;
  };
  const load = async (url = server.url): Promise<void> => {
    await page.goto(`${url}pull.html`);
    await page.waitForFunction(() => 'bench' in globalThis);
    await page.evaluate(() => (globalThis as unknown as BenchPage).bench.ready());
  };
  const pull = (name: string): Promise<WatchedPull> =>
    page.evaluate((which) => (globalThis as unknown as BenchPage).bench.pull(which), name);
  const login = (registry: string, credentials: Credentials): Promise<void> =>
    page.evaluate(({ to, as }) => (globalThis as unknown as BenchPage).bench.login(to, as), {
      to: registry,
      as: credentials,
    });

  it('pulls what comes with it, once, and has it after a reload', async () => {
    expect(await pull('strata/tiny:1')).toMatchObject({ digest: tiny.digest, reference: 'docker.io/strata/tiny:1' });
    await load();
    expect((await pull('strata/tiny:1')).transferred).toBe(0);
  });

  it('that is reloaded in the middle of a pull moves only what was missing', async () => {
    const [first, second] = image.layers.map(({ descriptor }) => descriptor) as [Descriptor, Descriptor];
    open.fault = (request, response) => {
      if (allow(request, response)) return true;
      if (!request.url?.endsWith(second.digest)) return false;
      response.writeHead(200, { 'content-length': second.size });
      response.write(image.layers[1]!.bytes.subarray(0, 1000));
      return true;
    };
    const broken = pull(`${open.name}/team/web:1`).catch(() => 'gone with the page');
    // Both of the others are whole by now, and the one in the middle stands still.
    await page.waitForFunction(() => {
      const { statuses } = (globalThis as unknown as BenchPage).bench;
      return statuses.filter((status) => status === 'Pull complete').length === 2;
    });
    await load();
    await broken;
    open.fault = (request, response) => allow(request, response);
    open.seen.length = 0;
    const pulled = await pull(`${open.name}/team/web:1`);
    expect(pulled.transferred).toBe(second.size);
    expect(open.requestsOf(first.digest)).toHaveLength(0);
  });

  it('is told that a registry does not allow web pages', async () => {
    await expect(pull(`${closed.name}/team/web:1`)).rejects.toThrow(
      `${closed.name} cannot be used from a web page: it does not allow pages of other sites to read it (CORS)`,
    );
  });

  it('is told that its own policy does not name a registry', async () => {
    await expect(pull(`${unnamed.name}/team/web:1`)).rejects.toThrow(`This page may not ask http://${unnamed.name}`);
    expect(unnamed.seen).toEqual([]);
  });

  it('shows its name and password to the registry alone, and to nobody that it redirects to', async () => {
    const header = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    closed.fault = (request, response) => allow(request, response);
    open.fault = (request, response) => {
      if (allow(request, response)) return true;
      if (request.headers.authorization !== header) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="tests"' }).end();
        return true;
      }
      if (request.url === '/v2/') {
        response.end('{}');
        return true;
      }
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(307, { location: `http://${closed.name}${request.url}` }).end();
      return true;
    };
    await expect(pull(`${open.name}/team/web:1`)).rejects.toThrow('unauthorized: authentication required');
    await login(open.name, { username: 'ann', password: 'secret' });
    await pull(`${open.name}/team/web:1`);
    const elsewhere = closed.seen.filter(({ path }) => path.includes('/blobs/'));
    expect(elsewhere.filter(({ method }) => method === 'GET')).toHaveLength(4);
    expect(elsewhere.every(({ authorization }) => authorization === '')).toBe(true);
  });

  it.runIf(program)('pushes to a docker-registry that allows it, and pulls from it', async () => {
    // Its port is known only when it runs, so a page of its own is served for it.
    const port = { origin: '' };
    const headers = {
      get connect() {
        return [port.origin];
      },
    };
    const other = await startServer({ site: folder, registry: layout.dir, headers });
    await using registry = await DockerRegistry.start(program, { kind: 'anybody' }, new URL(other.url).origin);
    port.origin = `http://${registry.name}`;
    await load(other.url);
    await pull('strata/tiny:1');
    const name = `${registry.name}/team/tiny:1`;
    const pushed = await page.evaluate(async (as) => {
      const { bench } = globalThis as unknown as BenchPage;
      await bench.tag('strata/tiny:1', as);
      return bench.push(as);
    }, name);
    expect(pushed).toBe(tiny.digest);
    expect((await pull(name)).digest).toBe(tiny.digest);
    await other.close();
  });
});
