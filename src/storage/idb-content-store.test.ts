import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock';
import { patternBytes } from './content-store.conformance';
import { type StoreSchema, schemaVersion } from './database';
import { openIdbContentStore } from './open-content-store';
import { randomId } from './random-id';

const chunkSize = 1000;
const hour = 60 * 60 * 1000;

describe('store in IndexedDB', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const openStore = async (databaseName: string, clock = new FakeClock()) => {
    const { store } = await openIdbContentStore({ databaseName, chunkSize, clock });
    ends.push(() => store.close());
    return store;
  };
  const openBack = async (databaseName: string) => {
    const back = await openDB<StoreSchema>(databaseName);
    ends.push(() => back.close());
    return back;
  };

  it('keeps blobs and metadata from one opening to the next', async () => {
    const databaseName = randomId();
    const first = await openIdbContentStore({ databaseName, chunkSize });
    const ingest = await first.store.ingest({});
    await ingest.write(patternBytes(2500));
    const { digest } = await ingest.commit();
    await first.metadata.put('name', 'value');
    await first.store.close();
    const second = await openIdbContentStore({ databaseName, chunkSize: 400 });
    ends.push(() => second.store.close());
    expect(await second.store.read(digest)).toEqual(patternBytes(2500));
    expect(await second.metadata.get('name')).toBe('value');
    await second.metadata.put('name:b', 'of b');
    await second.metadata.put('names', 'others');
    expect(await second.metadata.list('name:')).toEqual(['of b']);
  });

  it('collects an abandoned ingest at the next opening, and tells its owner if there is one after all', async () => {
    const databaseName = randomId();
    const clock = new FakeClock();
    const owner = await openStore(databaseName, clock);
    const ingest = await owner.ingest({});
    await ingest.write(patternBytes(2500));
    const back = await openBack(databaseName);

    await clock.advance(hour - 1);
    await openStore(databaseName, clock);
    expect(await back.count('chunks')).toBe(2);

    await clock.advance(2);
    await openStore(databaseName, clock);
    expect(await back.count('chunks')).toBe(0);
    expect(await back.count('ingests')).toBe(0);

    await expect(ingest.write(patternBytes(2500))).rejects.toMatchObject({ code: 'Aborted' });
    expect(await back.count('chunks')).toBe(0);
  });

  it('lets go of the database when another tab upgrades it, and says what to do', async () => {
    const databaseName = randomId();
    const store = await openStore(databaseName);
    const newer = await openDB(databaseName, schemaVersion + 1);
    ends.push(() => newer.close());
    await expect(store.list()).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('reload'),
    });
  });

  it('refuses calls after it was closed', async () => {
    const { store } = await openIdbContentStore({ databaseName: randomId() });
    await store.close();
    await expect(store.list()).rejects.toMatchObject({ code: 'Unavailable' });
  });
});
