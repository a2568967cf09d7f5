import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { createNodeLab } from '../../test/support/node-lab';
import type { BrowserLab } from '../browser';
import { buildBenchPage } from '../pages/build-page';
import type { InbrowserBench } from '../pages/inbrowser-page';
import type { Row } from '../row';
import { median } from '../statistics';

const runs = 12;

interface BenchPage {
  readonly bench: InbrowserBench;
}

/** The transfer of `vm-tcp` between two machines on v86's own network adapter. */
export async function inbrowserTcp(lab: BrowserLab): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-bench-page-'));
  await buildBenchPage('inbrowser', folder);
  await writeMachine(folder);
  const server = await startServer({ site: folder, registry: registryDir });
  const { page, close } = await lab.firstVisit();
  try {
    await page.goto(`${server.url}inbrowser.html`);
    await page.waitForFunction(() => 'bench' in globalThis);
    await page.evaluate(() => (globalThis as unknown as BenchPage).bench.boot());
    const rates: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const seconds = await page.evaluate(() => (globalThis as unknown as BenchPage).bench.transfer());
      rates.push((32 * 1.048576) / seconds);
    }
    const peer = `first ${rates[0]?.toFixed(1)}`;
    const value = median(rates.slice(runs / 2));
    return [{ name: "VM to VM TCP by v86's inbrowser adapter, warm", value, unit: 'MB/s', peer }];
  } finally {
    await close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a machine boots from, unpacked. */
async function writeMachine(folder: string): Promise<void> {
  const lab = await createNodeLab();
  const boot = await lab.images.loadBoot({ memoryMiB: 64, devices: 'virtio', containerHost: false });
  const files = { 'bios.bin': boot.bios, 'vgabios.bin': boot.vgaBios, 'kernel.bin': boot.kernel ?? new ArrayBuffer(0) };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), new Uint8Array(bytes));
  await lab.dispose();
}
