import { describe, expect, it } from 'vitest';
import { indexTar, tarOf } from '../../../formats/layer/layer-tar-fixture';
import { type ChangeNode, changeRows, layerTree, unionTree } from './layer-tree';

const file = (path: string, body: string) => ({ header: { name: path, size: body.length, mode: 0o644 }, body });

async function layers() {
  const base = indexTar(await tarOf([file('etc/motd', 'hello'), file('etc/old', 'gone soon'), file('bin/tool', 'x')]));
  const top = indexTar(
    await tarOf([file('etc/motd', 'hello again'), file('etc/.wh.old', ''), file('usr/new', '1234')]),
  );
  return [base, top];
}

const tree = async () => layerTree(await layers());

/** Each file and where it comes from. */
const origins = (node: ChangeNode): readonly (readonly [string, number | undefined])[] =>
  node.children.length === 0 ? [[node.path, node.origin]] : node.children.flatMap(origins);

describe('what a layer changes', () => {
  it('is a tree with what each part costs', async () => {
    const { children, size, count } = await tree();
    expect(size).toBe('hello again'.length + 4);
    const etc = children.find(({ name }) => name === 'etc');
    expect(etc?.children.map(({ name, change, size, origin }) => [name, change, size, origin])).toEqual([
      ['motd', 'changed', 11, 0],
      ['old', 'removed', 0, 0],
    ]);
    expect(children.find(({ name }) => name === 'bin')).toBeUndefined();
    expect(count).toBeGreaterThanOrEqual(4);
  });

  it('is told with the layer that had it, the topmost of those below', async () => {
    const again = indexTar(await tarOf([file('etc/motd', 'once more'), file('usr/.wh.new', ''), file('usr/own', '')]));
    expect(origins(layerTree([...(await layers()), again]))).toEqual([
      ['etc/motd', 1],
      ['usr/new', 1],
      ['usr/own', undefined],
    ]);
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

describe('what all layers show', () => {
  it('is a tree that says which layer each file comes from', async () => {
    const root = unionTree(await layers());
    expect(origins(root)).toEqual([
      ['bin/tool', 0],
      ['etc/motd', 1],
      ['usr/new', 1],
    ]);
    expect(root).toMatchObject({ count: 3, size: 'x'.length + 'hello again'.length + 4 });
    expect(root.children.map(({ origin }) => origin)).toEqual([undefined, undefined, undefined]);
  });
});
