import 'fake-indexeddb/auto';
import { describeFolderStore } from './folder-store.conformance';
import { openIdbFolderFixture } from './idb-folder-fixture';

describeFolderStore('IndexedDB', openIdbFolderFixture, { runs: 10 });
