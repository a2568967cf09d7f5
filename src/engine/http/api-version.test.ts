import { expect, test } from 'vitest';
import { parseVersionedPath } from './api-version';

test.each([
  ['/_ping', 47, '/_ping'],
  ['/v1.41/_ping', 41, '/_ping'],
  ['/v1.47/containers/json', 47, '/containers/json'],
  // Not a version, but the beginning of a path that nobody has.
  ['/version', 47, '/version'],
  ['/v1/version', 47, '/v1/version'],
])('the version of %s is 1.%i', (given, minor, path) => {
  expect(parseVersionedPath(given)).toEqual({ minor, path });
});

test.each([
  ['/v1.40/version', 'client version 1.40 is too old. Minimum supported API version is 1.41'],
  ['/v0.99/version', 'client version 0.99 is too old'],
  ['/v1.48/version', 'client version 1.48 is too new. Maximum supported API version is 1.47'],
  ['/v2.0/version', 'client version 2.0 is too new'],
])('%s is refused', (given, words) => {
  expect(() => parseVersionedPath(given)).toThrow(words);
});
