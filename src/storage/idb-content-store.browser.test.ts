import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import sealerUrl from '../../workers/sealer.ts?worker&url';
import { systemClock } from '../base/clock';
import { browserSpawner } from '../rpc/spawn-browser';
import { describeContentStore, patternBytes } from './content-store.conformance';
import { Database } from './database';
import { IdbBackend } from './idb-backend';
import { openIdbFixture } from './idb-store-fixture';
import { openSession } from './ingest-journal';
import { openContentStore, openIdbContentStore } from './open-content-store';
import { randomId } from './random-id';

describeContentStore('IndexedDB of the browser', openIdbFixture, { runs: 10 });
const sealer = browserSpawner(sealerUrl);
describeContentStore('IndexedDB of the browser, sealed by a worker', (size) => openIdbFixture(size, sealer), {
  runs: 3,
});

describe('two tabs on one store', () => {
  let databaseName: string;
  beforeEach(() => {
    databaseName = `test-${randomId()}`;
  });
  afterEach(() => void indexedDB.deleteDatabase(databaseName));

  it('keep out of the way of each other’s ingests while they live', async () => {
    const first = await openIdbContentStore({ databaseName, chunkSize: 1000 });
    const ingest = await first.store.ingest({});
    await ingest.write(patternBytes(2500));
    const second = await openIdbContentStore({ databaseName, chunkSize: 1000 });
    await ingest.write(patternBytes(2500));
    const { digest } = await ingest.commit();
    expect(await second.store.read(digest)).toHaveLength(5000);
    await first.store.close();
    await second.store.close();
  });

  it('collect what the other left when it died', async () => {
    const database = new Database(databaseName, systemClock);
    const session = await openSession(navigator.locks);
    const dead = new IdbBackend(database, session, systemClock, { chunkSize: 1000 });
    await dead.begin('content', undefined);
    await dead.put('content', { index: 0, parts: [patternBytes(1000)], size: 1000 });
    // What the browser does when a tab dies.
    session.end();
    const { store } = await openIdbContentStore({ databaseName });
    expect(await database.use((connection) => connection.count('chunks'))).toBe(0);
    expect(await database.use((connection) => connection.count('ingests'))).toBe(0);
    const late = dead.put('content', { index: 1, parts: [patternBytes(10)], size: 10 });
    await expect(late).rejects.toMatchObject({ code: 'Aborted' });
    await dead.close();
    await store.close();
  });
});

describe('a large blob', () => {
  it('of several full-size chunks is kept over a reopening', async () => {
    const databaseName = `test-${randomId()}`;
    const bytes = patternBytes(21_240_000);
    const first = await openContentStore({ databaseName });
    expect(first.persistent).toBe(true);
    const ingest = await first.store.ingest({ size: bytes.length });
    for (let from = 0; from < bytes.length; from += 65_536) await ingest.write(bytes.subarray(from, from + 65_536));
    const { digest } = await ingest.commit();
    await first.store.close();
    const second = await openContentStore({ databaseName });
    const read = await second.store.read(digest);
    expect(read.length).toBe(bytes.length);
    const again = await second.store.ingest({ digest });
    await again.write(read);
    expect((await again.commit()).digest).toBe(digest);
    await second.store.close();
    indexedDB.deleteDatabase(databaseName);
  });
});
