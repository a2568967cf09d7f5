import axe from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { focusedText } from '../support/focused-text';
import { lessonIds } from '../support/lesson-lab';
import { openPage } from '../support/page-fleet';
import { solveInPage } from '../support/page-lesson';

/** `npm run soak` takes all of them. This one has machine, unikernels and frames; `offline.test.ts` takes one with containers. */
const taken = process.env['LESSONS'] === 'all' ? lessonIds() : ['08-unikernels'];

describe('lessons in the page', { timeout: 900_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    context = await browser.newContext({ viewport: { width: 1360, height: 850 } });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    await openPage(page, server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const view = () => page.locator('strata-lessons-view');
  const button = (name: string) => view().getByRole('button', { name });
  const problems = async (): Promise<unknown> => {
    await page.evaluate(axe.source);
    await page.evaluate("document.documentElement.style.setProperty('--quick', '0ms')");
    return page.evaluate(
      "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html)))",
    );
  };
  const goTo = (hash: string) => page.evaluate(`location.hash = '${hash}'`);

  it('are listed, with what they take', async () => {
    await goTo('#/lessons');
    await view().getByRole('heading', { name: 'Lessons' }).waitFor();
    expect(await view().getByRole('listitem').count()).toBe(lessonIds().length);
    expect(await problems()).toEqual([]);
  });

  it('show a folder that an author drops, what is wrong with it, and what an importer left out', async () => {
    const drop = (files: Readonly<Record<string, string>>) =>
      view()
        .locator('#folder')
        .evaluate((field, texts) => {
          // Only the browser's own dialog gives files a path.
          const input = field as HTMLInputElement;
          const list = Object.entries(texts).map(([name, text]) => {
            const file = new File([text], name);
            Object.defineProperty(file, 'webkitRelativePath', { value: `mine/${name}` });
            return file;
          });
          Object.defineProperty(input, 'files', { value: list, configurable: true });
          input.dispatchEvent(new Event('change'));
        }, files);
    await goTo('#/lessons');
    const head = '---\nlesson: 1\ntitle: My own\nsummary: Of one step\nminutes: 5\nsteps: [1.md]\n---\n';
    await drop({ 'lesson.md': `${head}Begin.`, '1.md': '---\ntitle: First\n---\n<script>alert(1)</script>\n' });
    await view().getByText('1.md, line 4, column 1: Raw HTML is not shown').waitFor();
    expect(await problems()).toEqual([]);
    await drop({ 'lesson.md': `${head}Begin.`, '1.md': '---\ntitle: First\nhints: [Look up]\n---\nDo *it*.\n' });
    await view().getByRole('heading', { name: 'My own' }).waitFor();
    await view().getByRole('link', { name: 'Next', exact: true }).click();
    await button('Show a hint').click();
    await view().getByText('Look up').waitFor();
    expect(await problems()).toEqual([]);
    await goTo('#/lessons');
    const index = { title: 'From elsewhere', details: { steps: [{ text: '1.md' }] }, backend: { imageid: 'ubuntu' } };
    await drop({ 'index.json': JSON.stringify(index), '1.md': 'Run `ls`{{exec}} ![x](y.png)' });
    await view().getByRole('heading', { name: 'From elsewhere' }).waitFor();
    await goTo('#/lessons');
    await view().getByText('backend.imageid "ubuntu"').waitFor();
    expect(complaints).toEqual([]);
  });

  it('say what of their lab does not run, and start it; a lab whose opening was cut off is made anew', async () => {
    await goTo('#/lessons/03-container-by-hand/0');
    await page.evaluate("strata.lab.changes(([first]) => first?.state.phase === 'starting' && location.reload())");
    await Promise.all([page.waitForEvent('load'), button('Start the lab').click()]);
    await view().getByText('It was not started to its end').waitFor();
    await button('Start it anew').click();
    await view().getByText('The lab runs.').waitFor();
    await goTo('#/lessons/03-container-by-hand/1');
    await page.evaluate('strata.lab.kill(strata.lab.list()[0].id).finished');
    await view().getByText('box does not run.', { exact: true }).waitFor();
    await view().getByText('box does not run: start it first').waitFor();
    expect(await problems()).toEqual([]);
    await button('Run in box').first().click();
    expect(await focusedText(page)).toBe('The lab of this lesson');
    await button('Start box').click();
    await view().getByText('box does not run.', { exact: true }).waitFor({ state: 'detached' });
    await goTo('#/lessons/03-container-by-hand/0');
    await view().getByText('The lab runs.').waitFor();
    // The next one has a machine of the same name.
    await goTo('#/lessons/04-namespaces/0');
    await view().getByText('has a machine of the same name: its lab is removed first.').waitFor();
    expect(await problems()).toEqual([]);
    await button('Remove and start').click();
    await page.getByRole('dialog').getByText('is removed: box.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove and start' }).click();
    await view().getByText('The lab runs.').waitFor();
    await button('Reset the lesson').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
    await button('Start the lab').waitFor();
    expect(complaints).toEqual([]);
  });

  it.each(taken)('%s runs from start to end by its solution', async (id) => {
    await solveInPage(page, id, async () => expect(await problems()).toEqual([]));
    expect(complaints).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('are usable in %s on a phone', async (theme) => {
    await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
    await page.setViewportSize({ width: 390, height: 844 });
    for (const hash of ['#/lessons', '#/lessons/04-namespaces/0', '#/lessons/04-namespaces/2']) {
      await goTo(hash);
      await view().getByRole('heading').first().waitFor();
      expect(await problems()).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    }
  });
});
