import { describe, expect, it } from 'vitest';
import type { LayerNode } from '../../api/layer';
import { concatBytes } from '../../base/bytes';
import { LayerTree } from './layer-tree';

const plain = { mode: 0o644, uid: 0, gid: 0, mtime: 1.5, links: 1, size: 0, offset: 0 };

describe('a layer’s tree', () => {
  it('reads zeros where a sparse file has holes', async () => {
    const sparse: LayerNode = {
      ...plain,
      kind: 'file',
      size: 20,
      parts: [
        { start: 3, size: 2, offset: 0 },
        { start: 10, size: 3, offset: 2 },
      ],
    };
    const root: LayerNode = { ...plain, kind: 'directory', children: new Map([['sparse', 2]]) };
    const tar = Uint8Array.of(1, 2, 3, 4, 5);
    const index = { diffId: `sha256:${'0'.repeat(64)}`, size: tar.length, nodes: [root, sparse] } as const;
    const tree = new LayerTree({ index, bytes: { read: async (start, end) => [tar.slice(start, end)] } });
    const whole = [0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0];
    for (const [offset, length] of [
      [0, 20],
      [0, 100],
      [4, 7],
      [5, 2],
      [11, 1],
      [20, 1],
    ] as const) {
      const read = concatBytes(await tree.read(2, offset, length));
      expect([...read]).toEqual(whole.slice(offset, offset + length));
    }
    expect(tree.attributes(2).mtime).toEqual({ seconds: 1, nanoseconds: 500_000_000 });
  });

  it('knows no inode that the layer does not have', () => {
    const root: LayerNode = { ...plain, kind: 'directory', children: new Map() };
    const index = { diffId: `sha256:${'0'.repeat(64)}`, size: 0, nodes: [root] } as const;
    const tree = new LayerTree({ index, bytes: { read: () => [] } });
    for (const inode of [0, 2, -1, 1.5]) expect(() => tree.attributes(inode)).toThrow('No such inode');
    expect(() => tree.readLink(1)).toThrow('Not a symbolic link');
  });
});
