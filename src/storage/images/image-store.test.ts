import 'fake-indexeddb/auto';
import { createMemoryContentStore, openIdbContentStore } from '../open-content-store';
import { randomId } from '../random-id';
import { ImageStore } from './image-store';
import { describeImageStore } from './image-store.conformance';

describeImageStore('memory', async (clock) => {
  const opened = createMemoryContentStore({ clock, chunkSize: 1000 });
  const { store: content, records, layers } = opened;
  return {
    opened,
    reopen: async () => ({ ...opened, images: new ImageStore({ content, records, layers, clock }) }),
    dispose: () => opened.store.close(),
  };
});

describeImageStore('IndexedDB', async (clock) => {
  const databaseName = `test-${randomId()}`;
  const opened = await openIdbContentStore({ databaseName, clock, chunkSize: 1000 });
  const others = [opened];
  return {
    opened,
    async reopen() {
      const other = await openIdbContentStore({ databaseName, clock, chunkSize: 1000 });
      others.push(other);
      return other;
    },
    async dispose() {
      for (const each of others) await each.store.close();
      indexedDB.deleteDatabase(databaseName);
    },
  };
});
