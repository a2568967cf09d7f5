import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { deflateSync } from 'node:zlib';
import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { openPage, recordsOf, shellIn } from '../support/page-fleet';

/** Labs as files and links: nothing starts before somebody has seen what would. */
describe('a lab as a file', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
  });
  beforeEach(async () => {
    await context?.close();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    page = await context.newPage();
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const view = () => page.locator('strata-lab-view');
  const dialog = (name: string | RegExp) => page.getByRole('dialog', { name });
  const phases = async () => (await recordsOf(page)).map(({ name, state }) => `${name} ${state.phase}`);
  const running = (count: number) =>
    expect
      .poll(async () => (await phases()).filter((each) => each.endsWith('running')).length, { timeout: 120_000 })
      .toBe(count);

  it('is opened from an example, works, and goes as a link to another browser', async () => {
    await openPage(page, `${server.url}#/lab`);
    await view().getByRole('button', { name: 'Open A web service and its client' }).click();
    await dialog('Open "A web service and its client"?').getByText('1 machine, 1 unikernel').waitFor();
    expect(await phases()).toEqual([]);
    await dialog(/^Open/).getByRole('button', { name: 'Open it' }).click();
    await running(2);
    expect(await shellIn(page, 'client', 'wget -qO- web')).toContain('Hello from a unikernel');

    await view().getByRole('button', { name: 'Copy a link' }).click();
    await view().getByText('The link is copied').waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    await view()
      .getByText(/strata\/unikernel-httpd:1@sha256:[0-9a-f]{64}/)
      .waitFor();

    const other = await browser.newContext();
    page = await other.newPage();
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, link);
    await dialog('Open "A web service and its client"?').waitFor();
    expect(await phases()).toEqual([]);
    expect(page.url()).toBe(link);
    await dialog(/^Open/).getByRole('button', { name: 'Open it' }).click();
    // What was answered once is not asked again by a reload.
    await expect.poll(() => new URL(page.url()).hash).toBe('#/lab');
    await running(2);
    expect(await shellIn(page, 'client', 'wget -qO- web')).toContain('Hello from a unikernel');
    await other.close();
  });

  it('is saved as a file, emptied, and opened from it again with its addresses', async () => {
    await openPage(page, `${server.url}#/lab`);
    await view().getByRole('button', { name: 'Open Two machines' }).click();
    await dialog(/^Open/).getByRole('button', { name: 'Open it' }).click();
    await running(2);
    const addresses = async () =>
      (await recordsOf(page)).map(({ name, nics }) => [name, nics[0]?.network, nics[0]?.address]);
    const before = await addresses();
    await expect.poll(() => view().getByLabel('Name').inputValue()).toBe('Two machines');
    await view().getByLabel('Notes').fill('Ping each other.');
    await view().getByLabel('Name').fill('Pair');
    await view().getByLabel('Name').press('Tab');
    const download = page.waitForEvent('download');
    await view().getByRole('button', { name: 'Save as a file' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('Pair.yaml');
    const saved = await readFile(await file.path(), 'utf8');
    expect(saved).toContain('Ping each other.');

    await view().getByRole('button', { name: 'New lab' }).click();
    await dialog('Begin a new lab?').getByRole('button', { name: 'New lab' }).click();
    await expect.poll(phases).toEqual([]);

    await view()
      .locator('input[type=file]')
      .setInputFiles({ name: 'Pair.yaml', mimeType: 'text/yaml', buffer: Buffer.from(saved) });
    await dialog('Open "Pair"?').getByRole('button', { name: 'Open it' }).click();
    await running(2);
    expect(await addresses()).toEqual(before);
  });

  it('stays in its link until it is decided, and begins a new lab where it cannot stand beside what is there', async () => {
    await openPage(page, `${server.url}#/lab`);
    await view().getByRole('button', { name: 'Open Two machines' }).click();
    await dialog(/^Open/).getByRole('button', { name: 'Open it' }).click();
    await running(2);
    await view().getByRole('button', { name: 'Copy a link' }).click();
    await view().getByText('The link is copied').waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());

    await page.goto(link);
    await dialog(/^Open/).getByText('It cannot be opened beside what is here').waitFor();
    await dialog(/^Open/).getByRole('button', { name: 'Begin a new lab' }).click();
    await dialog('Begin a new lab?').getByRole('button', { name: 'Cancel' }).click();
    expect(page.url()).toBe(link);
    // The way back over the closed dialog is no navigation that a reload may meet.
    await expect.poll(() => page.evaluate('history.state')).toBeNull();
    await page.reload();
    await dialog(/^Open/).getByRole('button', { name: 'Begin a new lab' }).click();
    await dialog('Begin a new lab?').getByRole('button', { name: 'New lab' }).click();
    await dialog(/^Open/).getByRole('button', { name: 'Open it' }).click();
    await running(2);
    expect(new URL(page.url()).hash).toBe('#/lab');
    expect(await phases()).toHaveLength(2);

    await page.goto(link);
    await dialog(/^Open/).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => new URL(page.url()).hash).toBe('#/lab');
  });

  it('waits in a tab that has not got the lab, and is held against what is there once it has', async () => {
    const text = 'strata: 1\nname: One\ninstances:\n  - { kind: vm, name: alice, start: false }\n';
    await openPage(page, `${server.url}#/lab`);
    await view()
      .locator('input[type=file]')
      .setInputFiles({ name: 'one.yaml', mimeType: 'text/yaml', buffer: Buffer.from(text) });
    await dialog('Open "One"?').getByRole('button', { name: 'Open it' }).click();
    await expect.poll(phases).toEqual(['alice created']);

    const first = page;
    const link = `${server.url}#s=1.${deflateSync(text).toString('base64url')}`;
    page = await context.newPage();
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, link);
    const takeOver = page.getByRole('button', { name: 'Use Strata in this tab' });
    await takeOver.waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(page.url()).toBe(link);
    await takeOver.click();
    await dialog('Open "One"?').getByText('"alice" is there already').waitFor();
    expect(await phases()).toEqual(['alice created']);

    // It is open in this tab when the other one gets the lab.
    await first.bringToFront();
    await first.getByRole('button', { name: 'Use Strata in this tab' }).click();
    await dialog('Open "One"?').getByText('Another tab has the lab now').waitFor();
    expect(await dialog('Open "One"?').getByRole('button', { name: 'Begin a new lab' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    expect(page.url()).toBe(link);
  });

  it('has images by their digests, empty volumes, folders and places, and says what it leaves out', async () => {
    const { manifests } = JSON.parse(await readFile(`${registryDir}/index.json`, 'utf8')) as {
      manifests: { digest: string; annotations: Record<string, string> }[];
    };
    const digestOf = (name: string) =>
      manifests.find((each) => each.annotations['org.opencontainers.image.ref.name'] === name)?.digest ?? '';
    const digest = digestOf('library/busybox:1');
    const text = (image: string) => `strata: 1
name: Whole
volumes:
  - name: data
    size: 16
instances:
  - kind: vm
    name: pinned
    image: busybox@${image}
    disks:
      - volume: data
  - kind: vm
    name: plain
    shares:
      - folder: notes
        at: /notes
containers:
  - name: web
    image: lighttpd@${digestOf('library/lighttpd:1')}
    volumes: ["pages:/pages"]
layout:
  plain: { x: 300, y: 200 }
  network/default: { x: 40, y: 60 }
`;
    const bring = async (source: string): Promise<void> => {
      await view()
        .locator('input[type=file]')
        .setInputFiles({ name: 'whole.yaml', mimeType: 'text/yaml', buffer: Buffer.from(source) });
      await dialog('Open "Whole"?').getByText('the empty volume data').waitFor();
      await dialog('Open "Whole"?').getByText('plain reads and writes notes').waitFor();
      await dialog('Open "Whole"?').getByRole('button', { name: 'Open it' }).click();
    };
    await openPage(page, `${server.url}#/lab`);
    await bring(text(`sha256:${'0'.repeat(64)}`));
    await page.getByText('The image busybox cannot be had as it was').first().waitFor();
    expect(await phases()).toEqual([]);

    await bring(text(digest));
    // Two machines, and the host of the container.
    await running(3);
    expect(await shellIn(page, 'pinned', 'grep -c "vd[ab]$" /proc/partitions')).toBe('2\n');
    expect(await shellIn(page, 'plain', 'echo hi > /notes/a; mount | grep -c " /notes "')).toBe('1\n');
    const source = view().locator('.source pre');
    for (const said of [
      `image: busybox@${digest}`,
      `image: lighttpd@${digestOf('library/lighttpd:1')}`,
      '- name: pages\n    of: containers',
      '- volume: data',
      '- name: data\n    size: 16',
      'folder: notes',
    ]) {
      await expect.poll(() => source.textContent()).toContain(said);
    }
    expect(await source.textContent()).toContain(
      'layout:\n  plain: { x: 300, y: 200 }\n  network/default: { x: 40, y: 60 }\n',
    );

    await view().getByLabel('With volumes and shared folders').uncheck();
    await view()
      .getByText('Left out: the folder notes of plain, the volume data, the volumes of web, the volume pages')
      .waitFor();
    expect(await source.textContent()).not.toContain('data');

    // What somebody has in a folder and on a volume is not given to a scenario.
    await view()
      .locator('input[type=file]')
      .setInputFiles({ name: 'whole.yaml', mimeType: 'text/yaml', buffer: Buffer.from(text(digest)) });
    await dialog('Open "Whole"?').getByText('There is a volume "data" already; rename or remove it').waitFor();
    await dialog('Open "Whole"?').getByText('There is a volume "pages" of containers already; remove it').waitFor();
    await dialog('Open "Whole"?').getByText('There is a folder "notes" with something in it').waitFor();
    expect(await dialog('Open "Whole"?').getByRole('button', { name: 'Begin a new lab' }).count()).toBe(0);
  });

  it('says where a file is wrong, and what a link lacks; nothing is made', async () => {
    await openPage(page, `${server.url}#/lab`);
    const wrong = 'strata: 1\nname: Wrong\ninstances:\n  - kind: vm\n    name: one\n    memory: lots\n';
    await view()
      .locator('input[type=file]')
      .setInputFiles({ name: 'wrong.yaml', mimeType: 'text/yaml', buffer: Buffer.from(wrong) });
    await dialog('wrong.yaml cannot be opened').getByText('line 6, column 13, instances[0].memory').waitFor();
    await page.keyboard.press('Escape');
    // The dialog's entry of the history is left a moment later.
    await expect.poll(() => page.evaluate('history.state')).toBeNull();
    await page.goto(`${server.url}?scenario=https://other.test/lab.yaml`);
    await page.getByText('The link names a scenario of other.test without its digest').waitFor();
    await page.goto(`${server.url}#s=1.eJwrLilKLEm`);
    await page.getByText('The link is damaged').waitFor();
    expect(await phases()).toEqual([]);
  });

  it('comes by an address with the digest that the link was made with, and by no other', async () => {
    const text = await readFile(new URL('../../public/scenarios/two-machines.yaml', import.meta.url));
    const sha256 = createHash('sha256').update(text).digest('hex');
    await openPage(page, `${server.url}?scenario=scenarios/two-machines.yaml&sha256=${sha256}`);
    await dialog('Open "Two machines"?').waitFor();
    await page.goto(`${server.url}?scenario=scenarios/two-machines.yaml&sha256=${'0'.repeat(64)}`);
    await page.getByText('is not what the link was made for').waitFor();
  });

  it('is shown without anything that axe objects to, light, dark and narrow', async () => {
    await openPage(page, `${server.url}#/lab`);
    await view().getByRole('heading', { name: 'Examples' }).waitFor();
    await view().getByRole('button', { name: 'Copy a link' }).click();
    await page.evaluate(axe.source);
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 390],
    ] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 800 });
      const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    }
  });
});
