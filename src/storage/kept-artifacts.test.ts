import { beforeEach, describe, expect, it } from 'vitest';
import type { Progress } from '../api/operation';
import { systemClock } from '../base/clock';
import { digestHex, digestOf } from '../formats/digest';
import { annotations, type Descriptor, mediaTypes } from '../formats/oci';
import { ArtifactSource } from './artifact-source';
import { patternBytes } from './content-store.conformance';
import type { ImageRecords } from './images/image-record';
import { KeptArtifacts } from './kept-artifacts';
import { MemoryBackend } from './memory-backend';
import { MemoryMetadataStore } from './metadata-store';
import { NamedTasks } from './named-tasks';
import { MemoryRecordStore } from './record-store';
import { VerifiedContentStore } from './verified-content-store';

const baseUrl = 'http://strata.test/registry/';
/** Of another version of the page, at a path of the same origin, and so with the same store. */
const otherUrl = 'http://strata.test/other/registry/';
const noImages: ImageRecords = { images: [], leases: [], users: [], steps: [] };

describe('artifacts that are kept for when there is no network', () => {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let online = true;
  let images = noImages;
  let store: VerifiedContentStore;
  let kept: KeptArtifacts;
  let layers: readonly Descriptor[];
  let manifests: Readonly<Record<'both' | 'second', Descriptor>>;
  let records: MemoryRecordStore;
  let metadata: MemoryMetadataStore;

  const put = async (bytes: Uint8Array<ArrayBuffer>, mediaType: string): Promise<Descriptor> => {
    const digest = await digestOf(bytes);
    files.set(`blobs/sha256/${digestHex(digest)}`, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const named = (descriptor: Descriptor, name: string) => ({
    ...descriptor,
    annotations: { [annotations.refName]: name },
  });
  const publish = (...entries: readonly Descriptor[]): void => {
    files.set('index.json', encode({ schemaVersion: 2, manifests: entries }));
  };
  /** As each page does. */
  const open = (registry = baseUrl): KeptArtifacts => {
    const source = new ArtifactSource({
      baseUrl: registry,
      store,
      metadata,
      clock: systemClock,
      fetch: async (url) => {
        if (!online) throw new TypeError('Failed to fetch');
        const path = String(url).slice(registry.length);
        const bytes = files.get(registry === otherUrl && path === 'index.json' ? 'other.json' : path);
        return new Response(bytes ?? null, { status: bytes ? 200 : 404 });
      },
    });
    return new KeptArtifacts({
      source,
      store,
      images: { records: async () => images },
      records,
      tasks: new NamedTasks(),
    });
  };
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

  beforeEach(async () => {
    online = true;
    images = noImages;
    files.clear();
    const config = await put(encode({}), mediaTypes.emptyConfig);
    layers = [
      await put(patternBytes(3000, 1), mediaTypes.unikernelLayer),
      await put(patternBytes(2000, 2), mediaTypes.unikernelLayer),
    ];
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, artifactType: mediaTypes.unikernel };
    const both = await put(encode({ ...manifest, config, layers }), mediaTypes.manifest);
    const second = await put(encode({ ...manifest, config, layers: layers.slice(1) }), mediaTypes.manifest);
    const signature = `strata/a:sha256-${'0'.repeat(64)}.sig`;
    manifests = { both, second };
    publish(
      named(both, 'strata/a:1'),
      named(second, 'strata/b:1'),
      named(both, 'strata/a:2'),
      named(second, signature),
    );
    store = new VerifiedContentStore(new MemoryBackend({ chunkSize: 1000 }), systemClock);
    records = new MemoryRecordStore();
    metadata = new MemoryMetadataStore();
    kept = open();
  });

  it('are told with all their names, their size and what of them is stored; signatures are none', async () => {
    await kept.keep('t', ['strata/b:1']);
    expect(await kept.offers()).toEqual([
      { references: ['strata/a:1', 'strata/a:2'], artifactType: mediaTypes.unikernel, size: 5000, stored: 2000 },
      { references: ['strata/b:1'], artifactType: mediaTypes.unikernel, size: 2000, stored: 2000 },
    ]);
  });

  it('are there without a network, and are told of without one', async () => {
    const told: Progress[] = [];
    await kept.keep('t', ['strata/a:1'], (progress) => told.push(progress));
    expect(told.at(-1)).toEqual({ phase: 'Fetching strata/a:1', done: 3000, total: 5000 });
    online = false;
    expect((await kept.offers()).map(({ references, stored }) => [references[0], stored])).toEqual([
      ['strata/a:1', 5000],
    ]);
    await kept.keep('t', ['strata/a:1']);
    for (const { digest } of layers) expect(await store.has(digest)).toBe(true);
  });

  it('go when they are removed, but for what a saved machine or an image has', async () => {
    const [first, second] = layers as [Descriptor, Descriptor];
    await kept.keep('t', ['strata/a:1']);
    await kept.remove(['strata/a:1'], [first.digest]);
    expect(await Promise.all(layers.map(({ digest }) => store.has(digest)))).toEqual([true, false]);
    await kept.keep('t', ['strata/a:1']);
    const part = { digest: second.digest, size: second.size };
    images = { ...noImages, images: [{ parts: [part] } as never] };
    await kept.remove(['strata/a:1'], []);
    expect(await Promise.all(layers.map(({ digest }) => store.has(digest)))).toEqual([false, true]);
  });

  it('of no such name are refused, and nothing is fetched', async () => {
    await expect(kept.keep('t', ['strata/a:1', 'strata/none:1'])).rejects.toMatchObject({ code: 'NotFound' });
    expect(await store.has(layers[0]!.digest)).toBe(false);
  });

  describe('of an earlier version', () => {
    const has = (...descriptors: readonly Descriptor[]) =>
      Promise.all(descriptors.map(({ digest }) => store.has(digest)));
    const putBlob = async (bytes: Uint8Array<ArrayBuffer>, label?: string): Promise<Descriptor> => {
      const ingest = await store.ingest(label === undefined ? {} : { label });
      await ingest.write(bytes);
      return { mediaType: '', ...(await ingest.commit()) };
    };

    it('go when the registry has another one, but for what that has as well and what records name', async () => {
      await kept.keep('t', ['strata/a:1']);
      const machine = await putBlob(patternBytes(500, 3));
      const state = await putBlob(patternBytes(400, 4), 'machine state');
      // In a record of a form that nobody here knows.
      const value = { from: { saved: [machine.digest] } };
      await records.apply([{ collection: 'snapshots', key: 's', value }]);
      await kept.sweep();
      publish(named(manifests.second, 'strata/b:1'));
      const next = open();
      await next.offers();
      await next.sweep();
      expect(await has(...layers, manifests.both)).toEqual([false, true, false]);
      expect(await has(manifests.second, machine, state)).toEqual([true, true, true]);
      await next.keep('t', ['strata/b:1']);
      online = false;
      expect(await open().offers()).toMatchObject([{ references: ['strata/b:1'], stored: 2000 }]);
    });

    it('stay while the registry is the same, and while it is not known what the other one has', async () => {
      await kept.keep('t', ['strata/a:1']);
      const stray = await putBlob(patternBytes(500, 3));
      await open().sweep();
      expect(await has(...layers, manifests.both, stray)).toEqual([true, true, true, true]);
      files.delete(`blobs/sha256/${digestHex(manifests.second.digest)}`);
      publish(named(manifests.second, 'strata/b:1'));
      await expect(open().sweep()).rejects.toMatchObject({ code: 'Unavailable' });
      expect(await has(...layers, manifests.both)).toEqual([true, true, true]);
    });

    it('stay while the registry of another version of the page has them, which has the same store', async () => {
      files.set('other.json', encode({ schemaVersion: 2, manifests: [named(manifests.both, 'strata/a:1')] }));
      await open(otherUrl).keep('t', ['strata/a:1']);
      const old = await put(encode({ of: 'an earlier version' }), mediaTypes.unikernelLayer);
      const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: old, layers: [old] };
      const earlier = await put(encode(manifest), mediaTypes.manifest);
      publish(named(earlier, 'strata/c:1'));
      await kept.keep('t', ['strata/c:1']);
      publish(named(manifests.second, 'strata/b:1'));
      await open().sweep();
      expect(await has(...layers, manifests.both, earlier, old)).toEqual([true, true, true, false, false]);
      online = false;
      expect(await open(otherUrl).offers()).toMatchObject([{ references: ['strata/a:1'], stored: 5000 }]);
      online = true;
      files.set('other.json', encode({ schemaVersion: 2, manifests: [named(manifests.second, 'strata/b:1')] }));
      await open(otherUrl).sweep();
      expect(await has(...layers, manifests.both)).toEqual([false, true, false]);
    });

    it('go although another version of the page has artifacts that were never asked for', async () => {
      files.set('other.json', encode({ schemaVersion: 2, manifests: [named(manifests.both, 'strata/a:1')] }));
      await open(otherUrl).sweep();
      // Nor are they fetched: this page's registry may not have them.
      files.delete(`blobs/sha256/${digestHex(manifests.both.digest)}`);
      publish(named(manifests.second, 'strata/b:1'));
      await kept.keep('t', ['strata/b:1']);
      publish();
      await open().sweep();
      expect(await has(layers[1]!, manifests.second)).toEqual([false, false]);
    });

    it('go at a later visit when the page ended before they did', async () => {
      await kept.keep('t', ['strata/a:1']);
      publish(named(manifests.second, 'strata/b:1'));
      await open().offers();
      await open().sweep();
      expect(await has(...layers, manifests.both)).toEqual([false, true, false]);
    });
  });
});
