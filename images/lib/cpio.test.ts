import { describe, expect, it } from 'vitest';
import { serializeCpio, sourceDateEpoch } from './cpio';
import { FileTree } from './file-tree';

interface ReadEntry {
  readonly name: string;
  readonly mode: number;
  readonly links: number;
  readonly time: number;
  readonly device: readonly [number, number];
  readonly body: string;
}

/** Reads an archive by the kernel's description of the form, independent of the writer. */
function readCpio(archive: Uint8Array): readonly ReadEntry[] {
  const entries: ReadEntry[] = [];
  const text = Buffer.from(archive).toString('latin1');
  const align = (offset: number): number => Math.ceil(offset / 4) * 4;
  for (let at = 0; at < text.length; ) {
    expect(text.slice(at, at + 6)).toBe('070701');
    const field = (index: number): number => Number.parseInt(text.slice(at + 6 + index * 8, at + 14 + index * 8), 16);
    const [size, nameSize] = [field(6), field(11)];
    const bodyAt = align(at + 110 + nameSize);
    entries.push({
      name: text.slice(at + 110, at + 110 + nameSize - 1),
      mode: field(1),
      links: field(4),
      time: field(5),
      device: [field(9), field(10)],
      body: text.slice(bodyAt, bodyAt + size),
    });
    at = align(bodyAt + size);
  }
  return entries;
}

function createTree(): FileTree {
  const tree = new FileTree();
  tree.addFile('etc/name', new TextEncoder().encode('strata'), 0o640);
  tree.addSymlink('bin/sh', 'busybox');
  tree.add('dev/console', { kind: 'character-device', mode: 0o600, major: 5, minor: 1 });
  return tree;
}

describe('serializeCpio', () => {
  it('writes what the kernel reads: parents first, a trailer last', () => {
    const entries = readCpio(serializeCpio(createTree()));
    const names = ['bin', 'bin/sh', 'dev', 'dev/console', 'etc', 'etc/name', 'TRAILER!!!'];
    expect(entries.map((entry) => entry.name)).toEqual(names);
    expect(entries[1]).toMatchObject({ mode: 0o120777, body: 'busybox', links: 1 });
    expect(entries[3]).toMatchObject({ mode: 0o020600, device: [5, 1], body: '' });
    expect(entries[4]).toMatchObject({ mode: 0o040755, links: 2, time: sourceDateEpoch });
    expect(entries[5]).toMatchObject({ mode: 0o100640, body: 'strata' });
  });

  it('does not depend on the order in which the tree was filled', () => {
    const other = new FileTree();
    other.addDirectory('dev');
    other.add('dev/console', { kind: 'character-device', mode: 0o600, major: 5, minor: 1 });
    other.addSymlink('bin/sh', 'busybox');
    other.addFile('etc/name', new TextEncoder().encode('strata'), 0o640);
    expect(serializeCpio(other)).toEqual(serializeCpio(createTree()));
  });
});

describe('FileTree', () => {
  it('refuses a path twice, and a path below something that is not a directory', () => {
    const tree = createTree();
    expect(() => tree.addSymlink('bin/sh', 'dash')).toThrow('The tree already has bin/sh');
    expect(() => tree.addDirectory('etc/name/x')).toThrow('etc/name is not a directory');
  });
});
