import { readFile } from 'node:fs/promises';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { createDeferred } from '../../src/base/deferred';
import { makeKeyPair } from '../../src/storage/signing/signing-key-fixture';
import { openPage } from '../support/page-fleet';

/** What a person does with images that are not yet machines: pulls, signatures, files, names, room. */
describe('the view of images', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
    page = await context.newPage();
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, `${server.url}#/images`);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const view = () => page.locator('strata-images-view');
  const row = (name: string) => view().getByRole('row', { name: new RegExp(name) });
  const pull = async (name: string): Promise<void> => {
    await view().getByLabel('Image to pull').fill(name);
    // Not before the images are there.
    await view().getByRole('button', { name: 'Pull', exact: true }).click();
  };
  const choose = async (image: string, item: RegExp): Promise<void> => {
    await view()
      .getByRole('button', { name: `More about ${image}` })
      .click();
    await page.getByRole('menuitem', { name: item }).click();
  };

  it('shows a line for each layer, and a reload in the middle of a pull keeps whole ones', async () => {
    const held = createDeferred<void>();
    const release = createDeferred<void>();
    const [last] = (await layersOf('library/sqlite:3')).slice(-1);
    await context.route(`**/${last?.slice('sha256:'.length)}`, async (route) => {
      held.resolve();
      await release.promise;
      await route.abort().catch(() => undefined);
    });
    await pull('sqlite:3');
    const panel = view().getByRole('region', { name: 'Pull sqlite:3' });
    await panel.getByText('Pull complete').first().waitFor();
    await held.promise;
    expect(await panel.getByRole('progressbar').count()).toBe((await layersOf('library/sqlite:3')).length);
    await page.reload();
    release.resolve();
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    await pull('sqlite:3');
    await panel.getByText('Already exists').first().waitFor();
    await row('sqlite:3').getByText('Signed').waitFor();
  });

  it('keeps rules for signatures over a reload, and pulls obey them', async () => {
    const openRules = () => view().getByRole('button', { name: 'Signatures' }).click();
    await openRules();
    const dialog = page.getByRole('dialog', { name: 'Signatures of images' });
    await dialog.getByRole('group', { name: 'Rule 2' }).waitFor();
    await dialog.getByRole('button', { name: 'Add a rule' }).click();
    const third = dialog.getByRole('group', { name: 'Rule 3' });
    await third.getByLabel('Images').fill('docker.io/library/busybox');
    await third.getByLabel('Public keys').fill('no key');
    await page.keyboard.press('Control+Home');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('alert').getByText(/PEM/).waitFor();
    await third.getByLabel('Public keys').fill(makeKeyPair('ed25519').publicKey);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    // The dialog's entry of the history is left a moment later.
    await expect.poll(() => page.evaluate('history.state')).toBeNull();
    await page.reload();
    await pull('busybox');
    await page
      .getByText(/The signature of busybox:latest cannot be verified/)
      .first()
      .waitFor();
    await openRules();
    await third.getByRole('button', { name: 'Remove rule 3' }).click();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await pull('busybox');
    await row('busybox:latest').getByText('Signed').waitFor();
    await choose('busybox:latest', /Check the signature/);
    await page.getByText('busybox:latest: signed').waitFor({ state: 'attached' });
  });

  it('gives an image another name, and takes it away', async () => {
    await view().getByRole('button', { name: 'busybox:latest', exact: true }).click();
    await view().getByLabel('Another name').fill('team/box:2');
    await page.keyboard.press('Enter');
    await view().getByRole('button', { name: 'busybox:latest, team/box:2' }).waitFor();
  });

  it('says what each layer adds, changes and removes, and where a file comes from', async () => {
    await view()
      .getByRole('button', { name: /^sqlite:3/ })
      .click();
    const layers = view()
      .getByRole('region', { name: /^Layers of sqlite/ })
      .getByRole('listitem');
    // And all of them together.
    await expect.poll(() => layers.count()).toBe((await layersOf('library/sqlite:3')).length + 1);
    const tree = view().getByRole('tree');
    for (const path of ['usr', 'usr/bin']) {
      await tree.locator(`[data-path="${path}"]`).focus();
      await page.keyboard.press('ArrowRight');
    }
    expect(await tree.locator('[data-path="usr/bin/dpkg"]').textContent()).toMatch(/from layer 1/);
    expect(await tree.locator('[data-path="usr/bin/sqlite3"]').textContent()).toMatch(/from layer 3/);
    await layers.last().getByRole('button').click();
    await tree.getByRole('treeitem', { name: /^usr/ }).focus();
    for (const name of ['bin', 'sqlite3']) {
      await page.keyboard.press('ArrowRight');
      await tree
        .getByRole('treeitem', { name: new RegExp(`^${name}`) })
        .first()
        .focus();
    }
    expect(await tree.getByRole('treeitem', { name: /^sqlite3/ }).textContent()).toMatch(/added/);
    // The list of packages is the lower layer's; this one changes it.
    const status = tree.getByRole('treeitem', { name: /^status/ });
    for (const name of ['var', 'lib', 'dpkg']) {
      await tree
        .getByRole('treeitem', { name: new RegExp(`^${name}`) })
        .first()
        .focus();
      await page.keyboard.press('ArrowRight');
    }
    expect(await status.first().textContent()).toMatch(/changed\s+from layer 2/);
  });

  it('loads a tar that is dropped, after it has asked what it is', async () => {
    const downloading = page.waitForEvent('download');
    await choose('busybox:latest', /OCI archive/);
    const saved = await readFile(await (await downloading).path());
    await choose('busybox:latest', /^Remove/);
    await view().getByRole('button', { name: 'team/box:2', exact: true }).waitFor();
    await drop(page, 'box.tar', saved.toString('base64'));
    const dialog = page.getByRole('dialog', { name: 'What is in box.tar?' });
    expect(await dialog.getByRole('radio', { name: /^Images/ }).isChecked()).toBe(true);
    await page.keyboard.press('Enter');
    await row('busybox:latest').waitFor();
    await dialog.waitFor({ state: 'detached' });
  });

  it('makes an image of a root file system that is dropped', async () => {
    await drop(page, 'little-root.tar', rootTar().toString('base64'));
    const dialog = page.getByRole('dialog', { name: 'What is in little-root.tar?' });
    expect(await dialog.getByRole('radio', { name: /^A root file system/ }).isChecked()).toBe(true);
    await dialog.getByLabel('Name of the image').fill('little:1');
    await dialog.getByRole('button', { name: 'Take it in' }).click();
    await row('little:1').waitFor();
  });

  it('tells how far a load is, and stops it', async () => {
    // Two thousand times the same megabyte: it takes long and no room.
    await page.evaluate(() => {
      const size = 1024 * 1024;
      const headerOf = (name: string): Uint8Array<ArrayBuffer> => {
        const header = new Uint8Array(512);
        const put = (text: string, at: number): void => header.set(new TextEncoder().encode(text), at);
        put(name, 0);
        put('0000644\0', 100);
        put(`${size.toString(8).padStart(11, '0')}\0`, 124);
        put('00000000000\0', 136);
        put('        0', 148);
        put('ustar\x0000', 257);
        const sum = header.reduce((all, byte) => all + byte, 0);
        put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
        return header;
      };
      const body = new Blob([new Uint8Array(size).map((_, at) => at * 7)]);
      const names = Array.from({ length: 2000 }, (_, at) => `${'ab'.repeat(32)}/${at}`);
      const dropped = new DataTransfer();
      dropped.items.add(
        new File(
          names.flatMap((name) => [headerOf(name), body]),
          'large.tar',
        ),
      );
      const target = document.querySelector('strata-app');
      target?.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, cancelable: true }));
    });
    await page
      .getByRole('dialog', { name: 'What is in large.tar?' })
      .getByRole('button', { name: 'Take it in' })
      .click();
    const panel = view().getByRole('region', { name: 'Load large.tar' });
    await panel.getByText(/ \/ 2.1 GB/).waitFor();
    await panel.getByRole('button', { name: 'Cancel large.tar' }).click();
    await panel.waitFor({ state: 'detached' });
    await page
      .getByText(/large\.tar.*canceled/i)
      .first()
      .waitFor({ state: 'attached' });
  });

  it('removes names and images, frees what nobody needs, and says how much room is taken', async () => {
    const meter = view().getByRole('meter');
    const before = Number(await meter.getAttribute('value'));
    expect(before).toBeGreaterThan(1_000_000);
    await choose('little:1', /^Remove/);
    await row('little:1').waitFor({ state: 'detached' });
    // The name goes to another image: the one that had it has none.
    await choose('sqlite:3', /^Remove/);
    await row('sqlite:3').waitFor({ state: 'detached' });
    await view().getByRole('button', { name: 'Prune' }).click();
    await page
      .getByRole('status')
      .getByText(/ freed$/)
      .waitFor({ state: 'attached' });
    await expect.poll(async () => Number(await meter.getAttribute('value'))).toBeLessThan(before);
  });
});

