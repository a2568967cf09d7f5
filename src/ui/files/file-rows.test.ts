import { describe, expect, it } from 'vitest';
import type { FolderEntry, FolderEntryKind } from '../../api/shared-folder';
import { fileRows, isWithin, joinPath, nameOfPath, parentPath } from './file-rows';

const entry = (name: string, kind: FolderEntryKind = 'file'): FolderEntry => {
  return { name, kind, size: 1, mode: 0o644, uid: 0, gid: 0, modified: { seconds: 0, nanoseconds: 0 } };
};

describe('rows of a folder', () => {
  it('are its directories and then its files, with what is in those that are open', () => {
    const rows = fileRows(
      new Map([
        ['/', [entry('a'), entry('d', 'directory'), entry('.trash', 'directory'), entry('e', 'directory')]],
        ['/d', [entry('x')]],
      ]),
      new Set(['/.trash']),
    );
    expect(
      rows.map(({ path, level, position, siblings, expanded }) => [path, level, position, siblings, expanded]),
    ).toEqual([
      ['/d', 1, 1, 3, true],
      ['/d/x', 2, 1, 1, false],
      ['/e', 1, 2, 3, false],
      ['/a', 1, 3, 3, false],
    ]);
  });

  it('have paths that come apart again', () => {
    for (const [directory, name] of [
      ['/', 'a'],
      ['/d', 'x'],
      ['/d/e', 'y'],
    ] as const) {
      const path = joinPath(directory, name);
      expect([parentPath(path), nameOfPath(path)]).toEqual([directory, name]);
    }
  });

  it('tell what is in a directory from what is beside it', () => {
    expect(['/d', '/d/x', '/dx', '/'].map((path) => isWithin(path, '/d'))).toEqual([true, true, false, false]);
  });
});
