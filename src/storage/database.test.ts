import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock';
import { FakeClock } from '../base/fake-clock';
import { Database } from './database';
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
});
