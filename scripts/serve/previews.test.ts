import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from './server.mjs';

let folder: string;
let server: Awaited<ReturnType<typeof startServer>>;
let previewPort: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-previews-'));
  await mkdir(join(folder, 'site'));
  await mkdir(join(folder, 'previews', 'strata-preview'), { recursive: true });
  await writeFile(join(folder, 'site', 'index.html'), '<!doctype html><title>Strata</title>');
  await writeFile(join(folder, 'site', 'preview.json'), '{}');
  await writeFile(join(folder, 'site', 'preview-frame.html'), '<!doctype html><title>Frame</title>');
  await writeFile(join(folder, 'previews', 'index.html'), '<!doctype html><title>A preview</title>');
  await writeFile(join(folder, 'previews', 'strata-preview.js'), '');
  await writeFile(join(folder, 'previews', 'strata-preview', 'bridge.html'), '<!doctype html><title>Bridge</title>');
  server = await startServer({ site: join(folder, 'site'), registry: folder, previewSite: join(folder, 'previews') });
  previewPort = Number(new URL(server.previews!.replace('{name}', 'a')).port);
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Asks the second port under a name that no resolver here may know. */
async function ask(path: string, method = 'GET') {
  const headers = { Host: `any-80.preview.localhost:${previewPort}` };
  const sent = request({ host: '127.0.0.1', port: previewPort, path, method, headers }).end();
  const response = await new Promise<import('node:http').IncomingMessage>((resolve) => sent.once('response', resolve));
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

describe('the second port, of previews', () => {
  it('is not the first, and the page is told of it and may frame it', async () => {
    expect(server.previews).toMatch(/^http:\/\/\{name\}\.preview\.localhost:\d+$/);
    expect(previewPort).not.toBe(server.port);
    const config = await fetch(new URL('preview.json', server.url));
    expect(await config.json()).toEqual({ origin: server.previews });
    const policy = config.headers.get('Content-Security-Policy');
    expect(policy).toContain(`frame-src 'self' http://*.preview.localhost:${previewPort};`);
  });

  it('has the bridge, which the page may frame and nobody else, and says whom it serves', async () => {
    const { status, headers } = await ask('/strata-preview/bridge.html');
    expect(status).toBe(200);
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
    expect(headers['cross-origin-resource-policy']).toBe('cross-origin');
    const origin = server.url.slice(0, -1);
    const origins = [origin, `http://localhost:${server.port}`];
    expect(headers['content-security-policy']).toContain(`frame-ancestors 'self' ${origins.join(' ')}`);
    expect(JSON.parse((await ask('/strata-preview/app.json')).body)).toEqual({ origins });
  });

  it('says what it is wherever else one comes to, and takes nothing', async () => {
    for (const path of ['/', '/guest/page', '/..%2fsite/index.html', '/registry/index.json', '/v2/']) {
      const { status, body } = await ask(path);
      expect([status, body], path).toEqual([404, '<!doctype html><title>A preview</title>']);
    }
    expect((await ask('/strata-preview.js')).status).toBe(200);
    expect((await ask('/', 'POST')).status).toBe(405);
  });

  it('is not there where others can come, for names under localhost are everybody’s own', async () => {
    const open = await startServer({ site: folder, registry: folder, previewSite: folder, host: '0.0.0.0' });
    expect(open.previews).toBeUndefined();
    const config = await fetch(`http://127.0.0.1:${open.port}/preview.json`);
    expect(await config.json()).toEqual({});
    await open.close();
  });

  it('leaves the frame of pages without an origin none, however it is opened', async () => {
    const { headers } = await fetch(new URL('preview-frame.html', server.url));
    expect(headers.get('Content-Security-Policy')).toMatch(/; sandbox allow-scripts allow-forms$/);
    expect(headers.get('Content-Security-Policy')).not.toContain("self' 'wasm");
  });
});
