import 'fake-indexeddb/auto';
import { openDB, type StoreNames } from 'idb';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock';
import { FakeClock } from '../base/fake-clock';
import { digestOf } from '../formats/digest';
import { createBlockChecksums } from './block-checksums';
import { patternBytes } from './content-store.conformance';
import { Database, recordCollections, type StoreSchema, schemaVersion } from './database';
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

  it.each(released.map((_, at) => at + 1))(
    'upgrades what version %i of the schema left, and loses nothing of it',
    async (version) => {
      const databaseName = randomId();
      const bytes = patternBytes(2500);
      const { digest, written } = await makeVersion(databaseName, version, bytes);
      const opened = await openIdbContentStore({ databaseName });
      expect(await opened.store.read(digest)).toEqual(bytes);
      expect(await opened.metadata.get('index')).toBe('text');
      for (const collection of recordCollections) {
        const [kept] = await opened.records.list(collection);
        expect(kept?.value).toEqual(written.has(collection) ? sample(collection) : undefined);
        await opened.records.apply([{ collection, key: 'new', value: 1 }]);
      }
      await opened.store.close();
      const back = await openDB<StoreSchema>(databaseName);
      expect(back.version).toBe(schemaVersion);
      expect([...back.objectStoreNames].sort()).toEqual(released.flat().sort());
      for (const [name, key] of written) expect(await back.get(name, key as never)).toEqual(sample(name));
      expect(await back.getAll('ingests')).toHaveLength(1);
      back.close();
    },
  );

  it('of each version that was released has been upgraded from above', () => {
    expect(released).toHaveLength(schemaVersion);
  });
});

/** The object stores that each version of the schema added, as they were released: this is history and does not change. */
const released: readonly (readonly StoreNames<StoreSchema>[])[] = [
  ['blobs', 'chunks', 'ingests', 'metadata'],
  ['instances', 'networks', 'reservations', 'snapshots', 'disks', 'extents', 'diskLayers'],
  ['leases'],
  ['images', 'imageLeases', 'layers'],
  ['containers', 'containerLogs', 'containerVolumes', 'containerNetworks'],
  ['folders', 'folderChunks'],
  ['layouts'],
];

/** Keys of the object stores that have others than texts. */
const keys: Partial<Record<StoreNames<StoreSchema>, IDBValidKey>> = {
  extents: ['layer', 0],
  folders: ['folder', 'inode', 1],
  folderChunks: ['folder', 1, 0],
};

const sample = (name: string) => ({ of: name });

/**
 * A database as that version of the schema had it, with a blob of three chunks, an ingest under way, and something in every
 * other object store; by which keys.
 */
async function makeVersion(name: string, version: number, bytes: Uint8Array<ArrayBuffer>) {
  const [first = [], ...later] = released.slice(0, version);
  const old = await openDB(name, version, {
    upgrade(database) {
      for (const store of [...first, ...later.flat()]) database.createObjectStore(store);
    },
  });
  const [digest, checksums] = [await digestOf(bytes), await createBlockChecksums()];
  checksums.update(bytes);
  const record = { digest, size: bytes.length, committedAt: 1, content: 'c', chunkSize: 1000 };
  await old.put('blobs', { ...record, checksums: checksums.finish() }, digest);
  for (const index of [0, 1, 2]) {
    await old.put('chunks', new Blob([bytes.slice(index * 1000, (index + 1) * 1000)]), ['c', index]);
  }
  await old.put('ingests', { content: 'young', session: 's', startedAt: Date.now() }, 'young');
  await old.put('metadata', 'text', 'index');
  const written = new Map<StoreNames<StoreSchema>, IDBValidKey>();
  for (const store of later.flat()) {
    const key = keys[store] ?? 'key';
    await old.put(store, sample(store), key);
    written.set(store, key);
  }
  old.close();
  return { digest, written };
}
