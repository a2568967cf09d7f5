import 'fake-indexeddb/auto';
import { describeDiskStore } from './disk-store.conformance';
import { openIdbDiskFixture } from './idb-disk-fixture';

describeDiskStore('IndexedDB', openIdbDiskFixture, { runs: 10 });
