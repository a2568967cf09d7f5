import { expect, it } from 'vitest';
import type { FileAccess } from './file-access-fixture';
import { buildLayer, directory, type FixtureLayer, file } from './layer-fixture';

const longName = 'n'.repeat(255);
const manyFiles = 10_000;
const large = new Uint8Array(1_500_000).map((_, index) => (index * 7) ^ (index >> 9));

/** A layer with one of everything. */
export function createConformanceLayer(): FixtureLayer {
  const hard = file('one file', { key: 'hard', mode: 0o640 });
  return buildLayer({
    etc: {
      motd: file('hello\n', { mtime: 1_234_567_890, uid: 1000, gid: 100 }),
      empty: file(''),
      link: { kind: 'symlink', target: '../etc/motd', mode: 0o777 },
      dangling: { kind: 'symlink', target: '/nowhere/'.repeat(100), mode: 0o777 },
    },
    bin: { su: file('#!', { mode: 0o4755 }), shared: directory({}, { mode: 0o1777 }) },
    dev: {
      null: { kind: 'character', mode: 0o666, device: { major: 1, minor: 3 } },
      big: { kind: 'block', mode: 0o660, device: { major: 259, minor: 70_000 } },
      pipe: { kind: 'fifo', mode: 0o600 },
    },
    hard: { a: hard, b: hard, below: { c: hard } },
    white: { gone: { kind: 'whiteout' }, opaque: directory({ in: file('in') }, { opaque: true }) },
    names: { 'with space': file('1'), ünï: file('2'), [longName]: file('3'), '-n': file('4') },
    old: file('1960', { mtime: -315_619_200 }),
    'large.bin': file(large),
    many: Object.fromEntries(Array.from({ length: manyFiles }, (_, index) => [`file-${index}`, file('x')])),
    deep: directory(nest(20)),
  });
}

function nest(depth: number): { readonly [name: string]: ReturnType<typeof directory> | ReturnType<typeof file> } {
  return depth === 0 ? { bottom: file('deep') } : { down: directory(nest(depth - 1)) };
}

/** What a layer looks like to whoever mounts it, whichever way. */
export function testLayerFiles(access: () => FileAccess): void {
  it('has files with their content, owners, permissions and times', async () => {
    expect(await access().stat('/etc/motd')).toMatchObject({
      mode: 0o100644,
      uid: 1000,
      gid: 100,
      size: 6,
      links: 1,
      mtime: 1_234_567_890,
    });
    expect(new TextDecoder().decode(await access().read('/etc/motd'))).toBe('hello\n');
    expect(await access().read('/etc/empty')).toHaveLength(0);
    expect(await access().stat('/bin/su')).toMatchObject({ mode: 0o104755 });
    expect(await access().stat('/bin/shared')).toMatchObject({ mode: 0o041777 });
  });

  it('has times before 1970', async () => {
    expect((await access().stat('/old')).mtime).toBe(-315_619_200);
  });

  it('lists directories, and counts their links as a disk does', async () => {
    expect(await access().list('/hard')).toEqual(['.', '..', 'a', 'b', 'below']);
    expect(await access().list('/bin/shared')).toEqual(['.', '..']);
    expect((await access().stat('/hard')).links).toBe(3);
    expect((await access().stat('/bin/shared')).links).toBe(2);
  });

  it('lists a directory of ten thousand, each name once', async () => {
    const names = await access().list('/many');
    expect(names).toHaveLength(manyFiles + 2);
    expect(new Set(names)).toEqual(new Set(['.', '..', ...Array.from({ length: manyFiles }, (_, n) => `file-${n}`)]));
  });

  it('has symbolic links, where they lead or not', async () => {
    expect(await access().readLink('/etc/link')).toBe('../etc/motd');
    expect(await access().readLink('/etc/dangling')).toBe('/nowhere/'.repeat(100));
    expect(await access().stat('/etc/link')).toMatchObject({ mode: 0o120777, size: 11 });
  });

  it('has devices and pipes', async () => {
    expect(await access().stat('/dev/null')).toMatchObject({ mode: 0o020666, major: 1, minor: 3 });
    expect(await access().stat('/dev/big')).toMatchObject({ mode: 0o060660, major: 259, minor: 70_000 });
    expect(await access().stat('/dev/pipe')).toMatchObject({ mode: 0o010600, size: 0 });
  });

  it('has whiteouts as character devices 0:0', async () => {
    expect(await access().stat('/white/gone')).toMatchObject({ mode: 0o020000, major: 0, minor: 0 });
  });

  it('has one inode for all names of a file, and another for each other file', async () => {
    const paths = ['/hard/a', '/hard/b', '/hard/below/c', '/etc/motd', '/hard', '/'];
    const stats = await Promise.all(paths.map((path) => access().stat(path)));
    expect(stats.slice(0, 3).map(({ links }) => links)).toEqual([3, 3, 3]);
    expect(new Set(stats.map(({ inode }) => inode)).size).toBe(4);
    expect((await access().stat('/hard/a')).inode).toBe(stats[0]?.inode);
  });

  it('has any name that Linux has', async () => {
    for (const [name, content] of Object.entries({ 'with space': '1', ünï: '2', [longName]: '3', '-n': '4' })) {
      expect(new TextDecoder().decode(await access().read(`/names/${name}`))).toBe(content);
    }
  });

  it('has paths of more names than one walk takes', async () => {
    expect(new TextDecoder().decode(await access().read(`/deep${'/down'.repeat(20)}/bottom`))).toBe('deep');
  });

  it('reads any part of a file, and nothing behind its end', async () => {
    const whole = await access().read('/large.bin');
    expect(Buffer.compare(whole, large)).toBe(0);
    for (const [offset, length] of [
      [0, 1],
      [262_143, 2],
      [700_001, 4096],
      [large.length - 5, 100],
      [large.length, 100],
    ] as const) {
      const part = await access().readPart('/large.bin', offset, length);
      expect(Buffer.compare(part, large.subarray(offset, offset + length))).toBe(0);
    }
  });

  it('says how large it is, and that nothing is free', async () => {
    const { blocks, free } = await access().usage();
    expect(blocks).toBeGreaterThan(large.length / 4096);
    expect(free).toBe(0);
  });

  it('cannot be changed', async () => {
    expect(await access().refusal('/etc/new')).toBe('Read-only file system');
  });
}
