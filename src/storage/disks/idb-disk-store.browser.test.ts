import { describeDiskStore } from './disk-store.conformance';
import { openIdbDiskFixture } from './idb-disk-fixture';

describeDiskStore('IndexedDB of the browser', openIdbDiskFixture, { runs: 3 });
