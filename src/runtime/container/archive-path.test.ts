import { describe, expect, it } from 'vitest';
import { archiveName, archivePath, placeOf } from './archive-path';

/** As Go's filepath.Join, PreserveTrailingDotOrSeparator and filepath.Base have them. */
const paths = [
  ['/', '/', '/', '/'],
  ['', '/.', '.', '/'],
  ['.', '/.', '.', '/'],
  ['/.', '/.', '.', '/'],
  ['/a', '/a', 'a', '/a'],
  ['a/b', '/a/b', 'b', '/a/b'],
  ['/a/', '/a/', 'a', '/a'],
  ['/a/.', '/a/.', '.', '/a'],
  ['/a//./', '/a/.', '.', '/a'],
  ['/a/..', '/', '/', '/'],
  ['/a/../../b/.', '/b/.', '.', '/b'],
  ['/a/...', '/a/...', '...', '/a/...'],
  ['/a.', '/a.', 'a.', '/a.'],
] as const;

describe('a path of an archive', () => {
  it.each(paths)('%j is %s, called %s, at %s', (given, path, name, place) => {
    expect([archivePath(given), archiveName(given), placeOf(given)]).toEqual([path, name, place]);
  });
});
