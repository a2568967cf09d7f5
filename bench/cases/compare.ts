import type { Page } from 'playwright-core';
import { openPage } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import type { Row } from '../row';

/** Longest that a comparison may take before the bench gives up, milliseconds. */
const limitMs = 600_000;

/** The page's own comparisons, begun by their buttons: its figures, as it copies them. */
export async function comparison(lab: BrowserLab): Promise<readonly Row[]> {
  const { context, page, close } = await lab.firstVisit();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openPage(page, `${lab.url}#/compare`);
  const rows = [
    ...(await compared(page, 'One web service, three ways', 'Compare all three')),
    ...(await compared(page, 'Full emulation against virtio', 'Compare the devices')),
  ];
  await close();
  return rows;
}

async function compared(page: Page, heading: string, button: string): Promise<readonly Row[]> {
  const section = page.getByRole('region', { name: heading });
  await section.getByRole('button', { name: button }).click();
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await section.getByRole('button', { name: 'Copy as CSV' }).click({ timeout: limitMs });
  await page.waitForFunction(async () => (await navigator.clipboard.readText()) !== '');
  const csv = await page.evaluate(() => navigator.clipboard.readText());
  // What may have commas in it comes last.
  const lines = csv
    .split('\r\n')
    .slice(1, -1)
    .map((line) => line.split(',', 4));
  const figures = new Map(lines.map(([figure]) => [figure, lines.filter(([each]) => each === figure)]));
  return [...figures].map(([name, [first = [], ...others]]) => {
    const [, form = '', value, unit = ''] = first;
    const peer = others.map(([, as, other]) => `${as} ${Number(Number(other).toPrecision(4))}`).join(', ');
    return { name: `${name}: ${form}`, value: Number(value), unit, peer };
  });
}
