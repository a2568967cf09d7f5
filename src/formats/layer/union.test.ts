import { describe, expect, it } from 'vitest';
import { layerChanges } from './layer-changes';
import { entry, indexTar, tarOf } from './layer-tar-fixture';
import { Union } from './union';

type Entries = Parameters<typeof tarOf>[0];
const indexes = (layers: readonly Entries[]) =>
  Promise.all(layers.map(async (entries) => indexTar(await tarOf(entries))));

const tree = (union: Union) => [...union.walk()].map(({ path, layer, node }) => `${path} ${node.kind} ${layer}`);

const base: Entries = [
  entry.directory('etc', { mode: 0o700, uid: 7 }),
  entry.file('etc/a', '1'),
  entry.file('etc/b', '22'),
  entry.directory('var'),
  entry.file('var/log', 'x'),
  entry.symlink('lib', 'usr/lib'),
];

describe('the union of layers', () => {
  it('is an empty root without any', () => {
    expect(tree(new Union([]))).toEqual([]);
    expect(new Union([]).root.node).toMatchObject({ kind: 'directory', mode: 0o755 });
  });

  it('shows what is topmost, and nothing that a whiteout or an opaque directory hides', async () => {
    const layers = await indexes([
      base,
      [
        entry.file('etc/b', 'new'),
        entry.file('etc/.wh.a'),
        entry.directory('var'),
        entry.file('var/.wh..wh..opq'),
        entry.file('var/run', ''),
      ],
      [entry.file('var/log', 'again'), entry.directory('lib'), entry.file('lib/c', '')],
    ]);
    expect(tree(new Union(layers))).toEqual([
      'etc directory 0',
      'etc/b file 1',
      'lib directory 2',
      'lib/c file 2',
      'var directory 1',
      'var/log file 2',
      'var/run file 1',
    ]);
  });

  it('takes a directory’s owner and mode from the topmost layer that has an entry for it', async () => {
    const layers = await indexes([base, [entry.file('etc/c', '')]]);
    expect(new Union(layers).lookup('/etc/')).toMatchObject({
      layer: 0,
      node: { mode: 0o700, uid: 7 },
      merged: [{ layer: 1 }, { layer: 0 }],
    });
    const [changed] = await indexes([[entry.directory('etc', { mode: 0o711 })]]);
    expect(new Union([...layers, changed!]).lookup('etc')).toMatchObject({ layer: 2, node: { mode: 0o711, uid: 0 } });
  });

  it('does not merge through a file, nor follow links', async () => {
    const layers = await indexes([
      [entry.directory('x'), entry.file('x/deep', '')],
      [entry.file('x', 'file')],
      [entry.directory('x'), entry.file('x/top', '')],
    ]);
    expect(tree(new Union(layers))).toEqual(['x directory 2', 'x/top file 2']);
    expect(new Union(await indexes([base])).lookup('lib/x')).toBeUndefined();
    expect(() => new Union(layers).list(new Union(layers).lookup('x/top')!)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    );
  });
});

describe('the changes of a layer', () => {
  const changesOf = async (...layers: Entries[]) =>
    [...layerChanges(await indexes(layers))].map(
      ({ change, path, node, before }) =>
        `${change} ${path} ${node.size}${before ? ` was ${before.node.size} in ${before.layer}` : ''}`,
    );

  it('of the lowest are all that it has', async () => {
    expect(await changesOf(base)).toEqual([
      'added etc 0',
      'added etc/a 1',
      'added etc/b 2',
      'added lib 0',
      'added var 0',
      'added var/log 1',
    ]);
  });

  it('are what it adds, changes and removes, and not the directories on the way', async () => {
    const upper: Entries = [
      entry.directory('etc', { mode: 0o700, uid: 7 }),
      entry.file('etc/.wh.a'),
      entry.file('etc/b', '333'),
      entry.file('etc/c', '4'),
      entry.directory('var', { mode: 0o711 }),
      entry.file('var/.wh..wh..opq'),
      entry.file('.wh.nothing'),
    ];
    expect(await changesOf(base, upper)).toEqual([
      'removed etc/a 1 was 1 in 0',
      'changed etc/b 3 was 2 in 0',
      'added etc/c 1',
      'changed var 0 was 0 in 0',
      'removed var/log 1 was 1 in 0',
    ]);
  });
});
