import { describe, expect, it } from 'vitest';
import { entry, indexTar, tarOf } from './layer-tar-fixture';
import { resolvePath } from './resolve-path';
import { Union } from './union';

const union = new Union([
  indexTar(
    await tarOf([
      entry.directory('a/b'),
      entry.file('a/b/file', 'x'),
      entry.symlink('up', '../../../../a'),
      entry.symlink('absolute', '/a/b'),
      entry.symlink('a/sideways', '../absolute/file'),
      entry.symlink('loop', 'loop'),
      entry.symlink('dangling', '/none/here'),
    ]),
  ),
]);

describe('resolvePath', () => {
  it.each([
    ['/', '', 'directory'],
    ['a/./b//file', 'a/b/file', 'file'],
    ['../../a/b', 'a/b', 'directory'],
    ['up/b', 'a/b', 'directory'],
    ['absolute/../b/file', 'a/b/file', 'file'],
    ['a/sideways', 'a/b/file', 'file'],
    ['none/../a', 'a', 'directory'],
    ['none/x', 'none/x', undefined],
    ['a/b/file/x', 'a/b/file/x', undefined],
    ['dangling/x', 'none/here/x', undefined],
  ])('%s leads to %s', (path, names, kind) => {
    const resolved = resolvePath(union, path);
    expect(resolved.names.join('/')).toBe(names);
    expect(resolved.entry?.node.kind).toBe(kind);
  });

  it('does not go round for ever', () => {
    expect(() => resolvePath(union, 'loop/x')).toThrow('Too many levels of symbolic links: loop/x');
  });
});
