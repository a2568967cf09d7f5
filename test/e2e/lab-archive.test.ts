import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { bringLab, openBroughtLab, saveLab } from '../support/page-archive';
import { askEngine } from '../support/page-engine';
import { launch, openPage, recordsOf, shellIn, smallVm } from '../support/page-fleet';

const run = promisify(execFile);
const skopeo = findProgram('skopeo');

/** The whole lab as one file, in another browser. */
describe('a lab with all its data', { timeout: 400_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let folder: string;
  let archive: string;

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    folder = await mkdtemp(join(tmpdir(), 'lab-archive-'));
    archive = join(folder, 'Lecture.tar');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const newPage = async (): Promise<{ readonly context: BrowserContext; readonly page: Page }> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
    const page = await context.newPage();
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, `${server.url}#/lab`);
    return { context, page };
  };
  const view = (page: Page) => page.locator('strata-lab-view');
  const phases = async (page: Page) => (await recordsOf(page)).map(({ name, state }) => `${name} ${state.phase}`);
  const noteIn = (page: Page) => shellIn(page, 'one', 'cat /root/note; cat /mnt/kept');

  it('is saved while it runs', async () => {
    const { context, page } = await newPage();
    await launch(page, { ...smallVm, name: 'one', disks: [{ sizeMiB: 64, format: 'ext4' }] });
    await shellIn(
      page,
      'one',
      'echo in memory > /root/note; mount /dev/vda /mnt && echo on its disk > /mnt/kept && sync',
    );
    await askEngine(page, 'POST', '/images/create?fromImage=busybox&tag=latest');
    expect(await saveLab(page, 'Lecture', archive)).toBe('Lecture.tar');
    // It goes on here.
    expect(await noteIn(page)).toBe('in memory\non its disk\n');
    await context.close();
  });

  it('goes on in another browser where it was', async () => {
    const { context, page } = await newPage();
    const dialog = await bringLab(page, 'Lecture', archive);
    await dialog.getByText(/Machines: 1, containers: 0, volumes: 0, images: [1-9]/).waitFor();
    await page.evaluate(axe.source);
    const problems =
      "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id }) => id))";
    expect(await page.evaluate(problems)).toEqual([]);
    expect(await phases(page)).toEqual([]);
    await openBroughtLab(page, dialog);
    await expect.poll(() => phases(page), { timeout: 120_000 }).toEqual(['one running']);
    expect(await noteIn(page)).toBe('in memory\non its disk\n');
    expect(await view(page).getByLabel('Name').inputValue()).toBe('Lecture');
    // Beside what is there now it is not opened again.
    const again = await bringLab(page, 'Lecture', archive);
    await again.getByText('begin a new lab first').waitFor();
    expect(await again.getByRole('button', { name: 'Open it' }).count()).toBe(0);
    await context.close();
  });

  it('opens without a blob that is damaged, and says what is lost', async () => {
    const bytes = await readFile(archive);
    const layers = bytes.indexOf('application/vnd.strata.lab.memory.v1+gzip');
    const digest = /sha256:([0-9a-f]{64})/.exec(bytes.subarray(layers, layers + 400).toString('latin1'))?.[1] ?? '';
    const at = bytes.indexOf(`blobs/sha256/${digest}`) + 512;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const damaged = join(folder, 'damaged.tar');
    await writeFile(damaged, bytes);
    const { context, page } = await newPage();
    const dialog = await bringLab(page, 'Lecture', damaged);
    await dialog.getByText('What one was doing: it starts anew, with its disks').waitFor();
    await openBroughtLab(page, dialog);
    await expect.poll(() => phases(page), { timeout: 120_000 }).toEqual(['one running']);
    expect(await shellIn(page, 'one', 'mount /dev/vda /mnt && cat /mnt/kept')).toBe('on its disk\n');
    await context.close();
  });

  it.runIf(skopeo)('has its images for other programs as any layout has', async () => {
    // The layout's own name of an image is its tag (image-spec v1.1, annotations.md).
    const args = ['inspect', '--override-os', 'linux', '--override-arch', '386', `oci-archive:${archive}:latest`];
    const { stdout } = await run(skopeo ?? '', args);
    expect(JSON.parse(stdout)).toMatchObject({ Os: 'linux' });
    const { stdout: text } = await run('tar', ['xOf', archive, 'scenario.yaml']);
    expect(text).toContain('name: Lecture');
  });
});
