import { describe, expect, it } from 'vitest';
import { entry, indexTar, pathsOf, tarOf } from './layer-tar-fixture';

const index = async (entries: Parameters<typeof tarOf>[0]) => indexTar(await tarOf(entries), { chunk: 700 });

describe('the tree of a layer', () => {
  it('has what the tar has, with the place of each file', async () => {
    const tar = await tarOf([
      entry.directory('./etc/', { mode: 0o755, uid: 1, gid: 2 }),
      entry.file('./etc/passwd', 'root:x:0:0', {
        mode: 0o4644,
        uid: 1000,
        gid: 100,
        mtime: new Date(1_600_000_000_000),
      }),
      entry.symlink('bin', 'usr/bin'),
      entry.link('etc/passwd-', './etc/passwd'),
    ]);
    const found = indexTar(tar, { chunk: 100 });
    const paths = pathsOf(found);
    expect([...paths.keys()]).toEqual(['bin', 'etc', 'etc/passwd', 'etc/passwd-']);
    const passwd = paths.get('etc/passwd')!;
    expect(passwd).toMatchObject({
      kind: 'file',
      mode: 0o4644,
      uid: 1000,
      gid: 100,
      mtime: 1_600_000_000,
      links: 2,
      size: 10,
    });
    expect(Buffer.from(tar.subarray(passwd.offset, passwd.offset + passwd.size)).toString()).toBe('root:x:0:0');
    expect(paths.get('etc/passwd-')).toBe(passwd);
    expect(paths.get('etc')).toMatchObject({ uid: 1, gid: 2, links: 2 });
    expect(paths.get('bin')).toMatchObject({ kind: 'symlink', target: 'usr/bin' });
    expect(found.nodes[0]).toMatchObject({ kind: 'directory', implied: true, links: 3 });
  });

  it('takes whiteouts of both kinds, before or after what stands beside them', async () => {
    const entries = [
      entry.directory('a'),
      entry.file('a/kept', 'k'),
      entry.file('a/.wh.gone'),
      entry.directory('b'),
      entry.file('b/.wh..wh..opq'),
      entry.file('b/new', 'n'),
      entry.file('.wh.c'),
      entry.directory('c'),
      entry.file('.wh.d'),
      entry.file('d', 'new'),
    ];
    const [forwards, backwards] = [await index(entries), await index([...entries].reverse())];
    const kinds = (found: typeof forwards) =>
      [...pathsOf(found)].map(([path, { kind, opaque }]) => `${kind} ${path}${opaque ? ' opaque' : ''}`);
    expect(kinds(forwards)).toEqual([
      'directory a',
      'whiteout a/gone',
      'file a/kept',
      'directory b opaque',
      'file b/new',
      'directory c opaque',
      'file d',
    ]);
    expect(kinds(backwards)).toEqual(kinds(forwards));
  });
});
