import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from './server.mjs';

const script = `export const text = '${'strata '.repeat(500)}';\n`;
const wasm = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

let folder: string;
let server: Awaited<ReturnType<typeof startServer>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-site-'));
  const site = join(folder, 'site');
  await mkdir(join(site, 'assets'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await symlink(join(folder, 'secret.txt'), join(site, 'link.txt'));
  await writeFile(join(site, '.hidden'), 'hidden');
  await writeFile(join(site, 'index.html'), '<!doctype html><title>Strata</title>');
  await writeFile(join(site, 'assets', 'page-main-Ab3_d9xQ.js'), script);
  await writeFile(join(site, 'assets', 'v86-Cd4_e8yR.wasm'), wasm);
  server = await startServer({ site, registry: join(folder, 'no-registry') });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Sends the path as it is: fetch would tidy its dots away. */
async function rawStatus(path: string): Promise<number> {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  return Number((await text(socket)).split(' ')[1]);
}

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(new URL(path, server.url), { method, headers: { 'Accept-Encoding': 'identity', ...headers } });

describe('the static server', () => {
  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/assets/page-main-Ab3_d9xQ.js', 'text/javascript; charset=utf-8'],
    ['/assets/v86-Cd4_e8yR.wasm', 'application/wasm'],
  ])('serves %s as %s', async (path, type) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe(type);
  });

  it.each([
    ['/', 'same-origin', "frame-ancestors 'self';"],
    ['/absent', 'same-origin', "frame-ancestors 'self';"],
    ['/v2/', 'same-origin', "frame-ancestors 'self';"],
    // What frames in pages of other sites are made of.
    ['/assets/page-main-Ab3_d9xQ.js', 'cross-origin', "frame-ancestors 'self';"],
    ['/embed.html', 'cross-origin', 'frame-ancestors *;'],
  ])('sends the security headers with %s', async (path, sharing, ancestors) => {
    const { headers } = await get(path);
    expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
    expect(headers.get('Cross-Origin-Embedder-Policy')).toBe('require-corp');
    expect(headers.get('Cross-Origin-Resource-Policy')).toBe(sharing);
    expect(headers.get('Access-Control-Allow-Origin')).toBe(sharing === 'cross-origin' ? '*' : null);
    expect(headers.get('Content-Security-Policy')).toContain(ancestors);
    expect(headers.get('Document-Isolation-Policy')).toBe('isolate-and-require-corp');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Content-Security-Policy')).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(headers.get('Content-Security-Policy')).toContain("require-trusted-types-for 'script'");
  });

  it('keeps the policy but not the isolation when a test asks for a page without it', async () => {
    const bare = await startServer({ site: join(folder, 'site'), registry: folder, headers: { isolated: false } });
    const { headers } = await fetch(bare.url);
    await bare.close();
    expect(headers.get('Cross-Origin-Embedder-Policy')).toBeNull();
    expect(headers.get('Document-Isolation-Policy')).toBeNull();
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'self'");
  });

  it('lets hashed assets be kept for ever and the page be asked for again', async () => {
    expect((await get('/assets/page-main-Ab3_d9xQ.js')).headers.get('Cache-Control')).toContain('immutable');
    expect((await get('/')).headers.get('Cache-Control')).toBe('no-cache');
  });

  it.each(['gzip', 'br'])('compresses text with %s, under an entity tag of its own', async (encoding) => {
    const plain = await get('/assets/page-main-Ab3_d9xQ.js');
    const packed = await get('/assets/page-main-Ab3_d9xQ.js', { 'Accept-Encoding': encoding });
    expect(packed.headers.get('Content-Encoding')).toBe(encoding);
    expect(Number(packed.headers.get('Content-Length'))).toBeLessThan(script.length / 10);
    expect(packed.headers.get('ETag')).not.toBe(plain.headers.get('ETag'));
    expect(await packed.text()).toBe(script);
  });

  it('answers 304 to the entity tag it gave', async () => {
    const etag = (await get('/')).headers.get('ETag') ?? '';
    const again = await get('/', { 'If-None-Match': etag });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  it.each([
    ['bytes=0-3', 'bytes 0-3/8', [0, 0x61, 0x73, 0x6d]],
    ['bytes=6-', 'bytes 6-7/8', [0, 0]],
    ['bytes=-5', 'bytes 3-7/8', [0x6d, 1, 0, 0, 0]],
    ['bytes=4-999', 'bytes 4-7/8', [1, 0, 0, 0]],
  ])('sends the range %s, uncompressed', async (range, contentRange, bytes) => {
    const response = await get('/assets/v86-Cd4_e8yR.wasm', { Range: range, 'Accept-Encoding': 'gzip' });
    expect(response.status).toBe(206);
    expect(response.headers.get('Content-Range')).toBe(contentRange);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual(bytes);
  });

  it('refuses a range beyond the end and says how long the file is', async () => {
    const response = await get('/assets/v86-Cd4_e8yR.wasm', { Range: 'bytes=8-' });
    expect(response.status).toBe(416);
    expect(response.headers.get('Content-Range')).toBe('bytes */8');
  });

  it('sends the whole file when If-Range names another version', async () => {
    const response = await get('/assets/v86-Cd4_e8yR.wasm', { Range: 'bytes=0-3', 'If-Range': '"other"' });
    expect(response.status).toBe(200);
    expect((await response.arrayBuffer()).byteLength).toBe(8);
  });

  it('answers HEAD with the length and no body', async () => {
    const response = await get('/assets/v86-Cd4_e8yR.wasm', {}, 'HEAD');
    expect(response.headers.get('Content-Length')).toBe('8');
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  });

  it('says 404 for what is absent and 405 for other methods', async () => {
    expect((await get('/absent.js')).status).toBe(404);
    expect((await get('/assets')).status).toBe(404);
    const post = await get('/', {}, 'POST');
    expect(post.status).toBe(405);
    expect(post.headers.get('Allow')).toBe('GET, HEAD');
  });

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
    '/%00',
    '/%zz',
    '//secret.txt',
    '/.hidden',
    '/link.txt',
    '/registry/../secret.txt',
    '/registry/..%2fsecret.txt',
    'http://localhost/../secret.txt',
  ])('shows nothing outside the site for %s', async (path) => {
    expect([400, 404]).toContain(await rawStatus(path));
  });

  it('takes a neighbour of a busy port when it may, and says so when it may not', async () => {
    const options = { site: folder, registry: folder, port: server.port };
    await expect(startServer(options)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const neighbour = await startServer({ ...options, neighbours: 20 });
    expect(neighbour.port).toBeGreaterThan(server.port);
    await neighbour.close();
  });
});
