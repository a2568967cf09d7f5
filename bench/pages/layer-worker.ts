import { chunksOf } from '../../src/base/streams';
import type { Descriptor } from '../../src/formats/oci';
import { acceptPort } from '../../src/rpc/accept-browser';
import { expose } from '../../src/rpc/control';
import { browserSpawner } from '../../src/rpc/spawn-browser';
import { gunzip } from '../../src/storage/layers/gunzip';
import { LayerStore } from '../../src/storage/layers/layer-store';
import { openContentStore } from '../../src/storage/open-content-store';
import sealerUrl from '../../workers/sealer.ts?worker&url';

/** A store with nothing but layers in it. */
export class LayerBench {
  readonly #layers = openContentStore({ databaseName: 'bench-layers', spawnSealer: browserSpawner(sealerUrl) }).then(
    ({ store, records }) => new LayerStore(store, records),
  );

  ping(): void {}

  /** Fetches and keeps a layer; milliseconds. */
  async put(url: string, descriptor: Descriptor): Promise<number> {
    const layers = await this.#layers;
    const begun = performance.now();
    await layers.put(descriptor, await fetched(url));
    return performance.now() - begun;
  }

  /** Reads the index of a layer that nobody has asked for since it was put; milliseconds. */
  async loadIndex(digest: Descriptor['digest']): Promise<{ readonly ms: number; readonly nodes: number }> {
    const layers = await this.#layers;
    const layer = await layers.find(digest);
    if (!layer) throw new Error('There is no such layer');
    const begun = performance.now();
    const { nodes } = await layers.layer(layer.diffId);
    return { ms: performance.now() - begun, nodes: nodes.length };
  }

  async delete(digest: Descriptor['digest']): Promise<void> {
    await (await this.#layers).delete(digest);
  }

  /** What fetching and gunzip alone take; milliseconds. */
  async gunzip(url: string): Promise<number> {
    const begun = performance.now();
    for await (const _ of gunzip(await fetched(url)));
    return performance.now() - begun;
  }
}

async function fetched(url: string): Promise<AsyncIterable<Uint8Array>> {
  const { body } = await fetch(url, { cache: 'no-store' });
  if (!body) throw new Error(`Nothing at ${url}`);
  return chunksOf(body);
}

acceptPort((port) => expose(new LayerBench(), port));
