import type { BrowserContext, Page } from 'playwright-core';
import { offlineText } from '../../src/ui/text/offline';

/** The service worker that keeps the page's files is there, with all that it keeps. */
export async function shellIsKept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active?.state === 'activated') return;
    await new Promise<void>((resolve) => {
      active?.addEventListener('statechange', () => active.state === 'activated' && resolve());
    });
  });
}

/** What machines start from, as the page calls it. */
export const machines = offlineText.name('machines', '');

/** The line of something in the view of images that can be made available offline. */
export function offlineLine(page: Page, name: string) {
  return page.locator('strata-offline-panel').getByRole('listitem').filter({ hasText: name });
}

/** Makes each of these available offline, as a person would. */
export async function keepOffline(page: Page, names: readonly string[]): Promise<void> {
  await page.evaluate("location.hash = '#/images'");
  for (const name of names) {
    const line = offlineLine(page, name);
    await line.getByRole('button', { name: `Make available offline: ${name}` }).click();
    await line.getByText(offlineText.isKept).waitFor({ timeout: 240_000 });
  }
}

/** What the tests that run without a network start: everything small, and one image. */
const wanted = /^(strata\/unikernel-|busybox:latest$)/;

const left = new WeakSet<BrowserContext>();

/** The one visit of a browser's profile: what there is to start is made available offline, and the network is gone after it. */
export async function visitAndLeave(page: Page, visit: () => Promise<void>): Promise<void> {
  const context = page.context();
  if (left.has(context)) return;
  left.add(context);
  await visit();
  await page.evaluate("location.hash = '#/images'");
  const lines = page.locator('strata-offline-panel').getByRole('listitem');
  await lines.filter({ hasText: machines }).waitFor();
  const names = (await lines.locator('.what > :first-child').allTextContents()).map((name) => name.trim());
  await keepOffline(page, [machines, ...names.filter((name) => wanted.test(name))]);
  await shellIsKept(page);
  await context.setOffline(true);
  const asked = await page.evaluate(
    "fetch('registry/index.json', { cache: 'no-store' }).then(() => true, () => false)",
  );
  if (asked) throw new Error('There is a network still');
  // Or another place of the same page would be no new visit.
  await page.goto('about:blank');
}
