import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../api/content-store';
import type { LayerIndex } from '../../api/layer';
import { concatBytes } from '../../base/bytes';
import { IgnoreRules } from '../../formats/dockerignore/ignore-rules';
import { entry, indexTar, tarOf } from '../../formats/layer/layer-tar-fixture';
import { Union } from '../../formats/layer/union';
import { serializeTarEntry, tarEnd } from '../../formats/tar/tar-writer';
import type { CopyRequest } from './copy-request';
import { type CopyPlace, type PlannedEntry, planCopy, planDirectory } from './plan-copy';

const layers: readonly Digest[] = [`sha256:${'1'.repeat(64)}`];
const usual: CopyRequest = {
  ...{ below: [], from: { layers, isContext: true }, sources: ['.'], files: [], destination: '/', excludes: [] },
  ...{ parents: false, unpack: false, time: 1000 },
};

async function place(source: Parameters<typeof tarOf>[0], below: Parameters<typeof tarOf>[0] = []): Promise<CopyPlace> {
  return {
    below: new Union([indexTar(await tarOf(below))]),
    source: { union: new Union([indexTar(await tarOf(source))]), ignore: undefined, isContext: true },
    layers,
    excludes: undefined,
    archives: new Map(),
  };
}

const paths = (planned: readonly PlannedEntry[]): readonly string[] =>
  planned.map(({ path, kind }) => (kind === 'directory' ? `${path}/` : path));

const tree = [entry.file('a', '1'), entry.file('d/b', '2'), entry.file('d/e/c', '3'), entry.symlink('l', 'd')];

