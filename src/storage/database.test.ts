import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../api/content-store';
import { systemClock } from '../base/clock';
import { FakeClock } from '../base/fake-clock';
import { digestOf } from '../formats/digest';
import { createBlockChecksums } from './block-checksums';
import { patternBytes } from './content-store.conformance';
import { Database, type StoreSchema, schemaVersion } from './database';
import { openIdbContentStore } from './open-content-store';
import { randomId } from './random-id';

describe('database', () => {
  it('opens again and repeats the work when the connection was closed underneath it', async () => {
    const database = new Database(randomId(), systemClock);
    let calls = 0;
    const value = await database.use(async (connection) => {
      calls += 1;
      if (calls === 1) connection.close();
      await connection.put('metadata', 'value', 'key');
      return connection.get('metadata', 'key');
    });
    expect(value).toBe('value');
    expect(calls).toBe(2);
    await database.close();
  });

  it('gives up when the connection is closed twice in a row', async () => {
    const database = new Database(randomId(), systemClock);
    let calls = 0;
    const work = database.use((connection) => {
      calls += 1;
      connection.close();
      return connection.get('metadata', 'key');
    });
    await expect(work).rejects.toMatchObject({ code: 'Unavailable' });
    expect(calls).toBe(2);
    await database.close();
  });

  it('says that another tab holds the storage instead of waiting for ever', async () => {
    const name = randomId();
    const clock = new FakeClock();
    // A tab that does not let go when asked, and a deletion that waits for it: opening waits behind both.
    const stubborn = await openDB(name, 1);
    const deletion = indexedDB.deleteDatabase(name);
    const database = new Database(name, clock);
    const work = database.use((connection) => connection.get('metadata', 'key'));
    const refusal = expect(work).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('Another tab'),
    });
    await clock.advance(5000);
    await refusal;
    stubborn.close();
    await new Promise((resolve) => deletion.addEventListener('success', resolve));
    expect(await database.use((connection) => connection.get('metadata', 'key'))).toBeUndefined();
    await database.close();
  });

  it('upgrades what version 1 of the schema left, and loses nothing of it', async () => {
    const databaseName = randomId();
    const bytes = patternBytes(2500);
    const digest = await makeVersion1(databaseName, bytes);
    const opened = await openIdbContentStore({ databaseName });
    expect(await opened.store.read(digest)).toEqual(bytes);
    expect(await opened.metadata.get('index')).toBe('text');
    await opened.records.apply([{ collection: 'instances', key: 'web', value: 1 }]);
    await opened.store.close();
    const back = await openDB<StoreSchema>(databaseName);
    expect(back.version).toBe(schemaVersion);
    expect([...back.objectStoreNames]).toEqual(
      expect.arrayContaining(['extents', 'diskLayers', 'images', 'imageLeases', 'layers']),
    );
    expect(await back.getAll('ingests')).toHaveLength(1);
    back.close();
  });
});

/** A database as version 1 of the schema had it, with a blob of three chunks and an ingest under way. */
async function makeVersion1(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Digest> {
  const version1 = await openDB(name, 1, {
    upgrade(database) {
      for (const store of ['blobs', 'chunks', 'ingests', 'metadata']) database.createObjectStore(store);
    },
  });
  const [digest, checksums] = [await digestOf(bytes), await createBlockChecksums()];
  checksums.update(bytes);
  const record = { digest, size: bytes.length, committedAt: 1, content: 'c', chunkSize: 1000 };
  await version1.put('blobs', { ...record, checksums: checksums.finish() }, digest);
  for (const index of [0, 1, 2]) {
    await version1.put('chunks', new Blob([bytes.slice(index * 1000, (index + 1) * 1000)]), ['c', index]);
  }
  await version1.put('ingests', { content: 'young', session: 's', startedAt: Date.now() }, 'young');
  await version1.put('metadata', 'text', 'index');
  version1.close();
  return digest;
}
