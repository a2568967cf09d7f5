import { describe, expect, it } from 'vitest';
import type { LockedPackage } from '../lib/lock';
import type { RootNode, RootTree } from '../lib/root-tree';
import { SourceList } from './sources';

const owner = { mode: 0o644, uid: 0, gid: 0 } as const;
const file = (text: string): RootNode => ({ kind: 'file', bytes: Buffer.from(text), ...owner });

const root: RootTree = new Map<string, RootNode>([
  [
    'usr/share/doc/redis-tools/copyright',
    file('Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nLicense: BSD-3-Clause\n'),
  ],
  ['usr/share/doc/redis-server', { kind: 'symlink', target: 'redis-tools', ...owner }],
  ['usr/share/doc/prose/copyright', file('License: this one is told in words')],
]);

function locked(name: string, source: string): LockedPackage {
  return { name, architecture: 'i386', version: '1-1+b1', source, sourceVersion: '1-1', size: 1, sha256: '' };
}

describe('SourceList', () => {
  it('has a line for each source package: its version, licences by name, and the layers it is in', () => {
    const list = new SourceList();
    list.add('redis', root, [locked('redis-server', 'redis'), locked('prose', 'prose')]);
    list.add('python', root, [locked('prose', 'prose')]);
    expect(list.serialize().trim().split('\n').slice(-2)).toEqual([
      '| `prose` | 1-1 | see its copyright file | redis, python |',
      '| `redis` | 1-1 | BSD-3-Clause | redis |',
    ]);
  });
});
