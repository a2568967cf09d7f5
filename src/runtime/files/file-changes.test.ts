import { testFileChanges } from './file-changes.conformance';
import { MemoryTree } from './memory-tree-fixture';

testFileChanges(async () => {
  const tree = new MemoryTree();
  return { tree, files: async () => tree.files, syncs: () => tree.syncs };
});
