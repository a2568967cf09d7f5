import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { openPage, recordsOf } from '../support/page-fleet';

/** The comparison as a person meets it: one button, real guests, and figures that are told from each other. */
describe('the comparison in the page', { timeout: 600_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    page.setDefaultTimeout(500_000);
    await openPage(page, `${server.url}#/compare`);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const section = (name: string) => page.getByRole('region', { name });
  const names = async (): Promise<readonly string[]> => (await recordsOf(page)).map(({ name }) => name).sort();
  /** Of a figure's rows, by what they are measured of: what stands in the last cell. */
  const figures = (heading: string, figure: string): Promise<Readonly<Record<string, string>>> =>
    section(heading)
      .locator('tbody')
      .filter({ has: page.getByText(figure, { exact: true }) })
      .evaluate((body) =>
        Object.fromEntries(
          [...body.querySelectorAll('tr:has(td)')].map((row) => [
            row.querySelector('th')?.textContent?.trim() ?? '',
            row.querySelector('td:last-child')?.textContent?.replace(/\s+/g, ' ').trim() ?? '',
          ]),
        ),
      );

  it('starts one service three ways, each of which answers, and says what it came to', async () => {
    const services = 'One web service, three ways';
    await section(services).getByRole('button', { name: 'Compare all three' }).click();
    await section(services).getByRole('button', { name: 'Copy as CSV' }).waitFor();
    expect(await names()).toEqual(['compare-host', 'compare-unikernel', 'compare-vm']);
    const forms = ['VM', 'Container', 'Unikernel'];
    expect(Object.keys(await figures(services, 'Requests per second'))).toEqual(forms);
    for (const rate of Object.values(await figures(services, 'Requests per second'))) expect(rate).toMatch(/^[1-9]/);
    const surface = await figures(services, 'System calls or imports that it may use');
    const count = (text: string | undefined): number => Number(text?.split(' ')[0]);
    // The kernel of both is the same, and the filter lets through less; the unikernel has what docs/ABI.md knows.
    expect(count(surface['VM'])).toBeGreaterThan(300);
    expect(count(surface['Container'])).toBeLessThan(count(surface['VM']));
    expect(count(surface['Container'])).toBeGreaterThan(200);
    expect(count(surface['Unikernel'])).toBeLessThan(20);
    expect(surface['Unikernel']).toContain('solo5.net_write');
    expect((await figures(services, 'Memory'))['VM']).toMatch(/^[\d.]+ MB of 64 MB$/);
    expect((await figures(services, 'Image'))['Container']).toMatch(/busybox:latest .* \(shared\)/);
    await section(services).getByRole('button', { name: 'Copy as CSV' }).click();
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toMatch(/^Figure,As,Value,Unit,Detail\r\nTime to the first answer,VM,[\d.]+,ms,/);
    await page.getByRole('button', { name: 'Remove the 3 machines it started' }).click();
    await expect.poll(names).toEqual([]);
    // The figures stay.
    expect(Object.keys(await figures(services, 'Memory'))).toEqual(forms);
  });

  it('compares emulated hardware with virtio, by what the guests count', async () => {
    const devices = 'Full emulation against virtio';
    await section(devices).getByRole('button', { name: 'Compare the devices' }).click();
    await section(devices).getByRole('button', { name: 'Copy as Markdown' }).waitFor();
    expect(await names()).toEqual(['compare-emulated', 'compare-virtio']);
    const net = await figures(devices, 'Sending by a network card');
    expect(net['Emulated']).toContain('ne2k-pci');
    expect(net['virtio']).toContain('virtio_net');
    expect((await figures(devices, 'Reading from a disk'))['Emulated']).toContain('ata_piix');
    const interrupts = await figures(devices, 'Sending by a network card: interrupts');
    const number = (text: string | undefined): number => Number(text?.split(' ')[0]?.replace(',', ''));
    expect(number(interrupts['Emulated'])).toBeGreaterThan(number(interrupts['virtio']));
  });

  it('takes away what it had started when it is canceled', async () => {
    const services = 'One web service, three ways';
    await section(services).getByRole('button', { name: 'Compare again' }).click();
    await section(services).getByText('VM: from nothing to its first answer').waitFor();
    await section(services).getByRole('button', { name: 'Cancel' }).click();
    await section(services).getByText('It was canceled, and what it had started is removed.').waitFor();
    expect(await names()).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
