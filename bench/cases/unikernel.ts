import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { registryDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { unikernelModule } from '../../test/support/unikernel-lab';
import type { BrowserLab } from '../browser';
import { buildBenchPage } from '../pages/build-page';
import type { UnikernelBench } from '../pages/unikernel-page';
import { atLeast, atMost, type Row } from '../row';
import { median } from '../statistics';

/** The first ones warm the code up. */
const [warmUp, rounds] = [5, 15];
const connections = 32;
const loadMs = 3000;
const fleetSize = 200;
const backends = 4;
const mebibyte = 1024 * 1024;

interface BenchPage {
  readonly bench: UnikernelBench;
}

/** One program in a module: how fast it is there, how much it takes, how much it serves. */
export function unikernels(lab: BrowserLab): Promise<readonly Row[]> {
  return onBenchPage(lab, async (page) => {
    const measure = async (what: 'instantiate' | 'createToAnswer'): Promise<readonly number[]> => {
      const times: number[] = [];
      for (let round = 0; round < warmUp + rounds; round += 1) {
        times.push(await page.evaluate((name) => (globalThis as unknown as BenchPage).bench[name](), what));
      }
      return times.slice(warmUp);
    };
    const [begin, answer] = [await measure('instantiate'), await measure('createToAnswer')];
    const rate = (count: number): Promise<number> =>
      page.evaluate(([many, ms]) => (globalThis as unknown as BenchPage).bench.requestRate(many, ms), [
        count,
        loadMs,
      ] as const);
    const [alone, together] = [await rate(1), await rate(connections)];
    const fleet = await page.evaluate((count) => (globalThis as unknown as BenchPage).bench.fleet(count), fleetSize);
    const fastest = (times: readonly number[]): string => `fastest ${Math.min(...times).toFixed(2)}`;
    return [
      {
        name: 'httpd: instantiate and init',
        value: median(begin),
        unit: 'ms',
        goal: atMost(0.5),
        peer: fastest(begin),
      },
      {
        name: 'httpd: create to first answer, static address',
        value: median(answer),
        unit: 'ms',
        goal: atMost(10),
        peer: `${fastest(answer)}; without the lab's records`,
      },
      {
        name: `httpd: requests, ${connections} connections`,
        value: together,
        unit: 'requests/s',
        goal: atLeast(60_000),
        peer: `one connection ${Math.round(alone)}`,
      },
      { name: 'httpd: memory of one', value: fleet.memoryBytes / mebibyte, unit: 'MiB', goal: atMost(1) },
      {
        name: `httpd: of ${fleetSize} at once, answering`,
        value: fleet.answered,
        unit: 'servers',
        goal: atLeast(fleetSize),
        peer: `${(fleet.ms / 1000).toFixed(1)} s for all${fleet.refusal === '' ? '' : `, then: ${fleet.refusal}`}`,
      },
    ];
  });
}

/** What a balancer lets through, beside one of its servers alone; and what it loses while they change. */
export function balancer(lab: BrowserLab): Promise<readonly Row[]> {
  return onBenchPage(lab, async (page) => {
    const { direct, balanced, changing } = await page.evaluate(
      ([count, many, ms]) => (globalThis as unknown as BenchPage).bench.balancer(count, many, ms),
      [backends, connections, loadMs] as const,
    );
    return [
      {
        name: `lb before ${backends} httpd: requests, ${connections} connections`,
        value: balanced,
        unit: 'requests/s',
        goal: atLeast(10_000),
      },
      {
        name: 'lb: share of one httpd alone',
        value: (100 * balanced) / direct,
        unit: '%',
        goal: atLeast(20),
        peer: `alone ${Math.round(direct)} requests/s`,
      },
      {
        name: 'lb: connections lost while backends change',
        value: changing.lost,
        unit: 'connections',
        goal: atMost(0),
        peer: `${changing.changes} taken out and put back in ${loadMs / 1000} s, ${Math.round(changing.rate)} requests/s, 20 on a connection`,
      },
    ];
  });
}

/** Opens the bench's own page, with modules beside it, in a new profile. */
async function onBenchPage<T>(lab: BrowserLab, work: (page: Page) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-bench-page-'));
  await buildBenchPage('unikernel', folder);
  for (const name of ['httpd', 'lb']) await writeFile(join(folder, `${name}.wasm`), unikernelModule(name));
  const server = await startServer({ site: folder, registry: registryDir });
  const { page, close } = await lab.firstVisit();
  try {
    await page.goto(`${server.url}unikernel.html`);
    await page.waitForFunction(() => 'bench' in globalThis);
    return await work(page);
  } finally {
    await close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
