import { describeFolderStore } from './folder-store.conformance';
import { openIdbFolderFixture } from './idb-folder-fixture';

describeFolderStore('IndexedDB of the browser', openIdbFolderFixture, { runs: 5 });