describe('planCopy', () => {
  const table: readonly (readonly [sources: readonly string[], destination: string, planned: readonly string[]])[] = [
    [['a'], '/x', ['x']],
    [['a'], '/x/', ['x/', 'x/a']],
    [['a'], '/there', ['there/a']],
    [['a'], '/file', ['file']],
    [['d'], '/x', ['x/', 'x/b', 'x/e/', 'x/e/c']],
    [['d/'], '/x/y/', ['x/', 'x/y/', 'x/y/b', 'x/y/e/', 'x/y/e/c']],
    [['d'], '/', ['b', 'e/', 'e/c']],
    [['.'], '/x', ['x/', 'x/a', 'x/d/', 'x/d/b', 'x/d/e/', 'x/d/e/c', 'x/l']],
    [['l'], '/x', ['x/', 'x/b', 'x/e/', 'x/e/c']],
    [['l/b', 'a'], '/x/', ['x/', 'x/a', 'x/b']],
    [['../../a'], '/x', ['x']],
    [['d/?'], '/x/', ['x/', 'x/b', 'x/c']],
    [['*'], '/x/', ['x/', 'x/a', 'x/b', 'x/e/', 'x/e/c']],
    [['d/[a-c]'], '/x', ['x']],
    [['a'], '/link/x', ['there/x']],
    [['a'], '/out/x', ['there/x']],
    [['d'], '/link', ['there/b', 'there/e/', 'there/e/c']],
    [['a'], '/there/full', ['there/full/a']],
  ];
  const below = [
    entry.directory('there/full'),
    entry.file('there/full/x'),
    entry.file('file', 'old'),
    entry.symlink('link', 'there'),
    entry.symlink('out', '../../../there'),
  ];

  it.each(table)('%j to %s', async (sources, destination, planned) => {
    expect(paths(planCopy(await place(tree, below), { ...usual, sources, destination }))).toEqual(planned);
  });

  it('says who owns what, and when it was changed', async () => {
    const source = [entry.file('a', '1', { uid: 5, gid: 6, mode: 0o4755, mtime: new Date(5000) })];
    const request = { ...usual, sources: ['a'], destination: '/x/' };
    const [, context] = planCopy(await place(source), request);
    expect(context).toMatchObject({ uid: 0, gid: 0, mode: 0o4755, mtime: 5 });
    const stage = await place(source);
    const [made, copied] = planCopy(
      { ...stage, source: { ...stage.source, isContext: false } },
      { ...request, latest: 3 },
    );
    expect([made, copied]).toMatchObject([
      { uid: 0, gid: 0, mtime: 3 },
      { uid: 5, gid: 6, mtime: 3 },
    ]);
    const owned = planCopy(stage, { ...request, owner: { uid: 1, gid: 2 }, mode: 0o600 });
    expect(owned).toMatchObject([
      { uid: 1, gid: 2, mode: 0o755 },
      { uid: 1, gid: 2, mode: 0o600 },
    ]);
  });

  it('leaves out what the rules of the context and the instruction leave out', async () => {
    const whole = await place(tree);
    const ignored = { ...whole, source: { ...whole.source, ignore: new IgnoreRules(['d', '!d/e/c']) } };
    expect(paths(planCopy(ignored, { ...usual, destination: '/x' }))).toEqual([
      'x/',
      'x/a',
      'x/d/',
      'x/d/e/',
      'x/d/e/c',
      'x/l',
    ]);
    expect(() => planCopy(ignored, { ...usual, sources: ['d/b'], destination: '/x' })).toThrow('"/d/b": not found');
    expect(() => planCopy(ignored, { ...usual, sources: ['d/[b]'], destination: '/x' })).toThrow(
      'no such file or directory',
    );
    const excluding = { ...whole, excludes: new IgnoreRules(['**/c', 'a']) };
    expect(paths(planCopy(excluding, { ...usual, destination: '/x' }))).toEqual([
      'x/',
      'x/d/',
      'x/d/b',
      'x/d/e/',
      'x/l',
    ]);
  });

  it('keeps the directories above a source where that is asked for', async () => {
    const request = { ...usual, parents: true, destination: '/x/' };
    const whole = await place(tree);
    expect(paths(planCopy(whole, { ...request, sources: ['d/e/c', 'a'] }))).toEqual([
      'x/',
      'x/a',
      'x/d/',
      'x/d/e/',
      'x/d/e/c',
    ]);
    expect(paths(planCopy(whole, { ...request, sources: ['d/./e/c'] }))).toEqual(['x/', 'x/e/', 'x/e/c']);
  });

  it('replaces a directory by a file, and refuses it the other way round', async () => {
    const both = await place(
      [entry.file('n/x', '1'), entry.directory('n/full')],
      [entry.file('x/deep'), entry.file('full')],
    );
    expect(() => planCopy(both, { ...usual, sources: ['n'], destination: '/' })).toThrow(
      'cannot copy to non-directory: /full',
    );
    const file = await place([entry.file('n/x', '1')], [entry.file('x/deep', '2')]);
    const planned = planCopy(file, { ...usual, sources: ['n'], destination: '/' });
    expect(paths(planned)).toEqual(['x']);
    const union = new Union([indexTar(await tarOf([entry.file('x/deep', '2')])), layerOf(planned)]);
    expect([...union.walk()].map(({ path, node }) => [path, node.kind])).toEqual([['x', 'file']]);
  });

  it('keeps hard links as links', async () => {
    const planned = planCopy(await place([entry.file('a', '1'), entry.link('b', 'a')]), {
      ...usual,
      destination: '/x',
    });
    expect(planned.slice(1).map(({ path, kind, target }) => [path, kind, target])).toEqual([
      ['x/a', 'file', ''],
      ['x/b', 'link', 'x/a'],
    ]);
  });

  it('makes a link to nothing that comes later, or has become another file', async () => {
    const linked = [entry.file('b', '1'), entry.link('a', 'b'), entry.symlink('l', 'b'), entry.file('n/a', '2')];
    const plan = async (...sources: readonly string[]) => {
      const planned = planCopy(await place(linked), { ...usual, sources, destination: '/x/' });
      expect(() => layerOf(planned)).not.toThrow();
      return planned.slice(1).map(({ path, kind, target }) => [path, kind, target]);
    };
    const [a, b] = [
      ['x/a', 'file', ''],
      ['x/b', 'file', ''],
    ];
    expect(await plan('b', 'a')).toEqual([a, b]);
    expect(await plan('a', 'b')).toEqual([a, b]);
    expect(await plan('l', 'a')).toEqual([a, ['x/l', 'file', '']]);
    expect(await plan('.', 'n')).toEqual([
      a,
      b,
      ['x/l', 'symlink', 'b'],
      ['x/n', 'directory', ''],
      ['x/n/a', 'file', ''],
    ]);
  });

  it('never leads out of the tree that it copies from or to, whatever links say', async () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
    const target = fc
      .array(fc.constantFrom('..', '.', 'a', 'b', '/', 'c'), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join('/'));
    const node = fc.oneof(
      path.map((at) => entry.file(at, 'x')),
      fc.tuple(path, target).map(([at, to]) => entry.symlink(at, to)),
    );
    const nodes = fc.uniqueArray(node, { maxLength: 6, selector: ({ header }) => header.name });
    await fc.assert(
      fc.asyncProperty(nodes, nodes, target, target, async (source, below, from, to) => {
        let planned: readonly PlannedEntry[];
        try {
          planned = planCopy(await place(source, below), { ...usual, sources: [from], destination: `/${to}` });
        } catch (error) {
          // A tree that is none, a source that is not there, a link that goes round.
          expect(error).toMatchObject({ code: expect.stringMatching(/^(NotFound|InvalidArgument)$/) });
          return;
        }
        const all = planned.map((each) => each.path);
        expect(all.every((each) => each !== '' && !each.split('/').some((part) => part === '..' || part === ''))).toBe(
          true,
        );
        expect(new Set(all).size).toBe(all.length);
        // What is planned is a sound layer, each directory before what is in it.
        expect(() => layerOf(planned)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});

describe('planDirectory', () => {
  it('makes what is missing', async () => {
    const { below } = await place([], [entry.directory('a'), entry.symlink('l', '/a'), entry.file('f')]);
    const plan = (path: string) => paths(planDirectory(below, { below: [], path, time: 0 }));
    expect(plan('/a/b/c')).toEqual(['a/b/', 'a/b/c/']);
    expect(plan('/l/b')).toEqual(['a/b/']);
    expect(plan('/a')).toEqual([]);
    expect(() => plan('/f')).toThrow('mkdir /f: not a directory');
  });
});

/** The layer of what was planned, without the bytes of its files. */
function layerOf(planned: readonly PlannedEntry[]): LayerIndex {
  const headers = planned.map((each) => serializeTarEntry({ ...each, size: 0 }));
  return indexTar(concatBytes([...headers, tarEnd]));
}
