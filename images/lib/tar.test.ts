import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RootNode, RootTree } from './root-tree';
import { parseTar, serializeTar } from './tar';

const owner = { uid: 0, gid: 0 } as const;

/** VFS capability of revision 2 with CAP_NET_RAW: not valid UTF-8. */
const capability = Buffer.from('0100000200200000000000000000000000000080', 'hex');

function createTree(): Map<string, RootNode> {
  const ping: RootNode = {
    kind: 'file',
    bytes: Buffer.from('ping'),
    mode: 0o4755,
    uid: 0,
    gid: 104,
    xattrs: new Map([['security.capability', capability]]),
  };
  return new Map<string, RootNode>([
    ['usr', { kind: 'directory', mode: 0o755, ...owner }],
    ['usr/bin', { kind: 'directory', mode: 0o755, ...owner }],
    ['usr/bin/ping', ping],
    ['usr/bin/ping4', ping],
    ['tmp', { kind: 'directory', mode: 0o1777, uid: 65_534, gid: 65_534 }],
    ['bin', { kind: 'symlink', target: 'usr/bin', mode: 0o777, ...owner }],
    [`usr/${'long/'.repeat(40)}name`, { kind: 'file', bytes: new Uint8Array(513), mode: 0o600, ...owner }],
    ['usr/Főtanúsítvány', { kind: 'symlink', target: `/${'x'.repeat(120)}`, mode: 0o777, ...owner }],
  ]);
}

/** What tar(1), which had no part in writing it, says of an archive. */
function listing(archive: Uint8Array): string {
  const args = ['--list', '--verbose', '--numeric-owner', '--utc', '--quoting-style=literal', '--file', '-'];
  return execFileSync('tar', args, { input: archive, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
}

describe('serializeTar', () => {
  it('writes modes, owners, links, long and foreign names, and attributes, as tar reads them', () => {
    const lines = listing(serializeTar(createTree())).split('\n');
    const find = (end: string): string => (lines.find((line) => line.endsWith(end)) ?? '').replaceAll(/ +/g, ' ');
    expect(find(' bin -> usr/bin')).toBe('lrwxrwxrwx 0/0 0 2026-01-01 00:00 bin -> usr/bin');
    expect(find(' tmp/')).toBe('drwxrwxrwt 65534/65534 0 2026-01-01 00:00 tmp/');
    expect(find(' usr/bin/ping')).toBe('-rwsr-xr-x 0/104 4 2026-01-01 00:00 usr/bin/ping');
    expect(find('ping4 link to usr/bin/ping')).toMatch(/^hrwsr-xr-x 0\/104 0 /);
    expect(find('long/name')).toMatch(/^-rw------- 0\/0 513 .* usr\/(long\/){40}name$/);
    expect(find(`Főtanúsítvány -> /${'x'.repeat(120)}`)).toMatch(/^lrwxrwxrwx/);
  });

  it('keeps an attribute that is not text', () => {
    const ping = parseTar(serializeTar(createTree())).get('usr/bin/ping');
    expect(Buffer.from(ping?.xattrs?.get('security.capability') ?? [])).toEqual(capability);
  });

  it('does not depend on the order in which the tree was filled', () => {
    const backwards: RootTree = new Map([...createTree()].reverse());
    expect(Buffer.compare(serializeTar(backwards), serializeTar(createTree()))).toBe(0);
  });

  it('says that names of one file are one file', () => {
    const tree = parseTar(serializeTar(createTree()));
    expect(tree.get('usr/bin/ping4')).toBe(tree.get('usr/bin/ping'));
  });

  it('is read back as it was, whatever the tree', () => {
    const name = fc.stringMatching(/^[a-z\u00e4.+ ~-]{1,60}$/).filter((text) => !/^\.{1,2}$/.test(text));
    const id = fc.integer({ min: 0, max: 0o7777777 });
    const node = fc.oneof(
      fc.record({
        kind: fc.constant('file' as const),
        bytes: fc.uint8Array({ maxLength: 1100 }),
        mode: fc.integer({ min: 0, max: 0o7777 }),
        uid: id,
        gid: id,
        xattrs: fc
          .dictionary(fc.stringMatching(/^user\.[a-z]{1,9}$/), fc.uint8Array({ minLength: 1, maxLength: 40 }), {
            minKeys: 1,
            maxKeys: 3,
          })
          .map((values) => new Map(Object.entries(values))),
      }),
      fc.record({ kind: fc.constant('symlink' as const), target: name, mode: fc.constant(0o777), uid: id, gid: id }),
    );
    fc.assert(
      fc.property(fc.dictionary(name, node, { maxKeys: 6 }), (entries) => {
        const tree: RootTree = new Map(Object.entries(entries));
        expect(plain(parseTar(serializeTar(tree)))).toEqual(plain(tree));
      }),
      { numRuns: 60 },
    );
  });
});

describe('parseTar', () => {
  it('refuses an archive that was cut, and a link to nothing', () => {
    const archive = serializeTar(createTree());
    expect(() => parseTar(archive.subarray(0, 700))).toThrow('Not a sound tar');
    const dangling = execFileSync('sh', ['-c', linkWithoutFile], { encoding: 'buffer' });
    expect(() => parseTar(dangling)).toThrow('b is a hard link to a, which does not come before it');
  });
});

/** An archive of a hard link alone: tar writes both names, and the first entry, of two blocks, is cut away. */
const linkWithoutFile = `
  d=$(mktemp -d) && cd "$d" && echo x > a && ln a b && tar --create a b | tail --bytes=+1025; rm -r "$d"`;

function plain(tree: RootTree): unknown {
  return [...tree]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, node]) => [
      path,
      { ...node, ...(node.kind === 'file' && { bytes: Buffer.from(node.bytes).toString('hex') }) },
      [...(node.xattrs ?? [])].map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`).sort(),
    ])
    .map(([path, node, xattrs]) => [path, { ...(node as object), xattrs }]);
}
