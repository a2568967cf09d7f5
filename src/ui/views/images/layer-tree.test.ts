import { describe, expect, it } from 'vitest';
import { indexTar, tarOf } from '../../../formats/layer/layer-tar-fixture';
import { changeRows, layerTree } from './layer-tree';

const file = (path: string, body: string) => ({ header: { name: path, size: body.length, mode: 0o644 }, body });

async function tree() {
  const base = indexTar(await tarOf([file('etc/motd', 'hello'), file('etc/old', 'gone soon'), file('bin/tool', 'x')]));
  const top = indexTar(
    await tarOf([file('etc/motd', 'hello again'), file('etc/.wh.old', ''), file('usr/new', '1234')]),
  );
  return layerTree([base, top]);
}

describe('what a layer changes', () => {
  it('is a tree with what each part costs', async () => {
    const { children, size, count } = await tree();
    expect(size).toBe('hello again'.length + 4);
    const etc = children.find(({ name }) => name === 'etc');
    expect(etc?.children.map(({ name, change, size }) => [name, change, size])).toEqual([
      ['motd', 'changed', 11],
      ['old', 'removed', 0],
    ]);
    expect(children.find(({ name }) => name === 'bin')).toBeUndefined();
    expect(count).toBeGreaterThanOrEqual(4);
  });

  it('is shown where it is open', async () => {
    const root = await tree();
    const closed = changeRows(root, new Set());
    expect(closed.map(({ node }) => node.name)).toEqual(['etc', 'usr']);
    const open = changeRows(root, new Set(['etc']));
    expect(open.map(({ node, level, parent }) => [node.path, level, parent])).toEqual([
      ['etc', 1, undefined],
      ['etc/motd', 2, 'etc'],
      ['etc/old', 2, 'etc'],
      ['usr', 1, undefined],
    ]);
  });
});
