import { expect, test } from 'vitest';
import { goFileMode } from './go-file-mode';

// Figures of Go's os.FileMode: ModeDir is 1<<31, ModeSymlink 1<<27, ModeDevice 1<<26, ModeCharDevice 1<<21.
test.each([
  ['a file', 0o100644, 0o644],
  ['a directory', 0o040755, 2147484141],
  ['a directory for all', 0o041777, 2148532735],
  ['a link', 0o120777, 134218239],
  ['a program as root', 0o104755, 8389101],
  ['a terminal', 0o020620, 69206416],
  ['a disk', 0o060660, 67109296],
])('%s', (_, mode, expected) => {
  expect(goFileMode(mode)).toBe(expected);
});
