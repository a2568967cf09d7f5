import 'fake-indexeddb/auto';
import { systemClock } from '../base/clock';
import { Database } from './database';
import { randomId } from './random-id';
import { IdbRecordStore, MemoryRecordStore } from './record-store';
import { describeRecordStore } from './record-store.conformance';

describeRecordStore('memory', async () => ({ records: new MemoryRecordStore(), dispose: async () => undefined }));

describeRecordStore('IndexedDB in memory', async () => {
  const database = new Database(`test-${randomId()}`, systemClock);
  return { records: new IdbRecordStore(database), dispose: () => database.close() };
});
