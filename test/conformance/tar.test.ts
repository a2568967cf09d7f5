import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { filePieces } from '../../src/formats/layer/file-pieces';
import { indexTar, pathsOf } from '../../src/formats/layer/layer-tar-fixture';

const folder = mkdtempSync(join(tmpdir(), 'strata-tar-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const long = `${'directory/'.repeat(12)}${'n'.repeat(200)}`;
const notUtf8 = Buffer.concat([Buffer.from(`${folder}/tree/caf`), Buffer.of(0xe9)]);
const megabyte = 1024 * 1024;

function makeTree(): void {
  const at = (path: string): string => join(folder, 'tree', path);
  const write = (path: string, body: string): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), body);
  };
  write('plain', 'plain text');
  write(long, 'far away');
  write('empty', '');
  writeFileSync(notUtf8, 'no UTF-8');
  linkSync(at('plain'), at('zz-linked'));
  symlinkSync('plain', at('link'));
  symlinkSync(`/${'t'.repeat(300)}`, at('long-link'));
  writeFileSync(at('sparse'), 'begin');
  truncateSync(at('sparse'), 5 * megabyte);
  execFileSync('sh', [
    '-c',
    `printf middle | dd of='${at('sparse')}' bs=1 seek=${2 * megabyte} conv=notrunc status=none`,
  ]);
  // More parts than the header of GNU's old format has room for.
  for (let part = 0; part < 30; part += 1) {
    execFileSync('sh', [
      '-c',
      `printf part${part} | dd of='${at('holes')}' bs=1 seek=${part * 65_536} conv=notrunc status=none`,
    ]);
  }
  execFileSync('sh', ['-c', `mkfifo '${at('fifo')}'`]);
  utimesSync(at('plain'), 1_600_000_000.25, 1_600_000_000.25);
}

makeTree();

/** A tar of the tree, by the program that most layers were made with in the beginning. */
function makeTar(options: readonly string[]): Buffer {
  const path = join(folder, 'made.tar');
  execFileSync('tar', ['-cf', path, ...options, '-C', join(folder, 'tree'), '.']);
  return readFileSync(path);
}

describe('GNU tar', () => {
  it.each([
    ['--format=gnu', []],
    ['--format=pax', []],
    ['--format=oldgnu', []],
    ['--format=gnu', ['--sparse']],
    ['--format=pax', ['--sparse', '--sparse-version=0.0']],
    ['--format=pax', ['--sparse', '--sparse-version=0.1']],
    ['--format=pax', ['--sparse', '--sparse-version=1.0']],
    ['--format=posix', ['--owner=big:4000000000', '--group=big:3000000', '--mode=6755']],
    ['--format=gnu', ['--owner=big:4000000000', '--group=big:3000000', '--mtime=1960-01-01 00:00:00Z']],
  ])('writes %s %j, and what is in it is read as it is on the disk', (format, options) => {
    const tar = makeTar([format, ...options]);
    const paths = pathsOf(indexTar(tar, { chunk: 1000 }));
    const text = (path: string): string => readFrom(tar, paths.get(path));
    expect(text('plain')).toBe('plain text');
    expect(text(long)).toBe('far away');
    expect(text('caf\udce9')).toBe('no UTF-8');
    expect(paths.get('empty')).toMatchObject({ kind: 'file', size: 0 });
    expect(paths.get('zz-linked')).toBe(paths.get('plain'));
    expect(paths.get('plain')?.links).toBe(2);
    expect(paths.get('link')).toMatchObject({ kind: 'symlink', target: 'plain' });
    expect(paths.get('long-link')).toMatchObject({ kind: 'symlink', target: `/${'t'.repeat(300)}` });
    expect(paths.get('fifo')).toMatchObject({ kind: 'fifo' });
    for (const sparse of ['sparse', 'holes']) {
      expect(text(sparse) === readFileSync(join(folder, 'tree', sparse), 'latin1')).toBe(true);
      if (options.includes('--sparse')) expect(paths.get(sparse)?.parts?.length).toBeGreaterThan(1);
    }
    const isPax = format === '--format=pax' || format === '--format=posix';
    if (!options.some((option) => option.startsWith('--mtime'))) {
      expect(paths.get('plain')?.mtime).toBe(isPax ? 1_600_000_000.25 : 1_600_000_000);
    } else expect(paths.get('plain')?.mtime).toBe(-315_619_200);
    if (options.some((option) => option.startsWith('--owner'))) {
      expect(paths.get('plain')).toMatchObject({ uid: 4_000_000_000, gid: 3_000_000 });
    }
    if (options.includes('--mode=6755')) expect(paths.get('plain')?.mode).toBe(0o6755);
  });

  it('writes what ustar and V7 have room for', () => {
    for (const format of ['ustar', 'v7']) {
      const tar = makeTar([`--format=${format}`, '--exclude=directory', '--exclude=long-link', '--exclude=fifo']);
      const paths = pathsOf(indexTar(tar, { chunk: 513 }));
      expect(readFrom(tar, paths.get('plain'))).toBe('plain text');
      expect(paths.get('link')).toMatchObject({ kind: 'symlink', target: 'plain' });
      expect([...paths.values()].filter(({ kind }) => kind === 'directory')).toEqual([]);
    }
  });

  it('writes extended attributes, whose values are bytes', () => {
    const path = join(folder, 'attributes.tar');
    // Written by Python, because not every file system has attributes.
    const script = [
      'import io, sys, tarfile',
      "t = tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT)",
      "i = tarfile.TarInfo('ping'); i.mode = 0o755; i.size = 1",
      "i.pax_headers = {'SCHILY.xattr.security.capability': '\\x01\\x00\\x00\\x02\\x00 \\x00', 'SCHILY.xattr.user.é': 'ä'}",
      "t.addfile(i, io.BytesIO(b'x'))",
      "d = tarfile.TarInfo('null'); d.type = tarfile.CHRTYPE; d.devmajor = 1; d.devminor = 3; t.addfile(d)",
      "b = tarfile.TarInfo('sda'); b.type = tarfile.BLKTYPE; b.devmajor = 8; b.devminor = 300; t.addfile(b)",
      't.close()',
    ];
    execFileSync('python3', ['-c', script.join('\n'), path]);
    const paths = pathsOf(indexTar(readFileSync(path)));
    expect(paths.get('ping')?.xattrs).toEqual(
      new Map([
        ['security.capability', Uint8Array.of(1, 0, 0, 2, 0, 0x20, 0)],
        ['user.é', new TextEncoder().encode('ä')],
      ]),
    );
    expect(paths.get('null')).toMatchObject({ kind: 'character', device: { major: 1, minor: 3 } });
    expect(paths.get('sda')).toMatchObject({ kind: 'block', device: { major: 8, minor: 300 } });
  });
});

function readFrom(tar: Buffer, node: Parameters<typeof filePieces>[0] | undefined): string {
  if (!node) throw new Error('There is no such file');
  return filePieces(node, { start: 0, end: node.size })
    .map(({ size, offset }) =>
      offset === undefined ? '\0'.repeat(size) : tar.toString('latin1', offset, offset + size),
    )
    .join('');
}
