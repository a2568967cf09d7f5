import type { Locator, Page } from 'playwright-core';

const view = (page: Page): Locator => page.locator('strata-lab-view');

/** Saves the lab with all its data, as a person would; the name that the page gives the file. */
export async function saveLab(page: Page, name: string, path: string): Promise<string> {
  await view(page).getByLabel('Name').fill(name);
  await view(page).getByLabel('Name').press('Tab');
  // All of it is packed first.
  const download = page.waitForEvent('download', { timeout: 180_000 });
  await view(page).getByRole('button', { name: 'Save with all data' }).click();
  const file = await download;
  await file.saveAs(path);
  return file.suggestedFilename();
}

/** Brings the file of a lab, and waits for what the page says of it. */
export async function bringLab(page: Page, name: string, path: string): Promise<Locator> {
  await view(page).locator('input[type=file]').setInputFiles(path);
  const dialog = page.getByRole('dialog', { name: `Open "${name}" with all its data?` });
  await dialog.waitFor();
  return dialog;
}

/** Opens what was brought; the page loads anew. */
export async function openBroughtLab(page: Page, dialog: Locator): Promise<void> {
  const loaded = page.waitForEvent('load');
  await dialog.getByRole('button', { name: 'Open it' }).click();
  await loaded;
  await page.waitForFunction(() => 'strata' in globalThis);
}
