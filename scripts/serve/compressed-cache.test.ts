import { expect, it } from 'vitest';
import { chooseEncoding } from './compressed-cache.mjs';

it.each([
  [undefined, undefined],
  ['identity', undefined],
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip;q=0.5, br;q=0', 'gzip'],
  ['gzip;q=0.0', undefined],
  ['br;q=0.1', 'br'],
])('for Accept-Encoding: %s it takes %s', (header, encoding) => {
  expect(chooseEncoding(header)).toBe(encoding);
});
