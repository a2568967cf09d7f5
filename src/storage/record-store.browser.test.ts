import { systemClock } from '../base/clock';
import { Database } from './database';
import { randomId } from './random-id';
import { IdbRecordStore } from './record-store';
import { describeRecordStore } from './record-store.conformance';

describeRecordStore(
  'IndexedDB of the browser',
  async () => {
    const name = `test-${randomId()}`;
    const database = new Database(name, systemClock);
    return {
      records: new IdbRecordStore(database),
      async dispose() {
        await database.close();
        indexedDB.deleteDatabase(name);
      },
    };
  },
  { runs: 10 },
);
