import { systemClock } from '../base/clock';
import { FolderPortClient } from '../rpc/folder-port';
import { testFileChanges } from '../runtime/files/file-changes.conformance';
import { FolderStore } from '../storage/folders/folder-store';
import { MemoryFolderBackend } from '../storage/folders/memory-folder-backend';

testFileChanges(async () => {
  const backend = new MemoryFolderBackend();
  const store = new FolderStore(backend, systemClock);
  await store.create('work');
  const tree = new FolderPortClient({ port: await store.open('work', { session: 'lab', id: 'one' }) });
  const created = backend.lastingWrites;
  return {
    tree,
    async files() {
      // Behind whatever was told before.
      await tree.usage();
      return (await backend.load('work')).nodes.size;
    },
    syncs: () => backend.lastingWrites - created,
    async dispose() {
      tree.dispose();
      await store.dispose();
    },
  };
});
