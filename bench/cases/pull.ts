import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { startServer } from '../../scripts/serve/server.mjs';
import { type Descriptor, mediaTypes } from '../../src/formats/oci';
import { LayoutFixture } from '../../test/fixtures/oci-layout';
import type { BrowserLab } from '../browser';
import { buildBenchPage } from '../pages/build-page';
import type { PullBench } from '../pages/pull-page';
import { atLeast, atMost, type Row } from '../row';
import { median, quantile } from '../statistics';

const runs = 5;
const layerFiles = 160;
const fileBytes = 65_536;

interface BenchPage {
  readonly bench: PullBench;
}

/** A 30 MB image from the same origin into an empty store, and then one that differs from it in one layer. */
export async function imagePull(lab: BrowserLab): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-bench-page-'));
  await buildBenchPage('pull', folder);
  await using layout = await LayoutFixture.create();
  const layers = await Promise.all([1, 2, 3, 4].map((seed) => makeLayer(layout, seed)));
  await addImage(layout, 'bench/first:1', layers.slice(0, 3));
  await addImage(layout, 'bench/second:1', [...layers.slice(0, 2), ...layers.slice(3)]);
  const server = await startServer({ site: folder, registry: layout.dir });
  const megabytes = layers.slice(0, 3).reduce((sum, { tarBytes }) => sum + tarBytes, 0) / 1e6;
  const rates: number[] = [];
  const delays: number[] = [];
  let moved = 0;
  try {
    for (let run = 0; run < runs; run += 1) {
      const { page, close } = await lab.firstVisit();
      await page.goto(`${server.url}pull.html`);
      await page.waitForFunction(() => 'bench' in globalThis);
      await page.evaluate(() => (globalThis as unknown as BenchPage).bench.ready());
      const first = await page.evaluate(() => (globalThis as unknown as BenchPage).bench.pull('bench/first:1'));
      const second = await page.evaluate(() => (globalThis as unknown as BenchPage).bench.pull('bench/second:1'));
      await close();
      rates.push(megabytes / (first.ms / 1000));
      delays.push(...first.delays);
      moved = second.transferred;
    }
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
  const changed = layers[3]?.blob.size ?? 0;
  return [
    {
      name: `pull of ${megabytes.toFixed(0)} MB (uncompressed) from same origin`,
      value: median(rates),
      unit: 'MB/s',
      goal: atLeast(60),
      peer: `page delay p99 ${quantile(delays, 0.99).toFixed(1)} ms, longest ${Math.max(...delays).toFixed(0)}`,
    },
    {
      name: 'second pull with one changed layer, bytes moved',
      value: moved,
      unit: 'B',
      // The layer, and the config that names it.
      goal: atMost(changed + 1024),
      peer: `the layer has ${changed}`,
    },
  ];
}

interface BenchLayer {
  readonly blob: Descriptor;
  readonly diffId: string;
  readonly tarBytes: number;
}

/** Files of words in no order, which compress about as well as what is in images. */
async function makeLayer(layout: LayoutFixture, seed: number): Promise<BenchLayer> {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
  const words = Array.from({ length: 4096 }, () => next().toString(36));
  const text = (): string => {
    let made = '';
    while (made.length < fileBytes) made += `${words[next() % words.length]} `;
    return made.slice(0, fileBytes);
  };
  const entries = Array.from({ length: layerFiles }, (_, at) => ({
    header: { name: `usr/share/layer${seed}/file${at}`, size: fileBytes, type: 'file' as const, mtime: new Date(0) },
    body: text(),
  }));
  const tar = await packTar(entries);
  const blob = await layout.addBlob(mediaTypes.layerGzip, gzipSync(tar));
  return { blob, diffId: `sha256:${createHash('sha256').update(tar).digest('hex')}`, tarBytes: tar.length };
}

async function addImage(layout: LayoutFixture, name: string, layers: readonly BenchLayer[]): Promise<void> {
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) };
  const config = await layout.addJson(mediaTypes.config, { os: 'linux', architecture: '386', rootfs });
  await layout.tag(
    name,
    await layout.addManifest(
      config,
      layers.map(({ blob }) => blob),
    ),
  );
}
