import { readFile } from 'node:fs/promises';
import { openStoreLab, openTab } from '../../test/support/store-lab';
import type { BrowserLab } from '../browser';
import { atMost, type Row } from '../row';

const layers = 4;
const filesPerLayer = 50;
const sampleMs = 20;

/**
 * A 200 MB image that is loaded from a file: what the process of page and store's worker takes more of memory than
 * before, at its highest, and how fast it goes. The file lies in another process.
 */
export async function imageLoad(_: BrowserLab): Promise<readonly Row[]> {
  const lab = await openStoreLab();
  try {
    const { page, store } = await openTab(lab, await lab.newContext());
    const size = await store.evaluate((inside, [many, files]) => inside.makeArchive(many, files), [
      layers,
      filesPerLayer,
    ] as const);
    const session = await lab.browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
    await page.requestGC();
    const idle = await residentBytes(renderers);
    const sampling = sampleHighest(renderers);
    const { ok: ms, error } = await store.evaluate((inside) => inside.loadArchive());
    const highest = await sampling.end();
    if (ms === undefined) throw new Error(`The image was not loaded: ${error.message}`);
    const above = (highest - idle) / 1e6;
    return [
      { name: 'memory above idle while a 200 MB image is loaded', value: above, unit: 'MB', goal: atMost(64) },
      { name: 'load of a 200 MB image from a file', value: size / 1000 / ms, unit: 'MB/s' },
    ];
  } finally {
    await lab.close();
  }
}

function sampleHighest(processes: readonly number[]): { end(): Promise<number> } {
  let highest = 0;
  let ended = false;
  const sample = async (): Promise<void> => {
    while (!ended) {
      highest = Math.max(highest, await residentBytes(processes));
      await new Promise((resolve) => setTimeout(resolve, sampleMs));
    }
  };
  const sampling = sample();
  return {
    async end() {
      ended = true;
      await sampling;
      return highest;
    },
  };
}

/** Anonymous memory of processes (Linux, proc(5)). */
async function residentBytes(processes: readonly number[]): Promise<number> {
  const texts = await Promise.all(processes.map((id) => readFile(`/proc/${id}/status`, 'utf8').catch(() => '')));
  return texts.reduce((sum, text) => sum + Number(/RssAnon:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024, 0);
}
