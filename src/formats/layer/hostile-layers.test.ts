import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import { latin1, paxEntry, paxRecord, type RawEntry, rawTar, tarEnd } from '../tar/raw-tar-fixture';
import { entry, indexTar, pathsOf, tarOf } from './layer-tar-fixture';

const file = (name: string, body = 'x'): RawEntry => ({ name, body });
const symlink = (name: string, target: string): RawEntry => ({ name, type: '2', target });
const link = (name: string, target: string): RawEntry => ({ name, type: '1', target });
const folder = (name: string): RawEntry => ({ name, type: '5' });
const longName = (path: string, type = 'L'): RawEntry => ({
  name: '././@LongLink',
  type,
  body: `${path}\0`,
  magic: 'ustar  \0',
});

/** Each ends in an error, or in a tree that has nothing but these paths. */
const table: readonly (readonly [what: string, entries: readonly RawEntry[], outcome: RegExp | readonly string[]])[] = [
  ['a path that goes up', [file('../x')], /leads outside/],
  ['a path that goes up in the middle', [file('a/../../x')], /leads outside/],
  ['a path that goes up and stays inside', [file('a/b/../c')], /leads outside/],
  ['a path that goes up at its end', [folder('a/..')], /leads outside/],
  ['a path that goes up behind a dot', [file('./../x')], /leads outside/],
  ['a path that is nothing but up', [folder('..')], /leads outside/],
  ['an absolute path, which docker takes from the root', [file('/etc/x')], ['etc', 'etc/x']],
  ['an absolute path with many slashes', [file('///etc//x')], ['etc', 'etc/x']],
  ['an absolute path that goes up', [file('/../etc/x')], /leads outside/],
  ['a backslash, which is a letter on Linux', [file('..\\x')], ['..\\x']],
  ['three dots, which are a name', [file('.../x')], ['...', '.../x']],
  ['a drive letter', [file('C:/x')], ['C:', 'C:/x']],
  ['a file below a symbolic link to the root', [symlink('a', '/'), file('a/etc/x')], /"a" in it is a symlink/],
  ['a file below a symbolic link that goes up', [symlink('a', '../../..'), file('a/x')], /is a symlink/],
  ['a file below a symbolic link to itself', [symlink('a', 'a'), file('a/x')], /is a symlink/],
  ['a file below a link to a link', [symlink('a', 'b'), symlink('b', '/'), file('a/x')], /is a symlink/],
  ['a directory below a symbolic link', [symlink('a', '/etc'), folder('a/b')], /is a symlink/],
  ['a file below a symbolic link in the middle', [folder('d'), symlink('d/a', '/etc'), file('d/a/x')], /is a symlink/],
  ['a whiteout below a symbolic link', [symlink('a', '/'), file('a/.wh.etc')], /is a symlink/],
  ['an opaque mark below a symbolic link', [symlink('a', '/'), file('a/.wh..wh..opq')], /is a symlink/],
  ['a hard link below a symbolic link', [file('f'), symlink('a', '/'), link('a/x', 'f')], /is a symlink/],
  ['a symbolic link with a file in the place of its directory', [file('a/x'), symlink('a', '/')], ['a']],
  ['a symbolic link to outside, which is its reader’s business', [symlink('a', '../../etc/passwd')], ['a']],
  ['a symbolic link to nothing', [symlink('a', '')], /link to nothing/],
  ['a symbolic link to too much', [longName('t'.repeat(4096), 'K'), symlink('a', 't')], /more than 4095 bytes/],
  ['a hard link that goes up', [link('a', '../../etc/passwd')], /leads outside/],
  ['a hard link to an absolute path, taken from the root', [file('f'), link('a', '/f')], ['a', 'f']],
  ['a hard link to what is not in the layer', [link('a', 'etc/passwd')], /does not come before it/],
  ['a hard link to what comes later', [link('a', 'f'), file('f')], /does not come before it/],
  [
    'a hard link through a symbolic link',
    [folder('d'), file('d/f'), symlink('s', 'd'), link('a', 's/f')],
    /does not come before/,
  ],
  ['a hard link to a directory', [folder('d'), link('a', 'd')], /to a directory/],
  ['a hard link to the root', [link('a', '/')], /to a directory/],
  ['a hard link to itself', [file('a'), link('a', 'a')], ['a']],
  ['a hard link to itself that is not there', [link('a', 'a')], /does not come before it/],
  ['a hard link with a body, which is none', [file('f'), { ...link('a', 'f'), size: 512 }, file('g')], ['a', 'f', 'g']],
  ['a file below a file', [file('a'), file('a/x')], /is a file/],
  ['a file below a device', [{ name: 'a', type: '3', major: '0000001' }, file('a/x')], /is a character/],
  ['a whiteout of the root', [file('.wh.')], /directory that contains it/],
  ['a whiteout of the directory itself', [file('a/.wh..')], /directory that contains it/],
  ['a whiteout of the directory above', [file('a/.wh...')], /directory that contains it/],
  ['a whiteout that goes up', [file('../.wh.x')], /leads outside/],
  ['a file below a whiteout', [file('.wh.a/x')], /below a whiteout/],
  ['a file below an opaque mark', [file('.wh..wh..opq/x')], /below a whiteout/],
  ['a whiteout of a whiteout', [file('.wh..wh.x')], []],
  ['AUFS’ own books', [folder('.wh..wh.plnk'), file('.wh..wh.plnk/1.2'), file('.wh..wh.aufs')], []],
  ['the root as a file', [file('./')], /the root cannot be a file/],
  ['the root as a symbolic link', [symlink('/', '/etc')], /the root cannot be a symlink/],
  ['the root as a whiteout’s name', [file('./.wh./x')], /below a whiteout/],
  ['no name', [file('')], /no name/],
  ['a pax path that goes up', [paxEntry({ path: '../../x' }), file('x')], /leads outside/],
  ['a pax path with a zero', [paxEntry({ path: 'x\0/../../y' }), file('x')], /zero byte/],
  ['a pax link with a zero', [paxEntry({ linkpath: 'x\0y' }), symlink('x', 'y')], /zero byte/],
  ['a pax path of 5,000 bytes', [paxEntry({ path: 'a/'.repeat(2500) }), file('x')], /longer than 4096 bytes/],
  ['a name of 256 bytes', [paxEntry({ path: 'n'.repeat(256) }), file('x')], /name is longer than 255/],
  ['a name of 255 bytes', [paxEntry({ path: 'n'.repeat(255) }), file('x')], ['n'.repeat(255)]],
  ['a long name of GNU’s that goes up', [longName('../../x'), file('x')], /leads outside/],
  ['a long name that ends at a zero', [longName('a\0/../../x'), file('x')], ['a']],
  ['a prefix that goes up', [{ ...file('x'), prefix: '../..' }], /leads outside/],
  [
    'an overlong form of ".." in UTF-8, which is a name',
    [file('\xc0\xae\xc0\xae/x')],
    ['\udcc0\udcae\udcc0\udcae', '\udcc0\udcae\udcc0\udcae/x'],
  ],
  ['full-width dots, which are a name', [file('\xef\xbc\x8e\xef\xbc\x8e/x')], ['．．', '．．/x']],
  ['a name that is no UTF-8', [file('caf\xe9')], ['caf\udce9']],
  ['the same path twice', [file('a', '1'), file('a', '22')], ['a']],
  ['a file, then a directory of its name', [file('a'), folder('a'), file('a/x')], ['a', 'a/x']],
  ['a directory, then a file of its name', [folder('a'), file('a/x'), file('a')], ['a']],
  ['a block device', [{ name: 'sda', type: '4', major: '0000010' }], ['sda']],
  [
    'an attribute that would redirect a directory',
    [paxEntry({ 'SCHILY.xattr.trusted.overlay.redirect': '/etc' }), folder('a')],
    ['a'],
  ],
  ['an unknown type', [{ name: 'a', type: 'Q' }], /unknown type "Q"/],
  ['a volume label', [{ name: 'a', type: 'V' }], /unknown type/],
  ['a user that does not exist', [paxEntry({ uid: '4294967296' }), file('a')], /uid 4294967296 does not exist/],
  ['a pax size that is no number', [paxEntry({ size: '-1' }), file('a')], /no number/],
  ['a pax time that is none', [paxEntry({ mtime: '1e9' }), file('a')], /no time/],
  ['a pax record longer than its header', [{ name: 'x', type: 'x', body: '99 path=a\n' }, file('a')], /damaged/],
  ['a pax record of no length', [{ name: 'x', type: 'x', body: '0 path=a\n' }, file('a')], /damaged/],
  ['a pax header of a gigabyte', [{ name: 'x', type: 'x', size: 2 ** 30 }], /at most 1048576/],
  [
    'nine extended headers in a row',
    [...Array.from({ length: 9 }, () => paxEntry({ comment: 'c' })), file('a')],
    /in a row/,
  ],
  ['a global header, which is not heeded', [paxEntry({ path: '../x' }, 'g'), file('a')], ['a']],
  ['a wrong checksum', [{ ...file('a'), checksum: '000000\0 ' }], /checksum/],
  ['a size that is no number', [{ ...file('a'), size: '0000000008x' }], /size of a header is no number/],
  ['a negative size', [{ ...file('a'), size: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' }], /negative/],
  ['a size of 2^88', [{ ...file('a'), size: '\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' }], /no number/],
  ['a file of a terabyte', [{ ...file('a', ''), size: '\x80\0\0\0\0\0\x01\0\0\0\0\0' }], /bytes of files/],
];

describe('hostile layers', () => {
  it.each(table)('with %s', (_, entries, outcome) => {
    const tar = concatBytes([rawTar(entries), tarEnd]);
    for (const chunk of [tar.length, 100]) {
      if (outcome instanceof RegExp) {
        const error = expect.objectContaining({ code: 'InvalidArgument', message: expect.stringMatching(outcome) });
        expect(() => indexTar(tar, { chunk })).toThrow(error);
      } else expect([...pathsOf(indexTar(tar, { chunk })).keys()]).toEqual(outcome);
    }
  });

  it('is a table of more than forty', () => {
    expect(table.length).toBeGreaterThan(40);
  });

  it('with a path of 100,000 directories, or more than 200,000 entries, are refused for it', () => {
    const deep = rawTar([paxEntry({ path: 'd/'.repeat(100_000) }), file('x')]);
    expect(() => indexTar(deep)).toThrow(/longer than 4096 bytes/);
    const deeper = rawTar([paxEntry({ path: `${'d/'.repeat(300)}x` }), file('x')]);
    expect(() => indexTar(deeper)).toThrow(/deeper than 256/);
    const empty = rawTar([{ name: 'f', body: '' }]);
    const many = concatBytes(Array.from({ length: 200_001 }, () => empty));
    expect(() => indexTar(many, { chunk: 1 << 20 })).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', details: { limit: 200_000 } }),
    );
  });

  it('with directories that are only implied count them too', () => {
    const entries = Array.from({ length: 1000 }, (_, at) => [
      paxEntry({ path: `${at}/${'d/'.repeat(250)}x` }),
      file('x'),
    ]);
    expect(() => indexTar(rawTar(entries.flat()))).toThrow(/more than 200000 entries/);
  });

  it('with more names and attributes than are kept in memory are refused', () => {
    const value = new Uint8Array(900_000);
    const entries = Array.from({ length: 60 }, (_, at) => [paxEntry({ 'SCHILY.xattr.user.a': value }), file(`f${at}`)]);
    expect(() => indexTar(rawTar(entries.flat()))).toThrow(/bytes of names and attributes/);
  });

  it.each([
    ['in a header', 100],
    ['in a body', 700],
    ['between an extended header and its entry', 3072],
    ['in an extended header', 2600],
  ])('that end %s are refused', (_, length) => {
    const tar = rawTar([file('a', 'b'.repeat(1000)), paxEntry({ path: 'c' }), file('d')]);
    expect(() => indexTar(tar.subarray(0, length))).toThrow(/ends too early/);
  });

  it('without the blocks at the end, or anything at all, are read as docker reads them', () => {
    expect(pathsOf(indexTar(rawTar([file('a', '')]))).size).toBe(1);
    expect(pathsOf(indexTar(new Uint8Array())).size).toBe(0);
    const trailing = concatBytes([rawTar([file('a')]), tarEnd, latin1('whatever')]);
    expect(pathsOf(indexTar(trailing)).size).toBe(1);
    expect(() => indexTar(concatBytes([new Uint8Array(512), rawTar([file('a')])]))).toThrow(/follows its end/);
  });

  it('give a tree within the root or a typed error, whatever is changed in them', async () => {
    const sound = concatBytes([
      await tarOf([
        entry.directory('a/', { pax: { 'SCHILY.xattr.user.x': 'value' } }),
        entry.file(`a/${'long'.repeat(40)}`, 'b'.repeat(600)),
        entry.symlink('s', 'a'),
        entry.link('l', `a/${'long'.repeat(40)}`),
      ]),
    ]);
    const edit = fc.record({
      at: fc.integer({ min: 0, max: sound.length - 1 }),
      byte: fc.integer({ min: 0, max: 255 }),
      /** Repairs the checksum of the header there, so that the change is believed. */
      believed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 3000 }), (edits, chunk) => {
        const tar = sound.slice();
        for (const { at, byte, believed } of edits) {
          tar[at] = byte;
          if (believed) repairChecksum(tar, at - (at % 512));
        }
        expectBounded(tar, chunk);
      }),
      { numRuns: 5000 },
    );
  });

  it('made of any records of pax do the same', () => {
    const key = fc.constantFrom(
      'path',
      'linkpath',
      'size',
      'mtime',
      'uid',
      'GNU.sparse.major',
      'GNU.sparse.minor',
      'GNU.sparse.realsize',
      'GNU.sparse.map',
      'GNU.sparse.name',
      'GNU.sparse.numblocks',
      'GNU.sparse.offset',
      'GNU.sparse.numbytes',
      'SCHILY.xattr.x',
      'SCHILY.xattr.trusted.overlay.opaque',
    );
    const value = fc.oneof(
      fc.constantFrom('0', '1', '512', '0,1,2,3', 'y', '../x', '/', '.wh.a', '-5.5'),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    const type = fc.constantFrom('0', '1', '2', '3', '5', 'S', '7', 'x', 'L');
    const one = fc.tuple(
      fc.array(fc.tuple(key, value), { maxLength: 5 }),
      type,
      fc.constantFrom('a', 'a/b', '.wh.a', 'b'),
    );
    fc.assert(
      fc.property(fc.array(one, { maxLength: 5 }), (all) => {
        const tar = rawTar(
          all.flatMap(([records, kind, name]) => {
            const body = concatBytes(records.map(([each, text]) => paxRecord(each, new TextEncoder().encode(text))));
            return [
              { name: 'x', type: 'x', body },
              { name, type: kind, body: kind === '0' ? '1\n0\n1\n'.padEnd(512, '\0') : '' },
            ];
          }),
        );
        expectBounded(tar, 512);
      }),
      { numRuns: 5000 },
    );
  });
});

function repairChecksum(tar: Uint8Array, at: number): void {
  tar.set(latin1('        '), at + 148);
  const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  tar.set(latin1(`${sum.toString(8).padStart(6, '0')}\0 `), at + 148);
}

/** Nothing but a typed error, or a tree whose names and places are all within the tar. */
function expectBounded(tar: Uint8Array, chunk: number): void {
  try {
    const index = indexTar(tar, { chunk });
    for (const [path, { kind, size, offset, parts, children }] of pathsOf(index)) {
      const names = path.split('/');
      if (names.some((name) => ['', '.', '..'].includes(name) || name.includes('\0'))) throw new Error(`Path ${path}`);
      if (children && kind !== 'directory') throw new Error(`${path} has children`);
      if (kind === 'file' && !parts && offset + size > tar.length) throw new Error(`${path} leaves the tar`);
      for (const part of parts ?? []) {
        if (part.start + part.size > size || part.offset + part.size > tar.length)
          throw new Error(`${path} has a part outside`);
      }
    }
  } catch (error) {
    if (!(error instanceof SandboxError && error.code === 'InvalidArgument')) throw error;
  }
}
