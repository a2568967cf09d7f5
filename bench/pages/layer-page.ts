import { systemClock } from '../../src/base/clock';
import type { Descriptor } from '../../src/formats/oci';
import { browserSpawner } from '../../src/rpc/spawn-browser';
import { Supervisor } from '../../src/runtime/supervisor';
import type { LayerBench } from './layer-worker';
import layerWorkerUrl from './layer-worker.ts?worker&url';

/** What the bench calls from outside; times in milliseconds. */
export interface LayerPage {
  put(url: string, descriptor: Descriptor): Promise<{ readonly ms: number; readonly delays: readonly number[] }>;
  loadIndex(digest: Descriptor['digest']): Promise<{ readonly ms: number; readonly nodes: number }>;
  delete(digest: Descriptor['digest']): Promise<void>;
  gunzip(url: string): Promise<number>;
}

const { remote } = new Supervisor(systemClock).spawn<LayerBench>(browserSpawner(layerWorkerUrl), 'layers');
const tickMs = 10;

const bench: LayerPage = {
  async put(url, descriptor) {
    const delays: number[] = [];
    let due = performance.now() + tickMs;
    const timer = setInterval(() => {
      const now = performance.now();
      delays.push(Math.max(0, now - due));
      due = now + tickMs;
    }, tickMs);
    const ms = await remote.put(new URL(url, location.href).href, descriptor);
    clearInterval(timer);
    return { ms, delays };
  },
  loadIndex: (digest) => remote.loadIndex(digest),
  delete: (digest) => remote.delete(digest),
  gunzip: (url) => remote.gunzip(new URL(url, location.href).href),
};

Object.assign(globalThis, { bench });
