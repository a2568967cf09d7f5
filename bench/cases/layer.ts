import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryDir, root } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { Descriptor } from '../../src/formats/oci';
import type { BrowserLab, Visit } from '../browser';
import { buildBenchPage } from '../pages/build-page';
import type { LayerPage } from '../pages/layer-page';
import { atLeast, atMost, type Row } from '../row';
import { median, quantile } from '../statistics';

const rounds = 3;
const megabyte = 1e6;

interface BenchPage {
  readonly bench: LayerPage;
}

/** Layers taken by the store in a worker, from the same origin: verified, unpacked, indexed and kept. */
export async function layerIngest(lab: BrowserLab): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-bench-layer-'));
  try {
    await buildBenchPage('layer', folder);
    const tar = await makeTar(folder);
    const server = await startServer({ site: folder, registry: registryDir });
    const visit = await lab.firstVisit();
    try {
      await visit.page.goto(`${server.url}layer.html`);
      await visit.page.waitForFunction(() => 'bench' in globalThis);
      return [...(await ingestRows(visit, folder, tar)), ...(await memoryRow(visit, folder))];
    } finally {
      await visit.close();
      await server.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Programs and texts as an image has them, about 100 MB, and the same as gzip. */
async function makeTar(folder: string): Promise<number> {
  const packages = [
    'typescript',
    'vite',
    'v86',
    '@wasmer',
    'playwright-core',
    '@biomejs',
    'lightningcss-linux-x64-gnu',
  ];
  const path = join(folder, 'layer.tar');
  const names = packages.map((name) => `node_modules/${name}`);
  execFileSync('tar', ['-cf', path, '--sort=name', '--ignore-failed-read', ...names], { cwd: root });
  execFileSync('gzip', ['-k', path]);
  return (await stat(path)).size;
}

async function ingestRows({ page }: Visit, folder: string, tarBytes: number): Promise<readonly Row[]> {
  const descriptor = await describe(join(folder, 'layer.tar.gz'));
  const [times, delays, alone, indexes]: [number[], number[], number[], { ms: number; nodes: number }[]] = [
    [],
    [],
    [],
    [],
  ];
  for (let round = 0; round <= rounds; round += 1) {
    const put = await page.evaluate(
      (given) => (globalThis as unknown as BenchPage).bench.put('layer.tar.gz', given),
      descriptor,
    );
    const index = await page.evaluate(
      (given) => (globalThis as unknown as BenchPage).bench.loadIndex(given),
      descriptor.digest,
    );
    const gunzip = await page.evaluate(() => (globalThis as unknown as BenchPage).bench.gunzip('layer.tar.gz'));
    await page.evaluate((given) => (globalThis as unknown as BenchPage).bench.delete(given), descriptor.digest);
    // The first round warms the code up.
    if (round === 0) continue;
    times.push(put.ms);
    delays.push(...put.delays);
    alone.push(gunzip);
    indexes.push(index);
  }
  const rate = (ms: number): number => tarBytes / megabyte / (ms / 1000);
  const peer = `fetching and gunzip alone ${rate(median(alone)).toFixed(0)}; ${(tarBytes / megabyte).toFixed(0)} MB of tar, ${(descriptor.size / megabyte).toFixed(0)} MB of gzip`;
  return [
    {
      name: 'layer ingest: verify, unpack, index, store',
      value: rate(median(times)),
      unit: 'MB/s of tar',
      goal: atLeast(60),
      peer,
    },
    { name: 'page delay while a layer is taken, p99', value: quantile(delays, 0.99), unit: 'ms', goal: atMost(16) },
    {
      name: 'index of a layer from the store',
      value: median(indexes.map(({ ms }) => ms)),
      unit: 'ms',
      peer: `${indexes[0]?.nodes} nodes`,
    },
  ];
}

/** The most that the renderer's process grows while a layer of 200 MB is taken; page and worker are one process. */
async function memoryRow({ page, context }: Visit, folder: string): Promise<readonly Row[]> {
  execFileSync('tar', ['-cf', 'large.tar', 'layer.tar', 'layer.tar.gz', './layer.tar'], { cwd: folder });
  const { size } = await stat(join(folder, 'large.tar'));
  execFileSync('gzip', ['-1', 'large.tar'], { cwd: folder });
  const descriptor = await describe(join(folder, 'large.tar.gz'));
  const session = await context.browser()?.newBrowserCDPSession();
  const info = await session?.send('SystemInfo.getProcessInfo');
  const renderers = info?.processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id) ?? [];
  const before = await residentBytes(renderers);
  let [peak, done] = [0, false];
  const put = page
    .evaluate((given) => (globalThis as unknown as BenchPage).bench.put('large.tar.gz', given), descriptor)
    .finally(() => {
      done = true;
    });
  while (!done) {
    peak = Math.max(peak, await residentBytes(renderers));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await put;
  const value = (peak - before) / megabyte;
  const peer = `of a layer of ${(size / megabyte).toFixed(0)} MB, ${(descriptor.size / megabyte).toFixed(0)} MB as gzip`;
  return [
    { name: 'memory of page and store above idle while a layer is taken', value, unit: 'MB', goal: atMost(64), peer },
  ];
}

/** Resident memory of processes together; Linux says so. */
async function residentBytes(pids: readonly number[]): Promise<number> {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')));
  return texts.reduce((sum, text) => sum + Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) * 1024, 0);
}

async function describe(path: string): Promise<Descriptor> {
  const bytes = await readFile(path);
  const hex = createHash('sha256').update(bytes).digest('hex');
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${hex}`, size: bytes.length };
}
