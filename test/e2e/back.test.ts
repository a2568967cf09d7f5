import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';

const patience = { timeout: 60_000, interval: 50 };

/** The browser's way back, over dialogs and views. */
describe('Back', () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let page: Page;

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    page = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  beforeEach(async () => {
    await page.goto('about:blank');
    await page.goto(server.url);
    await page.getByRole('link', { name: 'Volumes' }).click();
    await at('volumes');
  });

  const at = (view: string) => expect.poll(() => new URL(page.url()).hash, patience).toBe(`#/${view}`);
  const dialogs = () => expect.poll(() => page.locator('dialog[open]').count(), patience);
  const ask = async (): Promise<void> => {
    await page.getByRole('button', { name: 'New volume' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('data');
  };

  it('closes a dialog and leaves the view', async () => {
    await ask();
    await page.goBack();
    await dialogs().toBe(0);
    await at('volumes');
    await page.goBack();
    await expect.poll(() => new URL(page.url()).hash, patience).not.toBe('#/volumes');
  });

  it('leads from a view, whose dialog was closed otherwise, to the view before', async () => {
    await ask();
    await page.keyboard.press('Escape');
    await dialogs().toBe(0);
    await expect.poll(() => page.evaluate('history.state'), patience).toBeNull();
    await page.goBack();
    await expect.poll(() => new URL(page.url()).hash, patience).not.toBe('#/volumes');
  });

  it('leads from where a command has led to where it was given', async () => {
    await page.keyboard.press('Control+K');
    await page.getByRole('combobox').fill('go to images');
    await page.keyboard.press('Enter');
    await at('images');
    await dialogs().toBe(0);
    await page.goBack();
    await at('volumes');
    await page.goForward();
    await at('images');
  });

  it('closes the dialog that another one has led to', async () => {
    await page.keyboard.press('Control+K');
    await page.getByRole('combobox').fill('new network');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByLabel('Name').fill('lan');
    await dialogs().toBe(1);
    await page.goBack();
    await dialogs().toBe(0);
    await at('volumes');
  });
});
