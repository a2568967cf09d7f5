import { afterEach, describe, expect, it } from 'vitest';
import { ShellCache, type ShellFile } from './shell-cache';

const scope = 'https://page.test/course/';
const headers = (path: string): Record<string, string> => ({ 'content-security-policy': `policy of ${path}` });

afterEach(async () => {
  for (const name of await caches.keys()) await caches.delete(name);
});

/** There is no network. */
const nobody = {};

/** A version of the page, and what was asked of its host. */
function version(
  files: readonly ShellFile[],
  host: Readonly<Record<string, string>>,
  settings: readonly string[] = [],
) {
  const asked: string[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    const path = request.url.slice(scope.length);
    asked.push(path);
    if (host === nobody) throw new TypeError('Failed to fetch');
    const body = host[path];
    return body === undefined ? new Response('', { status: 404 }) : new Response(body);
  };
  return { shell: new ShellCache({ files, settings, scope, caches, fetch, headers }), asked };
}

const first: readonly ShellFile[] = [
  { url: 'index.html', revision: 'a' },
  { url: 'assets/page-AAAAAAAA.js', revision: null },
];
const second: readonly ShellFile[] = [
  { url: 'index.html', revision: 'b' },
  { url: 'assets/page-AAAAAAAA.js', revision: null },
  { url: 'assets/view-BBBBBBBB.js', revision: null },
];
const host = { 'index.html': 'one', 'assets/page-AAAAAAAA.js': 'page', 'assets/view-BBBBBBBB.js': 'view' };

async function textOf(shell: ShellCache, path: string): Promise<string | undefined> {
  return (await shell.answer(new Request(scope + path)))?.text();
}

describe('the files of the page', () => {
  it('are answered without the host once they are there, the page itself by its folder', async () => {
    const { shell, asked } = version(first, host);
    await shell.install();
    expect(asked.toSorted()).toEqual(['assets/page-AAAAAAAA.js', 'index.html']);
    expect(await textOf(shell, '')).toBe('one');
    expect(await textOf(shell, 'index.html?from=link#/machines')).toBe('one');
    expect(await textOf(shell, 'assets/page-AAAAAAAA.js')).toBe('page');
    expect(asked).toHaveLength(2);
  });

  it('say what the host could not say, and keep what it said', async () => {
    const { shell } = version(first, host);
    await shell.install();
    const answer = await shell.answer(new Request(scope));
    expect(answer?.headers.get('content-security-policy')).toBe('policy of index.html');
    await (await caches.open((await caches.keys())[0] ?? '')).put(
      `${scope}index.html`,
      new Response('told', { headers: { 'content-security-policy': "default-src 'none'" } }),
    );
    const told = await shell.answer(new Request(scope));
    expect(told?.headers.get('content-security-policy')).toBe("default-src 'none'");
  });

  it('of a version are there whole or not at all', async () => {
    const { shell } = version(second, { 'index.html': 'two', 'assets/page-AAAAAAAA.js': 'page' });
    await expect(shell.install()).rejects.toThrow('assets/view-BBBBBBBB.js was answered with 404');
    expect(await caches.keys()).toEqual([]);
  });

  it('are not fetched again by the next version when they are the same, and the old ones go when it begins', async () => {
    await version(first, host).shell.install();
    const { shell, asked } = version(second, { ...host, 'index.html': 'two' });
    await shell.install();
    expect(asked.toSorted()).toEqual(['assets/view-BBBBBBBB.js', 'index.html']);
    expect(await caches.keys()).toHaveLength(2);
    await shell.removeOthers();
    expect(await caches.keys()).toHaveLength(1);
    expect(await textOf(shell, '')).toBe('two');
  });

  it('come from the host again when the browser has taken the cache', async () => {
    const { shell } = version(first, host);
    await shell.install();
    for (const name of await caches.keys()) await caches.delete(name);
    expect(await textOf(shell, 'index.html')).toBe('one');
  });
});

describe('what its deployer may change', () => {
  const settings = ['preview.json'];
  const answer = async (shell: ShellCache): Promise<readonly unknown[]> => {
    const response = await shell.answer(new Request(`${scope}preview.json`));
    return [response?.status, await response?.text()];
  };

  it('is the host’s, and without a network as it was last', async () => {
    await version(first, { ...host, 'preview.json': 'one' }, settings).shell.install();
    expect(await answer(version(first, nobody, settings).shell)).toEqual([200, 'one']);
    expect(await answer(version(first, { ...host, 'preview.json': 'two' }, settings).shell)).toEqual([200, 'two']);
    expect(await answer(version(first, nobody, settings).shell)).toEqual([200, 'two']);
  });

  it('may be left out, which is known without a network as well', async () => {
    await version(first, host, settings).shell.install();
    expect(await answer(version(first, nobody, settings).shell)).toEqual([404, '']);
  });

  it('is no reason for a version not to come', async () => {
    const files = first.slice(1);
    await version(files, host, settings).shell.install();
    const { shell } = version([], nobody, settings);
    await shell.install();
    await expect(answer(shell)).rejects.toThrow('Failed to fetch');
  });
});

describe('what is not the page’s', () => {
  it('is left alone: images of guests, other folders, what is sent', () => {
    const { shell } = version(first, host);
    expect(shell.answer(new Request(`${scope}registry/index.json`))).toBeUndefined();
    expect(shell.answer(new Request('https://page.test/other/'))).toBeUndefined();
    expect(shell.answer(new Request(scope, { method: 'POST', body: 'x' }))).toBeUndefined();
  });

  it('but lies among its assets is kept from its first use on, and an error is not', async () => {
    const { shell, asked } = version(first, { ...host, 'assets/large-CCCCCCCC.wasm': 'large' });
    await shell.install();
    expect(await textOf(shell, 'assets/large-CCCCCCCC.wasm')).toBe('large');
    expect(await textOf(shell, 'assets/large-CCCCCCCC.wasm')).toBe('large');
    expect((await shell.answer(new Request(`${scope}assets/none-DDDDDDDD.js`)))?.status).toBe(404);
    expect((await shell.answer(new Request(`${scope}assets/none-DDDDDDDD.js`)))?.status).toBe(404);
    const later = asked.slice(2);
    expect(later).toEqual(['assets/large-CCCCCCCC.wasm', 'assets/none-DDDDDDDD.js', 'assets/none-DDDDDDDD.js']);
  });
});