/** The digests of the layers of an image that comes with the page, lowest first. */
async function layersOf(name: string): Promise<readonly string[]> {
  const read = async (path: string) => JSON.parse(await readFile(`${registryDir}/${path}`, 'utf8'));
  const { manifests } = await read('index.json');
  const { digest } = manifests.find(
    ({ annotations }: { annotations: Record<string, string> }) =>
      annotations['org.opencontainers.image.ref.name'] === name,
  );
  const { layers } = await read(`blobs/${digest.replace(':', '/')}`);
  return layers.map((layer: { digest: string }) => layer.digest);
}

/** Drops a file on the page. */
async function drop(page: Page, name: string, base64: string): Promise<void> {
  await page.evaluate(
    ([file, content]) => {
      const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
      const dropped = new DataTransfer();
      dropped.items.add(new File([bytes], file));
      const target = document.querySelector('strata-app');
      target?.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, cancelable: true }));
    },
    [name, base64] as const,
  );
}

/** A root with one directory and nothing else, as GNU tar would write it. */
function rootTar(): Buffer {
  const header = Buffer.alloc(512);
  header.write('./etc/');
  header.write('0000755\0', 100);
  header.write('00000000000\0', 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('5', 156);
  header.write('ustar\x0000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, Buffer.alloc(1024)]);
}
