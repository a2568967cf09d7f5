import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { BrowserLab } from '../browser';
import { buildBenchPage } from '../pages/build-page';
import type { NinePBench } from '../pages/nine-p-page';
import { atLeast, atMost, type Row } from '../row';
import { median } from '../statistics';

/** More than a machine's worker keeps of a layer, so that reading it again goes to the store again. */
const megabytes = 32;
const files = 10_000;
const warmRuns = 5;

const forget = 'echo 3 > /proc/sys/vm/drop_caches';
const readFile = 'dd if=/tmp/layer/large.bin of=/dev/null bs=1M 2>/dev/null';
const listFiles = 'ls -lR /tmp/layer/many > /dev/null';
interface BenchPage {
  readonly bench: NinePBench;
}

/** A layer that a guest has mounted: how fast it is read and listed. */
export async function layerOverNineP(lab: BrowserLab): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-bench-page-'));
  await buildBenchPage('nine-p', folder);
  const server = await startServer({ site: folder, registry: registryDir });
  const { page, close } = await lab.firstVisit();
  const open = async (): Promise<void> => {
    await page.goto(`${server.url}nine-p.html`);
    await page.waitForFunction(() => 'bench' in globalThis);
  };
  const time = (command: string): Promise<number> =>
    page.evaluate((line) => (globalThis as unknown as BenchPage).bench.time(line), command);
  const rate = async (): Promise<number> => (megabytes / (await time(readFile))) * 1000;
  try {
    await open();
    await page.evaluate(([bytes, count]) => (globalThis as unknown as BenchPage).bench.store(bytes, count), [
      megabytes * 1_000_000,
      files,
    ] as const);
    // A new page has a new store, which has read nothing of the layer yet.
    await open();
    await page.evaluate(() => (globalThis as unknown as BenchPage).bench.start());
    const cold = await rate();
    const warm: number[] = [];
    for (let run = 0; run < warmRuns; run += 1) {
      await time(forget);
      warm.push(await rate());
    }
    await time(forget);
    const [first, again] = [await time(listFiles), await time(listFiles)];
    return [
      { name: 'layer over 9P: read, cold store', value: cold, unit: 'MB/s', goal: atLeast(40) },
      {
        name: 'layer over 9P: read, warm store',
        value: median(warm),
        unit: 'MB/s',
        goal: atLeast(100),
        peer: `best ${Math.max(...warm).toFixed(0)}`,
      },
      {
        name: `layer over 9P: ls -lR of ${files} files, first`,
        value: first / 1000,
        unit: 's',
        goal: atMost(6),
      },
      { name: `layer over 9P: ls -lR of ${files} files, again`, value: again / 1000, unit: 's', goal: atMost(2) },
    ];
  } finally {
    await close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
