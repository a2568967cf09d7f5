import { type Browser, chromium, type FrameLocator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { previewDir, registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { launch, openPage, type StrataPage, shellIn, smallVm } from '../support/page-fleet';
import { previewSite } from '../support/preview-guest';

/**
 * Playwright's own list of disabled features denies storage to frames of other sites, and with it their service
 * workers; browsers of people do not.
 */
const launchOptions = { ...chromiumLaunch, args: [...chromiumLaunch.args, '--disable-features=Translate'] };

const patience = { timeout: 60_000, interval: 100 };

const image = 'strata/unikernel-httpd:1';

/** A published port as a person sees it, by each of the two ways. */
describe.each(['an origin of its own', 'no origin'] as const)(
  'a published port with %s',
  { timeout: 300_000 },
  (way) => {
    const own = way === 'an origin of its own';
    let server: Awaited<ReturnType<typeof startServer>>;
    let browser: Browser;
    let page: Page;
    const complaints: string[] = [];
    const ids = new Map<string, string>();

    beforeAll(async () => {
      const served = own ? { previewSite: previewDir } : {};
      server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0, ...served });
      browser = await chromium.launch(launchOptions);
      page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await openPage(page, server.url);
      ids.set('web', await launch(page, { ...smallVm, name: 'web' }));
      await shellIn(page, 'web', previewSite);
      const draft = {
        kind: 'unikernel',
        name: 'uni',
        image,
        args: [],
        config: {},
        memoryMiB: 4,
        addressing: 'static',
      } as const;
      ids.set('uni', await launch(page, draft));
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    const goTo = (name: string): Promise<void> =>
      page.evaluate(
        (hash) => {
          location.hash = hash;
        },
        `#/machines/${ids.get(name)}/ports`,
      );
    /** The frame that is shown. */
    const guest = (): FrameLocator => page.frameLocator('strata-preview iframe');
    const address = () => page.getByLabel('Path');
    const visit = async (path: string): Promise<void> => {
      await address().fill(path);
      await page.getByRole('button', { name: 'Go', exact: true }).click();
    };
    const heading = (text: string): Promise<void> =>
      guest().getByRole('heading', { name: text }).waitFor({ timeout: 60_000 });

    it('is published by its number, and shows a page with picture, style and script', async () => {
      await goTo('web');
      await page.getByRole('button', { name: 'Publish' }).click();
      await heading('Hello from a guest');
      await guest().getByText('script ran').waitFor();
      const colour = await guest()
        .locator('h1')
        .evaluate((element) => getComputedStyle(element).color);
      expect(colour).toBe('rgb(1, 2, 3)');
      await expect
        .poll(
          () =>
            guest()
              .locator('#picture')
              .evaluate((each) => (each as HTMLImageElement).naturalWidth),
          patience,
        )
        .toBe(1);
      if (!own) await page.getByText('without an origin of its own').waitFor();
    });

    it('follows links, relative and by the guest’s name, and says where it is', async () => {
      await guest().locator('#link').click();
      await heading('A page below');
      // As in any browser, the keyboard is in the page that came.
      const focused = await page
        .locator('strata-preview')
        .evaluate((each) => each.shadowRoot?.activeElement?.localName);
      expect(focused).toBe('iframe');
      await expect.poll(() => address().inputValue(), patience).toBe('/sub/page.html');
      await guest().locator('#up').click();
      await heading('Hello from a guest');
      await guest().locator('#absolute').click();
      await heading('A page below');
      await visit('/');
      await heading('Hello from a guest');
    });

    it('sends forms', async () => {
      await guest().getByRole('button', { name: 'Send' }).click();
      await heading('Got word=a+%26+b');
      await visit('/');
    });

    it('follows redirects and keeps cookies', async () => {
      await guest().locator('#moved').click();
      await heading('Cookies: visits=1');
      await expect.poll(() => address().inputValue(), patience).toBe('/cgi-bin/cookie');
    });

    it('is a unikernel’s as well, whose cookies are its own', async () => {
      await goTo('uni');
      await page.getByRole('button', { name: 'Publish' }).click();
      await guest().locator('h1').first().waitFor({ timeout: 60_000 });
      expect(await guest().locator('body').innerText()).not.toBe('');
    });

    it('says what is wrong: nobody listens, no such page, a machine that is off', async () => {
      await goTo('web');
      await page.getByLabel('Port', { exact: true }).fill('81');
      await page.getByRole('button', { name: 'Publish' }).click();
      await page.getByRole('button', { name: 'Port 81', exact: true }).click();
      await guest().getByText('no program of it listens on port 81').waitFor({ timeout: 60_000 });
      await page.getByRole('button', { name: 'Take port 81 back' }).click();
      await expect.poll(() => page.getByRole('button', { name: 'Port 81', exact: true }).count()).toBe(0);
      await visit('/nothing');
      await guest().getByText('404').first().waitFor();
    });

    it('is still published after a reload of the page', async () => {
      await page.evaluate(() => (globalThis as unknown as StrataPage).strata.lab.saveForReload());
      await page.reload();
      await page.waitForFunction(() => 'strata' in globalThis);
      await page.waitForFunction((id) => {
        const { lab } = (globalThis as unknown as StrataPage).strata;
        return lab.list().find((each) => each.id === id)?.state.phase === 'running';
      }, ids.get('web'));
      await goTo('web');
      await heading('Hello from a guest');
      expect(complaints).toEqual([]);
    });
  },
);
