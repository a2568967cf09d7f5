import { describeFolderStore } from './folder-store.conformance';
import { MemoryFolderBackend } from './memory-folder-backend';

describeFolderStore('memory', async () => ({ backend: new MemoryFolderBackend(), dispose: async () => {} }), {
  runs: 40,
});
