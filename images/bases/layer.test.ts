import { describe, expect, it } from 'vitest';
import type { RootNode, RootTree } from '../lib/root-tree';
import { layerBetween } from './layer';

const owner = { uid: 0, gid: 0 } as const;
const file = (text: string, mode = 0o644): RootNode => ({ kind: 'file', bytes: Buffer.from(text), mode, ...owner });
const directory = (mode = 0o755): RootNode => ({ kind: 'directory', mode, ...owner });

const parent: RootTree = new Map<string, RootNode>([
  ['etc', directory()],
  ['etc/passwd', file('root')],
  ['root', directory(0o700)],
  ['root/.profile', file('mesg n')],
  ['usr', directory()],
  ['usr/perl', file('perl')],
]);

/** A copy, so that nothing is the same by being the same object. */
function changed(changes: Readonly<Record<string, RootNode>>): RootTree {
  return new Map<string, RootNode>([
    ...[...parent].map(([path, node]) => [path, { ...node }] as const),
    ...Object.entries(changes),
  ]);
}

describe('layerBetween', () => {
  it('is empty between equal roots', () => {
    expect([...layerBetween(parent, changed({})).keys()]).toEqual([]);
  });

  it.each([
    ['content', file('root\nredis')],
    ['mode', file('root', 0o600)],
    ['owner', { ...file('root'), gid: 42 }],
    ['kind', { kind: 'symlink', target: 'root', mode: 0o644, ...owner } as const],
    ['attributes', { ...file('root'), xattrs: new Map([['user.x', Buffer.from([1])]]) }],
  ])('has a file whose %s differs, and the directory above it', (_what, node) => {
    const layer = layerBetween(parent, changed({ 'etc/passwd': node }));
    expect([...layer.keys()].sort()).toEqual(['etc', 'etc/passwd']);
    expect(layer.get('etc/passwd')).toBe(node);
  });

  it('gives directories above a change their own modes', () => {
    const layer = layerBetween(parent, changed({ 'root/new': file('x') }));
    expect(layer.get('root')).toMatchObject({ kind: 'directory', mode: 0o700 });
    expect([...layer.keys()].sort()).toEqual(['root', 'root/new']);
  });

  it('has all names of a file that got another one, though its content was there before', () => {
    const perl = file('perl');
    const layer = layerBetween(parent, changed({ 'usr/perl': perl, 'usr/perl5.36': perl }));
    expect([...layer.keys()].sort()).toEqual(['usr', 'usr/perl', 'usr/perl5.36']);
    expect(layer.get('usr/perl')).toBe(layer.get('usr/perl5.36'));
  });

  it('refuses to take anything away', () => {
    const root = new Map(changed({}));
    root.delete('usr/perl');
    expect(() => layerBetween(parent, root)).toThrow('The layer would have to remove usr/perl');
  });
});
